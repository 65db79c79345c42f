"""Share the checkout's paths, a copy of the project, and the command as a stranger runs it, with every test."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
# A project of another module, small and whole. Tests of the engine that need any project take this one.
EXAMPLE = ROOT / "examples" / "second_project"
PROGRAM = str(Path(sys.executable).with_name("loyalty-monitoring"))
_FOLDERS = ("alert_policies", "dashboards", "log_metrics", "runbooks", "tests/cases")


def run(
    *arguments: str | Path, folder: Path = ROOT, stdin: str = "", environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run `loyalty-monitoring` in a process of its own, in `folder`; `environment` replaces this process' own."""
    return subprocess.run(
        [PROGRAM, *map(str, arguments)],
        input=stdin,
        capture_output=True,
        text=True,
        cwd=folder,
        env=environment,
        check=False,
    )


def copy_project(folder: Path) -> Path:
    """Copy the definitions, their cases and the YAML files beside them into `folder`; return `folder`."""
    for name in _FOLDERS:
        shutil.copytree(ROOT / name, folder / name)
    for file in ROOT.glob("*.yaml"):
        shutil.copy(file, folder)
    return folder


def replace_text(file: Path, old: str, new: str) -> None:
    """Replace `old`, which must be there."""
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the project to change, in an empty folder."""
    return copy_project(tmp_path)
