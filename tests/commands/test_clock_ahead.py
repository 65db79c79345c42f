"""With the clock a year and ten years ahead the commands say what they say today, and nothing of libraries."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import EXAMPLE, ROOT, run

LOGS = "logs/day.jsonl.gz"


def _ahead(days: int) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT / "tests" / "clock_ahead"), "CLOCK_AHEAD_DAYS": str(days)}


def test_the_stand_in_moves_the_clock_and_googles_libraries_warn_of_their_python() -> None:
    code = "import datetime; print(datetime.date.today().year); import google.cloud.logging"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=_ahead(3650), capture_output=True, text=True, check=False)
    assert int(done.stdout) > 2035
    assert "FutureWarning" in done.stderr


@pytest.mark.parametrize("days", [365, 3650])
@pytest.mark.parametrize("command", [("lint",), ("replay", LOGS), ("contract", "check", LOGS)], ids=lambda one: one[0])
def test_a_command_says_the_same_years_later(command: tuple[str, ...], days: int) -> None:
    today = run(*command, folder=EXAMPLE)
    later = run(*command, folder=EXAMPLE, environment=_ahead(days))
    assert (later.returncode, later.stdout, later.stderr) == (today.returncode, today.stdout, today.stderr)


def test_a_deployments_bodies_are_the_same_years_later(tmp_path: Path) -> None:
    for name, environment in (("today", None), ("later", _ahead(3650))):
        done = run("render", "--out", tmp_path / name, folder=EXAMPLE, environment=environment)
        assert (done.returncode, done.stderr) == (0, "")
    files = [file.relative_to(tmp_path / "today") for file in (tmp_path / "today").rglob("*") if file.is_file()]
    assert files
    for file in files:
        assert (tmp_path / "today" / file).read_bytes() == (tmp_path / "later" / file).read_bytes()


@pytest.mark.parametrize(("days", "words"), [(365, "1 year old"), (3650, "10 years old")])
def test_cost_says_how_old_its_prices_are(days: int, words: str) -> None:
    done = run("cost", LOGS, folder=EXAMPLE, environment=_ahead(days))
    assert (done.returncode, done.stderr) == (0, "")
    assert words in done.stdout
