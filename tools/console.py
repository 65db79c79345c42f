"""Print the progress of the set-up, and run its commands."""

from __future__ import annotations

import subprocess
import sys


def run(command: list[str], remedy: str, folder: str | None = None) -> None:
    if subprocess.run(command, cwd=folder).returncode:
        fail(remedy)


def say(text: str) -> None:
    print(f"setup: {text}", flush=True)


def fail(text: str) -> None:
    print(f"setup: {text}", file=sys.stderr)
    sys.exit(1)
