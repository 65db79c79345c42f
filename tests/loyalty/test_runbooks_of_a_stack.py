"""The runbooks as a stack gets them: its own values, and commands that can be pasted as they are."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from loyalty_monitoring.common.errors import UserError
from loyalty_monitoring.definitions.load import load_definitions
from loyalty_monitoring.definitions.parameters import load_parameters
from loyalty_monitoring.definitions.settings import RESOURCE_TYPES, load_stack_settings, stack_names
from loyalty_monitoring.query_languages.logging_filter import parse_filter
from loyalty_monitoring.report.runbooks import runbook, write_runbooks
from tests.conftest import PROJECT, ROOT

PAGES = {page.stem: page.read_text() for page in sorted((ROOT / "runbooks").glob("*.md"))}
STAND_IN = Path(__file__).with_name("gcloud.py")


def rendered(stack: str) -> dict[str, str]:
    settings = load_stack_settings(ROOT, stack)
    parameters = load_parameters(ROOT / "parameters.yaml", settings.parameter_overrides)
    return {name: runbook(text, settings, parameters) for name, text in PAGES.items()}


def blocks(text: str, language: str) -> list[str]:
    found = re.findall(rf"^ *```{language}\n(.*?)^ *```$", text, re.MULTILINE | re.DOTALL)
    return [re.sub(r"^ +", "", block, flags=re.MULTILINE) for block in found]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A PATH with the stand-ins before everything else."""
    folder = tmp_path_factory.mktemp("bin")
    programs = {
        "gcloud": f'exec {sys.executable} {STAND_IN} "$@"',
        "kubectl": 'test "$1 $4" = "exec --container=three"',
    }
    for name, line in programs.items():
        (folder / name).write_text(f"#!/bin/sh\n{line}\n")
        (folder / name).chmod(0o755)
    return f"{folder}:{Path(sys.executable).parent}:/usr/bin:/bin"


# One stack of each resource type: commands differ by it; other values differ from stack to stack as well.
_OF_EACH_TYPE = {load_stack_settings(ROOT, stack).resource_type: stack for stack in stack_names(ROOT)}


@pytest.mark.parametrize("stack", sorted(_OF_EACH_TYPE.values()))
def test_every_command_of_every_page_runs_as_it_is_pasted(stack: str, path: str, tmp_path: Path) -> None:
    for name, text in rendered(stack).items():
        script = "set -e -o pipefail\n" + "".join(blocks(text, "sh"))
        # The time of a command is its own matter; the log that the stand-in answers with is empty.
        done = subprocess.run(
            ["bash", "-c", script],
            env={"PATH": path, "LOYALTY_MONITORING_CACHE": str(tmp_path)},
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        assert done.returncode == 0, (name, done.stderr[-2000:], done.stdout[-500:])


def test_the_stand_in_refuses_what_gcloud_does_not_know(path: str) -> None:
    for wrong in ("logging raed x --project=p", "logging read x --project=p --fresh=1d", "logging read x"):
        done = subprocess.run(["gcloud", *wrong.split()], env={"PATH": path}, capture_output=True, check=False)
        assert done.returncode == 2


@pytest.mark.parametrize("kind", RESOURCE_TYPES)
def test_celerys_commands_say_where_they_run(kind: str, path: str, tmp_path: Path) -> None:
    text = (ROOT / "Pulumi.demo.yaml").read_text().replace("k8s_container", kind)
    (tmp_path / "Pulumi.demo.yaml").write_text(text)
    for file in ("Pulumi.yaml", "monitoring.yaml"):
        (tmp_path / file).write_text((ROOT / file).read_text())
    page = runbook("# T\n\n```sh\ncelery -A app inspect ping\n```\n", load_stack_settings(tmp_path, "demo"), {})
    (script,) = blocks(page, "sh")
    done = subprocess.run(["bash", "-ec", script], env={"PATH": path}, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert {"k8s_container": "kubectl exec", "gce_instance": "gcloud compute ssh"}.get(
        kind, "gcloud run jobs"
    ) in script


@pytest.mark.parametrize("stack", stack_names(ROOT))
def test_nothing_is_left_to_fill_in_that_the_stack_knows(stack: str) -> None:
    settings = load_stack_settings(ROOT, stack)
    names = load_parameters(ROOT / "parameters.yaml", settings.parameter_overrides)
    for name, text in rendered(stack).items():
        assert "STACK" not in text
        assert "ENVIRONMENT" not in text
        assert settings.project in text
        prose = re.sub(r"```.*?```|^Its thresholds.*$", "", text, flags=re.DOTALL | re.MULTILINE)
        assert not [one for one in names if f"`{one}`" in prose], name
        for query in blocks(text, "logging"):
            parse_filter(query)
            assert query.startswith(f'resource.type="{settings.resource_type}"\n')


def test_a_threshold_of_the_stack_stands_in_the_sentence_with_its_unit() -> None:
    settings = load_stack_settings(PROJECT, "demo")
    parameters = load_parameters(PROJECT / "parameters.yaml", {"email_window": 12})
    page = runbook("# T\n\nNothing for `email_window`, see [it](../parameters.yaml).\n", settings, parameters)
    assert page.endswith("\nNothing for **12 hours**, see it.\n")


def test_pages_are_written_where_the_alerts_link_to_and_nobodys_file_is_lost(tmp_path: Path) -> None:
    settings = load_stack_settings(ROOT, "demo")
    write_runbooks(rendered("demo"), tmp_path)
    write_runbooks(rendered("demo"), tmp_path)
    for policy in load_definitions(ROOT, settings).alert_policies:
        (link,) = (one["url"] for one in policy.body["documentation"]["links"] if "Runbook" in one["displayName"])
        assert (tmp_path / link.removeprefix(f"{settings.runbook_url}/")).is_file()
    (tmp_path / "mine.md").write_text("mine")
    with pytest.raises(UserError, match="was not written by this command"):
        write_runbooks({"mine": "x"}, tmp_path)
    assert (tmp_path / "mine.md").read_text() == "mine"
