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
from collections.abc import Mapping, Sequence
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
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="Exit status: that of the command in the copy; 1 where a step before it failed, 2 for a wrong option.",
    )
    parser.add_argument("--alert", metavar="NAME", help="the alert to remove; if not given, the last by name")
    parser.add_argument("--metric", metavar="NAME", help="the metric to remove; the last that no alert reads")
    parser.add_argument("--dashboard", metavar="NAME", help="the dashboard to remove; the last that no alert links")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="make the copy there, and leave it")
    parser.add_argument("command", nargs="*", default=["make", "test"], help="what to run in the copy")
    asked = parser.parse_args()
    removed = {"alert_policies": asked.alert, "log_metrics": asked.metric, "dashboards": asked.dashboard}
    for folder, name in removed.items():
        there = [one for one in names(ROOT, folder) if one != "overview"]
        if name is not None and name not in there:
            parser.error(f"{name} cannot be removed from {folder}/; choose one of {', '.join(there)}")
    with tempfile.TemporaryDirectory(prefix="changes-") as folder:
        project = asked.keep or Path(folder) / "project"
        run(["git", "clone", "--quiet", str(ROOT), str(project)], ROOT)
        run(["make", "--silent", "browser"], project)
        add(project)
        rename_some(project, removed)
        remove_some(project, **removed)
        run([COMMAND, "check", "--since", "HEAD^^^", "--no-mutants"], project)
        say(f"{' '.join(asked.command)}, in the copy")
        status = subprocess.run(asked.command, cwd=project, check=False).returncode
    if status:
        say(f"status {status}. A test that fails here, and not in the project, is tied to what is defined now: let it")
        say("hold whatever there is, with tests/project where it needs known ones; or name its change in the page")
    return status


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


def rename_some(project: Path, removed: Mapping[str, str | None]) -> None:
    for folder, kept in removed.items():
        name = next(one for one in names(project, folder) if one not in ("overview", kept))
        rename(project, folder, name, f"{name}_renamed")
    commit(project, "rename the first alert, metric and dashboard by name")


def remove_some(project: Path, alert_policies: str | None, log_metrics: str | None, dashboards: str | None) -> None:
    remove_alert(project, alert_policies or names(project, "alert_policies")[-1])
    read = "".join(file.read_text() for file in (project / "alert_policies").iterdir())
    unread = [one for one in names(project, "log_metrics") if f"<<metric:{one}>>" not in read]
    if log_metrics is not None and log_metrics not in unread:
        sys.exit(
            f"changes: {log_metrics} is read by an alert, or went with its alert; choose one of {', '.join(unread)}"
        )
    remove_metric(project, log_metrics or unread[-1])
    others = [one for one in names(project, "dashboards") if one != "overview"]
    remove_dashboard(project, dashboards or [one for one in others if f"<<title:{one}>>" not in read][-1])
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
        said = (
            f"changes: `{' '.join(command)}` failed in {folder}; its words are above. CONTRIBUTING.md leaves something"
        )
        sys.exit(
            f"{said} out, or tools/project_edits.py does not do what it says; --keep FOLDER leaves the copy to look at"
        )


def say(text: str) -> None:
    print(f"changes: {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
