"""What the set-up says, and the commands that it runs."""

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
