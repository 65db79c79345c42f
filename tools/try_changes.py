"""Tries CONTRIBUTING.md in a copy of the project: adds, renames and removes an alert, a metric and a dashboard.

Then it runs all tests there, or the command that follows `--`. Tests are about code, and whoever changes a definition
changes data: no test may fail that the page does not tell to change. The copy is of what is committed.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from project_edits import (
    add_alert,
    add_dashboard,
    add_event,
    contributing,
    names,
    remove_alert,
    remove_dashboard,
    remove_metric,
    rename,
)

ROOT = Path(__file__).resolve().parents[1]
COMMAND = ".venv/bin/loyalty-monitoring"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--remove", metavar="ALERT", help="the alert to remove; the last one by name if not given")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="make the copy there, and leave it")
    parser.add_argument("command", nargs="*", default=["make", "test"], help="what to run in the copy")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="changes-") as folder:
        project = asked.keep or Path(folder) / "project"
        run(["git", "clone", "--quiet", str(ROOT), str(project)], ROOT)
        run(["make", "--silent", "browser"], project)
        add(project)
        rename_some(project)
        remove_some(project, asked.remove)
        run([COMMAND, "check", "--since", "HEAD^^^", "--no-mutants"], project)
        say(f"{' '.join(asked.command)}, in the copy")
        return subprocess.run(asked.command, cwd=project, check=False).returncode


def add(project: Path) -> None:
    page = contributing(project)
    add_alert(project, page)
    add_event(project, page)
    add_dashboard(project, page)
    # The page's own commands: the first parts of a metric, and a chart of it.
    for line in re.findall(r"^loyalty-monitoring (new (?:metric|chart) .*)$", page, re.MULTILINE):
        run(["sh", "-c", f"{COMMAND} {line}"], project)
    decide(project)
    commit(project, "add an alert, an event, a metric, a chart and a dashboard")


def decide(project: Path) -> None:
    """Write something where `new` leaves TODO: `check` wants all of it decided."""
    asked = ["git", "ls-files", "--modified", "--others", "--exclude-standard"]
    told = subprocess.run(asked, cwd=project, check=True, capture_output=True, text=True).stdout
    for file in map(project.joinpath, told.splitlines()):
        file.write_text(file.read_text().replace("TODO", "Decided,"))


def rename_some(project: Path) -> None:
    for folder in ("alert_policies", "dashboards", "log_metrics"):
        name = next(one for one in names(project, folder) if one != "overview")
        rename(project, folder, name, f"{name}_renamed")
    commit(project, "rename the first alert, dashboard and metric by name")


def remove_some(project: Path, alert: str | None) -> None:
    remove_alert(project, alert or names(project, "alert_policies")[-1])
    # What no alert reads or links can go by itself.
    read = "".join(file.read_text() for file in (project / "alert_policies").iterdir())
    remove_metric(project, [one for one in names(project, "log_metrics") if f"<<metric:{one}>>" not in read][-1])
    free = [one for one in names(project, "dashboards") if f"<<title:{one}>>" not in read and one != "overview"]
    remove_dashboard(project, free[-1])
    commit(project, "remove an alert, a metric and a dashboard")


def commit(project: Path, what: str) -> None:
    """Commit what changed, with what is generated from it: tests look at git."""
    run(["make", "--silent", "generated"], project)
    run(["git", "add", "--all"], project)
    author = ["-c", "user.name=try_changes", "-c", "user.email=try_changes@example.org"]
    run(["git", *author, "commit", "--quiet", f"--message={what}"], project)
    say(what)


def run(command: Sequence[str], folder: Path) -> None:
    if subprocess.run(command, cwd=folder, check=False).returncode:
        sys.exit(f"changes: `{' '.join(command)}` failed in {folder}; its words are above")


def say(text: str) -> None:
    print(f"changes: {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
