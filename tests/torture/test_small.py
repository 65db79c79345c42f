"""A few trials of the torture, the same ones each time."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT

TRIALS = 15


def test_whatever_is_wrong_a_command_ends_as_documented_and_leaves_nothing(tmp_path: Path) -> None:
    state = tmp_path / "torture.jsonl"
    # A process of its own: it forks for each trial, and must have one thread.
    command = [sys.executable, "-m", "tests.torture", "--quick", "--seed", "1", "--state", str(state)]
    first = subprocess.run([*command, "--trials", "5"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert first.returncode == 0, first.stderr
    # It goes on where it was.
    done = subprocess.run([*command, "--trials", str(TRIALS)], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert f"{TRIALS} trials" in done.stdout
    numbers = [json.loads(line)["number"] for line in state.read_text().splitlines()]
    assert numbers == list(range(TRIALS))
