"""Writes the two lock files from pyproject.toml, with uv: one universal resolution for every Python and machine.

`requirements.lock` has what runs the program and the commands, and what builds the project; `requirements-dev.lock`
includes it and adds what develops and tests the project. Extras stay in the lines (`google-auth[pyopenssl]==...`), so
that a pip that resolves, as `pulumi install` calls it, finds a pin for them as well.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import tomllib
from pathlib import Path

import wheels

ROOT = Path(__file__).resolve().parents[1]
RUNTIME, DEVELOPMENT = ROOT / "requirements.lock", ROOT / "requirements-dev.lock"
INCLUDE = f"-r {RUNTIME.name}\n"
COMPILE = ["uv", "pip", "compile", "pyproject.toml", "-", "--universal", "--python-version=3.11", "--generate-hashes"]
COMPILE += ["--extra=simulation", "--no-strip-extras", "--no-emit-index-url", "--no-header", "--quiet"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--upgrade", nargs="*", metavar="PACKAGE", help="take the newest of these, or of all")
    upgrade = parser.parse_args().upgrade
    options = [f"--upgrade-package={name}" for name in upgrade or []] or ([] if upgrade is None else ["--upgrade"])
    write(RUNTIME, options)
    write(DEVELOPMENT, [*options, "--extra=dev", f"--constraint={RUNTIME}"])
    first = set(entries(RUNTIME))
    own = [lines for pin, lines in entries(DEVELOPMENT).items() if pin not in first]
    DEVELOPMENT.write_text(INCLUDE + "".join(own), encoding="utf-8")
    wheels.main()


def write(lock: Path, options: list[str]) -> None:
    """Compile one lock; pins that are in it stay where nothing asks for another."""
    build = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["build-system"]["requires"]
    command = [*COMPILE, *options, f"--output-file={lock}"]
    subprocess.run(command, input="\n".join(build), text=True, cwd=ROOT, check=True)


def entries(lock: Path) -> dict[str, str]:
    """Return the lines of each pin, by the pin: `tzdata==2026.6 ; sys_platform == 'win32'` is not `tzdata==2026.6`."""
    blocks = re.findall(r"^[a-z0-9].*\n(?:    .*\n)+", lock.read_text(encoding="utf-8"), re.MULTILINE)
    return {block.partition(" \\\n")[0]: block for block in blocks}


if __name__ == "__main__":
    main()
