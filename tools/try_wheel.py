"""Tries what a stranger gets: the wheels in empty environments, with no part of this checkout on the path.

The project's wheel is installed with what it needs and nothing else, and runs every command that a project has on a
copy of examples/second_project. loyalty_telemetry's logs what docs/telemetry.md shows. Packages come from what
`make develop` downloaded.
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
        command = installed(folder) / "loyalty-monitoring"
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
        (folder / "telemetry").mkdir()
        try_telemetry(folder / "telemetry")
        say("The wheels work by themselves")


def installed(folder: Path, source: Path = ROOT, extras: str = "") -> Path:
    """Install a wheel and what it needs into an environment of its own in `folder`; return where its programs are."""
    say(f"Building the wheel of {source.name}")
    pip = [str(ROOT / ".venv" / "bin" / "python"), "-m", "pip"]
    wheel_of = [*pip, "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(source)]
    run(wheel_of, "the wheel could not be built; its message above says why")
    (wheel,) = folder.glob("*.whl")
    say("Installing it into an empty environment")
    run([sys.executable, "-m", "venv", "--without-pip", str(folder / "venv")], "python3 -m venv failed")
    pins = folder / "pins.txt"
    # A constraint has no extras, but says on which Pythons it holds.
    locked = re.findall(r"^([a-z0-9-]+)(?:\[.*?\])?(==\S+(?: ; [^\\\n]+)?)", locks(), re.M)
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
    wanted = [*pip, *into, "--constraint", str(pins), f"{wheel}{extras}"]
    run(wanted, "pip could not install the wheel; run `make develop` first")
    return folder / "venv" / "bin"


def locks() -> str:
    return "".join((ROOT / name).read_text() for name in ("requirements.lock", "requirements-dev.lock"))


def try_telemetry(folder: Path) -> None:
    """Run the page's own code, but for Redis' address, in an environment that has nothing else."""
    programs = installed(folder, ROOT / "loyalty_telemetry", "[redis]")
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "telemetry.md").read_text(), re.S)
    code = "from loyalty_telemetry import log_to_google_cloud\nlog_to_google_cloud()\n".join(blocks)
    say("The code of docs/telemetry.md")
    environment = {"PATH": "/usr/bin:/bin", "LOYALTY_REDIS_URL": "redis://127.0.0.1:1/0"}
    command = [programs / "python", "-W", "ignore", "-c", code]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    if done.returncode or '"event": "wallet_sync_completed"' not in done.stdout:
        fail(f"the code of docs/telemetry.md does not work where its package is installed\n{done.stdout}{done.stderr}")


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
