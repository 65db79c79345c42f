"""Find the definitions that a change touches: files that differ by git, and the alerts and metrics that
depend on them.
"""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from loyalty_monitoring.common.errors import UserError
from loyalty_monitoring.common.yaml_documents import load_foreign_documents, load_yaml
from loyalty_monitoring.definitions.model import Definitions
from loyalty_monitoring.definitions.settings import stack_of

# A change of one of these can alter any case.
_ALL = ("monitoring.yaml", "tests/cases/shorthands.yaml")
_DEFINED_IN = ("alert_policies/", "dashboards/", "log_metrics/")
_CONTRACT = "log_events.yaml"
# What of the log contract no filter is made from.
_ONLY_TOLD = ("examples",)


@dataclass(frozen=True)
class Changed:
    """Alerts and metrics, by name, that a change can alter, or whose cases it changes. `parameters` are old and new
    default of each that changed, `stacks` those whose own values or channels did.

    `lines` says that lines of metrics changed, each of which must not be counted by any metric that it does not name.
    `removed` are files of definitions that are gone.
    """

    alerts: tuple[str, ...]
    metrics: tuple[str, ...]
    parameters: dict[str, tuple[Any, Any]]
    stacks: tuple[str, ...] = ()
    lines: bool = False
    removed: tuple[str, ...] = ()


def changed_since(root: Path, since: str, definitions: Definitions) -> Changed:
    """Compare the files below `root`, uncommitted ones included, with the revision `since`.

    Errors: UserError where there is no git repository, or no such revision.
    """
    listed = _git(root, since, "diff", "--name-only", "--relative", since, "--", ".")
    untracked = _git(root, since, "ls-files", "--others", "--exclude-standard", "--", ".")
    files = {line for text in (listed, untracked) for line in text.splitlines()}
    defaults = _changed_defaults(root, since) if "parameters.yaml" in files else {}
    events = _changed_events(root, since) if _CONTRACT in files else frozenset()
    return changed_by(root, files, definitions, defaults, events)


def everything(definitions: Definitions) -> Changed:
    """Return all alerts and all metrics."""
    alerts = tuple(policy.name for policy in definitions.alert_policies)
    return Changed(alerts, tuple(metric.name for metric in definitions.log_metrics), {})


def changed_by(
    root: Path,
    files: set[str],
    definitions: Definitions,
    defaults: dict[str, tuple[Any, Any]],
    events: frozenset[str] | None = frozenset(),
) -> Changed:
    """Return the alerts and metrics whose cases can come out otherwise when these files, defaults and events of the log
    contract change; None for the events is all of it.
    """
    stacks = tuple(sorted(stack for file in files if (stack := stack_of(file)) is not None))
    removed = tuple(sorted(file for file in files if file.startswith(_DEFINED_IN) and not (root / file).exists()))
    if files & set(_ALL) or events is None:
        return replace(everything(definitions), parameters=defaults, stacks=stacks, removed=removed)
    defined = {
        metric.name
        for metric in definitions.log_metrics
        if _touched(root, metric.source, files)
        or metric.parameters & defaults.keys()
        or (events and events & set(re.findall(r"\w+", metric.source.read_text(encoding="utf-8"))))
    }
    alerts = {
        policy.name
        for policy in definitions.alert_policies
        if _touched(root, policy.source, files)
        or f"tests/cases/{policy.name}.yaml" in files
        or f"runbooks/{policy.name}.md" in files
        or policy.parameters & defaults.keys()
        or any(metric.name in defined and metric.promql_name in policy.query for metric in definitions.log_metrics)
    }
    lines = {file for file in files if file.startswith("tests/cases/metrics/")}
    words = {word for file in lines if (root / file).exists() for word in re.findall(r"\w+", (root / file).read_text())}
    metrics = defined | {metric.name for metric in definitions.log_metrics if metric.name in words}
    return Changed(tuple(sorted(alerts)), tuple(sorted(metrics)), defaults, stacks, bool(lines), removed)


def _touched(root: Path, source: Path, files: set[str]) -> bool:
    return PurePosixPath(source.relative_to(root)).as_posix() in files


def _changed_defaults(root: Path, since: str) -> dict[str, tuple[Any, Any]]:
    """Return the parameters with another default, by name; a sum of parameters changes with its parts."""
    before, after = _both(root, since, "parameters.yaml")
    if not isinstance(before, dict) or not isinstance(after, dict):
        return {}
    plain = {
        name: (_default(before.get(name)), _default(after.get(name)))
        for name in before.keys() | after.keys()
        if _default(before.get(name)) != _default(after.get(name))
    }
    sums = {
        name: (None, None)
        for name, entry in after.items()
        if isinstance(entry, dict) and set(entry.get("sum", ())) & plain.keys()
    }
    return plain | sums


def _changed_events(root: Path, since: str) -> frozenset[str] | None:
    """Return the events of the log contract that differ, by name; None where more than its events does."""
    before, after = _both(root, since, _CONTRACT)
    if not isinstance(before, dict) or not isinstance(after, dict):
        return None
    rest = [{key: value for key, value in one.items() if key not in ("events", *_ONLY_TOLD)} for one in (before, after)]
    if rest[0] != rest[1]:
        return None
    old, new = before.get("events") or {}, after.get("events") or {}
    return frozenset(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))


def _both(root: Path, since: str, name: str) -> tuple[Any, Any]:
    """Return what a YAML file held, None where it was not there, and what it holds."""
    after = load_yaml(root / name).data
    if not _git(root, since, "ls-tree", "--name-only", since, "--", name).strip():
        return None, after
    text = _git(root, since, "show", f"{since}:./{name}")
    return load_foreign_documents(Path(f"{since}:{name}"), text)[0].data, after


def _default(entry: Any) -> Any:
    return entry.get("default") if isinstance(entry, dict) else None


def _git(root: Path, since: str, *arguments: str) -> str:
    if since.startswith("-"):
        raise UserError(f"{since!r} is no revision; name one, such as HEAD or main")
    try:
        done = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise UserError("git is not installed; install it, or check everything with --all") from error
    if done.returncode:
        raise UserError(
            f"git does not say what changed since {since!r} ({done.stderr.strip()}); name another revision with "
            "--since, or check everything with --all"
        )
    return done.stdout
