"""A command that is forked from a process with its imports does what one does that is started."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.conftest import PROGRAM, ROOT, run
from tests.warm_commands import WarmCommands

LINE = (
    '{"timestamp": "2026-11-02T10:00:00Z", "resource": {"type": "global"}, "severity": "ERROR", "textPayload": "ö"}\n'
)
COMMANDS: dict[str, tuple[list[str], str, int]] = {
    "version": (["--version"], "", 0),
    "lines": (["match", "severity=ERROR", "-"], LINE * 2000, 0),
    "unread": (["match", "severity=ERROR"], LINE * 2000, 2),
    "finding": (["lint", "bad.yaml"], "", 1),
    "mistake": (["replay", "--policy", "nothing", "-"], LINE, 2),
}


def _started(arguments: list[str], folder: Path, stdin: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([PROGRAM, *arguments], input=stdin, capture_output=True, text=True, cwd=folder, check=False)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_that_is_forked_says_and_ends_as_one_that_is_started(tmp_path: Path, name: str) -> None:
    arguments, stdin, status = COMMANDS[name]
    folder = tmp_path if name == "finding" else ROOT
    (tmp_path / "bad.yaml").write_text("displayName: 1\nconditions: []\ncombiner: OR\n")
    forked, started = run(*arguments, folder=folder, stdin=stdin), _started(arguments, folder, stdin)
    assert (forked.returncode, forked.stdout, forked.stderr) == (started.returncode, started.stdout, started.stderr)
    assert forked.returncode == status
    assert forked.stdout + forked.stderr


def test_where_the_projects_do_not_load_commands_are_forked_as_ever(tmp_path: Path) -> None:
    broken = tmp_path / "tests" / "project"
    broken.mkdir(parents=True)
    (broken / "Pulumi.demo.yaml").write_text("config: [")
    warm = WarmCommands(PROGRAM, tmp_path)
    try:
        done = warm.run(["--version"], ROOT, "", os.environ)
    finally:
        warm.close()
    assert (done.returncode, done.stderr) == (0, "")


def test_a_command_that_is_forked_has_the_environment_of_the_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "LOYALTY_MONITORING_MEMORY" not in run("match", "a", "-", stdin=LINE).stderr
    monkeypatch.setenv("LOYALTY_MONITORING_MEMORY", "nothing")
    assert "LOYALTY_MONITORING_MEMORY is 'nothing'" in run("match", "a", "-", stdin=LINE).stderr
