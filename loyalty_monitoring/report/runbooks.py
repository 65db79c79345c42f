"""Runbooks as one stack needs them at night: its project, thresholds and resource type, ready to paste."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from loyalty_monitoring.common.atomic_files import made_folder, write_together
from loyalty_monitoring.common.errors import Position, UserError
from loyalty_monitoring.definitions.parameters import Parameter
from loyalty_monitoring.definitions.settings import Settings

_MARK = "<!-- Rendered by loyalty-monitoring runbooks; a change here is lost. -->"
_BLOCK = re.compile(r"^(?P<indent> *)```(?P<language>\w+)\n(?P<text>.*?)^ *```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[([^\]]+)\]\(\.\./[^)]*\)")
_GCLOUD = re.compile(r"\bgcloud(?: [a-z][a-z-]*)+(?= |$)", re.MULTILINE)
_CELERY = 'labels.python_logger="celery.app.trace"'


def runbook(text: str, settings: Settings, parameters: Mapping[str, Parameter]) -> str:
    """Return a page of runbooks/ for a stack.

    In sentences a parameter's name becomes its value with the unit; commands get the project, the stack and its
    environment, Logging queries the resource type. Celery's commands are run where the worker is. Links to files that
    only the repository has become plain text.
    """
    where = (
        f"Stack {settings.stack}: project {settings.project}, {settings.resource_type}, environment "
        f"{settings.environment}. The commands' syntax was checked by a stand-in for `gcloud`; nobody has run them "
        "against Google Cloud."
    )
    parts, end = [], 0
    for block in _BLOCK.finditer(text):
        parts += [_prose(text[end : block.start()], parameters), _block(block, settings)]
        end = block.end()
    page = "".join([*parts, _prose(text[end:], parameters)])
    title, _, rest = page.partition("\n")
    return f"{title}\n\n{where}\n{rest}"


def runbooks(pages: Mapping[str, str], settings: Settings, parameters: Mapping[str, Parameter]) -> dict[str, str]:
    """Return the rendered pages, by the same names."""
    return {name: runbook(text, settings, parameters) for name, text in pages.items()}


def write_runbooks(pages: Mapping[str, str], out: Path) -> list[Path]:
    """Write NAME.md files below `out`. Errors: UserError for a file there that is somebody's own."""
    files = {out / f"{name}.md": text for name, text in pages.items()}
    for file in files:
        if file.exists() and _MARK not in file.read_text(errors="replace"):
            raise UserError("was not written by this command; move it, or choose another --out", Position(file))
    with made_folder(out):
        write_together({file: f"{_MARK}\n\n{text}" for file, text in files.items()})
    return sorted(files)


def _prose(text: str, parameters: Mapping[str, Parameter]) -> str:
    lines: list[str] = []
    for line in _LINK.sub(r"\1", text).split("\n"):
        listed = "a stack may override them" in line
        line = line.replace("parameters.yaml, and a stack may override them", "parameters.yaml; here they are")
        for name in set(re.findall(r"`(\w+)`", line)) & parameters.keys():
            value = parameters[name].text
            line = line.replace(f"`{name}`", f"`{name}` = {value}" if listed else f"**{value}**")
        lines.append(line)
    return "\n".join(lines)


def _block(block: re.Match[str], settings: Settings) -> str:
    indent, language = block["indent"], block["language"]
    text = re.sub(rf"^{indent}", "", block["text"], flags=re.MULTILINE)
    if language == "logging":
        text = f'resource.type="{settings.resource_type}"\n{text}'
    elif language == "sh":
        text = _commands(text, settings)
    fenced = f"```{language}\n{text}```"
    return "\n".join(indent + line if line else line for line in fenced.split("\n"))


def _commands(text: str, settings: Settings) -> str:
    lines: list[str] = []
    asking_celery = False
    for line in text.splitlines():
        if line.startswith("celery "):
            if not asking_celery:
                lines += _FIND_WORKER[settings.resource_type]
            asking_celery = True
            lines.append(_IN_WORKER[settings.resource_type](line))
        else:
            lines.append(line)
    found = "\n".join(lines) + "\n"
    found = _GCLOUD.sub(lambda command: f"{command[0]} --project={settings.project}", found)
    return found.replace("--stack STACK", f"--stack {settings.stack}").replace("ENVIRONMENT", settings.environment)


def _newest(*labels: str) -> str:
    values = ",".join(f"resource.labels.{label}" for label in labels)
    return f"gcloud logging read '{_CELERY}' --freshness=1d --limit=1 --format='value({values})'"


def _in_job(line: str) -> str:
    command, *arguments = line.split()
    return (
        f"gcloud run jobs deploy celery-inspect --region=REGION --image=IMAGE_OF_THE_WORKER --command={command} "
        f"--args={','.join(arguments)} --execute-now --wait"
    )


# The worker that wrote the newest line of Celery's, and how a command runs there, by the type of resource.
_FIND_WORKER: Mapping[str, tuple[str, ...]] = {
    "k8s_container": (
        f"read -r NAMESPACE POD CONTAINER < <({_newest('namespace_name', 'pod_name', 'container_name')})",
    ),
    "gce_instance": (
        f"read -r INSTANCE ZONE < <({_newest('instance_id', 'zone')})",
        "NAME=$(gcloud compute instances list --filter=\"id=$INSTANCE\" --format='value(name)')",
    ),
    "cloud_run_revision": (
        "# Cloud Run has no shell; workers answer over the broker, so a job of the worker's image can ask them.",
        "# Give it the worker's own environment (--set-secrets, --vpc-connector) where the broker needs that.",
    ),
}
_IN_WORKER: Mapping[str, Callable[[str], str]] = {
    "k8s_container": lambda line: f'kubectl exec --namespace="$NAMESPACE" "$POD" --container="$CONTAINER" -- {line}',
    "gce_instance": lambda line: f'gcloud compute ssh "$NAME" --zone="$ZONE" --command=\'{line}\'',
    "cloud_run_revision": _in_job,
}
