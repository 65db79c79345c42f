"""A command opens each definition, case and contract of a project once."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.conftest import EXAMPLE

# Counts what is opened below the project, and prints it after the command's own output.
COUNTING = """
import collections, json, sys
opened, root = collections.Counter(), sys.argv.pop(1)
sys.addaudithook(
    lambda event, given: opened.update([str(given[0])]) if event == "open" and str(given[0]).startswith(root) else None
)
from loyalty_monitoring.cli import cli
try:
    cli.main(standalone_mode=False)
finally:
    print("\\n" + json.dumps(opened))
"""


@pytest.mark.parametrize("arguments", [("prove",), ("lint", "--stack", "demo")], ids=lambda one: one[0])
def test_each_definition_is_opened_once(arguments: tuple[str, ...]) -> None:
    command = [sys.executable, "-c", COUNTING, str(EXAMPLE), "--project-dir", str(EXAMPLE), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    counts = json.loads(done.stdout.splitlines()[-1])
    # A stack's file is read for its settings, and by lint once more for what it allows.
    opened = {name: count for name, count in counts.items() if name.endswith(".yaml") and "/Pulumi." not in name}
    assert len(opened) > 8
    assert {name: count for name, count in opened.items() if count > 1} == {}
