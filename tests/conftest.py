"""Share the checkout's paths, a copy of the project, and the command as a stranger runs it, with every test."""

from __future__ import annotations

import atexit
import contextlib
import gc
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.warm_commands import WarmCommands

if TYPE_CHECKING:
    from loyalty_monitoring.definitions.model import Definitions

ROOT = Path(__file__).resolve().parents[1]
# A project of another module, small and whole. Tests of the engine that need any project take this one.
EXAMPLE = ROOT / "examples" / "second_project"
PROGRAM = str(Path(sys.executable).with_name("loyalty-monitoring"))
# The files that take longest, in order: what begins with them leaves no worker alone with one of them at the end.
_LONGEST = (
    "loyalty/simulation/test_months.py",
    "loyalty/reference/test_judge_and_replay_agree.py",
    "commands/test_endings.py",
    "checks/drill/test_command.py",
    "checks/drill/test_drill.py",
    "report/browser/test_accessibility.py",
    "report/browser/test_report_pages.py",
    "google_cloud/test_pulumi_program.py",
    "proof/alerts/test_cases.py",
    "tools/test_packages.py",
    "checks/contract/test_problems.py",
    "checks/fired/test_month.py",
    "loyalty/test_runbooks_of_a_stack.py",
    "torture/test_small.py",
    "report/test_serve.py",
)
# How variables begin that are read before a command's own first line.
_READ_AT_START = ("PYTHON", "LD_", "LC_", "LANG", "TZ", "GRPC_")
# Workers share the cores: a Prometheus that spreads its work over all of them takes an eighth more of their time.
os.environ.setdefault("GOMAXPROCS", "1")
# A small project of the tests' own, with four of our alerts as they were. Tests of the engine take it, not our
# definitions, which anybody may change at any time.
PROJECT = ROOT / "tests" / "project"


# What is collected stays until the end: to look for garbage there, again and again, took a tenth of the time.
gc.disable()
atexit.register(gc.unfreeze)  # some libraries tell what is left at the end


def pytest_collection_finish() -> None:
    """Leave what is there now out of the search for garbage."""
    gc.freeze()
    gc.enable()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the longest files come first; the others, and the tests of each file, stay in their order."""
    places = {ROOT / "tests" / name: place for place, name in enumerate(_LONGEST)}
    items.sort(key=lambda item: places.get(item.path, len(places)))


def run(
    *arguments: str | Path, folder: Path = PROJECT, stdin: str = "", environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run `loyalty-monitoring` in a process of its own, in `folder`; `environment` replaces this process' own.

    It is forked; started where the environment tells Python itself, or the system's loader, something else.
    """
    words = [str(one) for one in arguments]
    environment = os.environ if environment is None else environment
    if all(os.environ.get(name) == value for name, value in environment.items() if name.startswith(_READ_AT_START)):
        return _warm().run(words, folder, stdin, environment)
    return subprocess.run(
        [PROGRAM, *words], input=stdin, capture_output=True, text=True, cwd=folder, env=environment, check=False
    )


@cache
def _warm() -> WarmCommands:
    commands = WarmCommands(PROGRAM, ROOT)
    atexit.register(commands.close)
    return commands


@cache
def our_definitions() -> Definitions:
    """Return our own definitions for the demo stack, loaded once: whoever changes some copies them."""
    from loyalty_monitoring.definitions.load import load_definitions
    from loyalty_monitoring.definitions.settings import load_stack_settings

    return load_definitions(ROOT, load_stack_settings(ROOT, "demo"))


def copy_project(folder: Path) -> Path:
    """Copy the tests' own project into `folder`; return `folder`."""
    shutil.copytree(PROJECT, folder, dirs_exist_ok=True)
    return folder


def committed(folder: Path) -> Path:
    """Make `folder` a repository whose only commit has all that is there; return `folder`."""
    who = ["-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"]
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-qm", "before"]):
        subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)
    return folder


def copy_our_project(folder: Path) -> Path:
    """Copy our definitions, their cases and the YAML files beside them into `folder`; return `folder`."""
    for name in ("alert_policies", "dashboards", "log_metrics", "runbooks", "tests/cases"):
        shutil.copytree(ROOT / name, folder / name)
    for file in ROOT.glob("*.yaml"):
        shutil.copy(file, folder)
    return folder


def replace_text(file: Path, old: str, new: str) -> None:
    """Replace `old`, which must be there."""
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def processes_in(folder: Path) -> list[list[str]]:
    """Return the arguments of each process that was told a place in this folder."""
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            arguments = file.read_text().split("\0")
            if any(str(folder) in argument for argument in arguments):
                found.append(arguments)
    return found


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the tests' own project to change, in an empty folder."""
    return copy_project(tmp_path)


@pytest.fixture
def our_project(tmp_path: Path) -> Path:
    """A copy of our own definitions to change, in an empty folder."""
    return copy_our_project(tmp_path)
