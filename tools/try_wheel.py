"""Tries what a stranger gets: the wheel in an empty environment, with the project of examples/second_project.

Builds the wheel, installs it with what it needs and nothing else, and runs every command that a project has on a copy
of the example, with no part of this checkout on the path. Packages come from what `make setup` downloaded.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from cache import CACHE
from console import fail, run

ROOT = Path(__file__).resolve().parents[1]
LOGS = "logs/day.jsonl.gz"


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="wheel-") as name:
        folder = Path(name)
        command = installed(folder)
        project, changed = folder / "project", folder / "changed"
        for copy in (project, changed):
            shutil.copytree(ROOT / "examples" / "second_project", copy)
        parameters = changed / "parameters.yaml"
        parameters.write_text(parameters.read_text().replace("default: 20\n", "default: 40\n"))
        if python := sorted(project.rglob("*.py")):
            fail(f"the example has Python of its own: {python[0].name}")
        try_commands(command, project, changed, folder)
        # From elsewhere, with the option instead of the folder.
        answer(command, ["render", "--project-dir", str(project), "--out", "elsewhere"], folder)
        say("The wheel works by itself")


def installed(folder: Path) -> Path:
    """Install the wheel and what it needs into an environment of its own; return the command."""
    say("Building the wheel")
    pip = [str(ROOT / ".venv" / "bin" / "python"), "-m", "pip"]
    wheel_of = [*pip, "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(ROOT)]
    run(wheel_of, "the wheel could not be built; its message above says why")
    (wheel,) = folder.glob("*.whl")
    say("Installing it into an empty environment")
    run([sys.executable, "-m", "venv", "--without-pip", str(folder / "venv")], "python3 -m venv failed")
    pins = folder / "pins.txt"
    # A constraint has no extras.
    locked = re.findall(r"^([a-z0-9-]+)(?:\[.*?\])?(==\S+)", (ROOT / "requirements.lock").read_text(), re.M)
    pins.write_text("\n".join(name + version for name, version in locked))
    downloaded = [f"--find-links={done.parent}" for done in sorted((CACHE / "wheels").glob("[!.]*/SHA256SUMS"))]
    into = [
        "--python",
        str(folder / "venv" / "bin" / "python"),
        "install",
        "--quiet",
        "--no-compile",
        "--no-index",
        *downloaded,
    ]
    run([*pip, *into, "--constraint", str(pins), str(wheel)], "pip could not install the wheel; run `make setup` first")
    return folder / "venv" / "bin" / "loyalty-monitoring"


def try_commands(command: Path, project: Path, changed: Path, folder: Path) -> None:
    rendered = answer(command, ["render", "--out", str(folder / "rendered")], project)
    expect("6 files written" in rendered, "render", rendered)
    expect("no findings" in answer(command, ["lint"], project), "lint")
    page = answer(command, ["lint", "--explain", "promql-lookback"], project)
    expect(page.startswith("# promql-lookback"), "lint --explain", page)
    proof = json.loads(answer(command, ["prove", "--format", "json"], project))
    expect(proof["holds"] and len(proof["cases"]) > 10, "prove")
    mutants = answer(command, ["mutants"], project)
    expect(", 0 alive" in mutants, "mutants", mutants)
    replay = json.loads(answer(command, ["replay", "--format", "json", LOGS], project))
    opened = [incident["policy"] for incident in replay["incidents"]]
    expect(opened == ["labels_unread", "sorter_silent"], "replay", str(opened))
    answer(command, ["report", LOGS, "--out", str(folder / "report")], project)
    expect((folder / "report" / "policies" / "sorter_silent.html").is_file(), "report")
    contract = json.loads(answer(command, ["contract", "check", "--format", "json", LOGS], project))
    expect(contract["holds"], "contract check")
    difference = json.loads(answer(command, ["diff", ".", str(changed), LOGS, "--format", "json"], project))
    told = {one["policy"]: one["kind"] for one in difference["incidents"]}
    expect(told["sorter_silent"] == "stays" and told["labels_unread"] != "stays", "diff", str(told))


def answer(command: Path, arguments: list[str], folder: Path) -> str:
    """Run the command as somebody would who has no checkout; return what it prints."""
    say(f"loyalty-monitoring {' '.join(arguments[:2])}")
    path = os.pathsep.join([str(ROOT / ".local" / "prometheus"), "/usr/local/bin", "/usr/bin", "/bin"])
    environment = {"PATH": path, "HOME": str(folder), "LANG": "C.UTF-8"}
    done = subprocess.run([command, *arguments], cwd=folder, env=environment, capture_output=True, text=True)
    expect(done.returncode == 0, " ".join(arguments), done.stdout[-2000:] + done.stderr[-2000:])
    return done.stdout


def say(text: str) -> None:
    print(f"wheel: {text}", flush=True)


def expect(holds: bool, what: str, shown: str = "") -> None:
    if not holds:
        fail(f"`loyalty-monitoring {what}` does not do what it does in the checkout\n{shown}")


if __name__ == "__main__":
    main()
