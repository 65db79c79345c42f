"""Holds every command of the pages against gcloud's own parser, which refuses what it does not know before it asks.

The code blocks of README.md, docs/ and the runbooks of each stack are run by bash with gcloud and
nothing else: each gcloud command reaches the real one, which has no account and no configuration, so that it parses its
arguments and then ends. What a version of gcloud has under `gcloud alpha` only is told, and is no fault of the page.
Other programs are not there, and files are written into an empty folder.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from console import fail

from loyalty_monitoring.definitions.settings import stack_names

ROOT = Path(__file__).resolve().parents[1]
# What pages put between gcloud and a file.
_BESIDE = ("cat", "date", "grep", "head", "paste", "sed", "sort", "tr", "uniq")
# What a person fills in, where gcloud looks at its form.
_FILLED_IN = {"SERVICE_ACCOUNT": "worker@example.iam.gserviceaccount.com"}
# gcloud's exit status for a command line that it cannot parse.
_UNPARSED = 2
# It answers with a word, so that what is built from an answer is not empty.
_PASSED_ON = """#!/bin/sh
PATH={path}
timeout 60 "$REAL" "$@" </dev/null >/dev/null 2>"$TOLD/last"
status=$?
echo "$*" | tr '\\n' ' ' >>"$TOLD/asked"
echo >>"$TOLD/asked"
if [ $status = {unparsed} ]; then
    timeout 60 "$REAL" alpha "$@" </dev/null >/dev/null 2>&1
    if [ $? = {unparsed} ]; then cat "$TOLD/last" >>"$TOLD/refused"; else echo "$1 $2 $3" >>"$TOLD/alpha"; fi
fi
echo answer
"""


def main() -> None:
    real = shutil.which("gcloud")
    if real is None:
        fail("there is no gcloud; install the Google Cloud CLI (https://cloud.google.com/sdk/docs/install)")
    with tempfile.TemporaryDirectory(prefix="gcloud-") as name:
        folder = Path(name)
        pages = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *rendered(folder / "runbooks")]
        wrong = {page: told for page in pages if (told := refused(page.read_text(), real, folder))}
        asked = lines(folder / "asked")
        alpha = sorted(set(lines(folder / "alpha")))
    for page, told in wrong.items():
        print(f"{page.name}: {told}", file=sys.stderr)
    if wrong:
        fail("gcloud does not know what these pages tell people to type; mend them")
    version = subprocess.run([real, "version"], capture_output=True, text=True, check=True).stdout.splitlines()[0]
    print(f"{version} takes all {len(asked)} commands of {len(pages)} pages")
    if alpha:
        print(f"This version has them under `gcloud alpha` only: {', '.join(alpha)}")


def lines(file: Path) -> list[str]:
    return file.read_text().splitlines() if file.exists() else []


def rendered(folder: Path) -> list[Path]:
    """Return the runbooks of each stack as they are rendered."""
    program = ROOT / ".venv" / "bin" / "loyalty-monitoring"
    for stack in stack_names(ROOT):
        command = [program, "runbooks", "--stack", stack, "--out", folder / stack]
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return sorted(folder.rglob("*.md"))


def refused(page: str, real: str, folder: Path) -> str:
    """Run the page's blocks; return what gcloud said of the commands that it could not parse."""
    programs, written = folder / "bin", folder / "written"
    shutil.rmtree(written, ignore_errors=True)
    written.mkdir()
    if not programs.exists():
        programs.mkdir()
        (programs / "gcloud").write_text(_PASSED_ON.format(unparsed=_UNPARSED, path=os.environ["PATH"]))
        (programs / "gcloud").chmod(0o755)
        for name in _BESIDE:
            (programs / name).symlink_to(shutil.which(name) or fail(f"there is no {name}"))
    (folder / "refused").unlink(missing_ok=True)
    blocks = re.findall(r"^ *```sh\n(.*?)^ *```$", page, re.MULTILINE | re.DOTALL)
    script = "command_not_found_handle() { return 0; }\n" + "\n".join(blocks)
    for name, value in _FILLED_IN.items():
        script = script.replace(name, value)
    environment = {
        "PATH": str(programs),
        "REAL": real,
        "TOLD": str(folder),
        "HOME": str(written),
        "CLOUDSDK_CONFIG": str(folder / "configuration"),
        "CLOUDSDK_CORE_DISABLE_PROMPTS": "1",
    }
    subprocess.run(
        ["/bin/bash", "-c", script], cwd=written, env=environment, stdin=subprocess.DEVNULL, capture_output=True
    )
    file = folder / "refused"
    return file.read_text() if file.exists() else ""


if __name__ == "__main__":
    main()
