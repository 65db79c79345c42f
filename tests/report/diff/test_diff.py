"""`loyalty-monitoring diff` as a reviewer runs it, on a git repository of its own."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.log_lines import START, event, hours, minutes, write

ROOT = Path(__file__).resolve().parents[3]
HOSTILE = "a`|<b>\n| x"


def _git(folder: Path, *arguments: str) -> None:
    who = [
        "-c",
        "user.name=A",
        "-c",
        "user.email=a@example.com",
        "-c",
        "init.defaultBranch=main",
        "-c",
        "commit.gpgsign=false",
    ]
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


def _diff(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).parent / "loyalty-monitoring"), "diff", *arguments, "log.jsonl"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def _found(folder: Path, *arguments: str) -> dict[str, Any]:
    done = _diff(folder, *arguments, "--format", "json")
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _replace(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A repository that holds the project in a folder, and logs around the threshold of 100 rejections a minute."""
    folder = tmp_path / "monitoring"
    for name in ("alert_policies", "log_metrics", "dashboards", "runbooks", "schemas"):
        shutil.copytree(ROOT / name, folder / name)
    for file in ROOT.glob("*.yaml"):
        shutil.copy(file, folder)
    counts = {(1, "s-1"): 101, (2, HOSTILE): 81, (10, "s-3"): 150, (11, "s-3"): 81, (12, "s-3"): 150, (40, "s-9"): 101}
    write(
        folder / "log.jsonl",
        [
            event(
                "rate_limit_exceeded",
                START + hours(1) + minutes(minute),
                severity="WARNING",
                store_id=store,
                status=429,
            )
            for (minute, store), count in counts.items()
            for _ in range(count)
        ],
    )
    _git(tmp_path, "init", "-q")
    _git(tmp_path, "add", ".")
    _git(tmp_path, "commit", "-qm", "old")
    return folder


def test_a_lower_threshold_brings_an_incident_and_joins_two(project: Path) -> None:
    _replace(project / "parameters.yaml", "rate_limit_requests:\n  default: 100", "rate_limit_requests:\n  default: 80")
    found = _found(project, "HEAD", ".")
    kinds = {
        (one["kind"], one["labels"].get("store_id"))
        for one in found["incidents"]
        if one["policy"] == "rate_limit_spike"
    }
    assert kinds == {("stays", "s-1"), ("appears", HOSTILE), ("moves", "s-3"), ("vanishes", "s-3"), ("stays", "s-9")}
    assert found["parameters"] == [{"name": "rate_limit_requests", "old": "100", "new": "80"}]
    (moved,) = (one for one in found["incidents"] if one["kind"] == "moves")
    assert moved["old"]["closed"] < moved["new"]["closed"]
    assert moved["because"][0] == "`rate_limit_requests`: 100 → 80"


def test_the_other_way_round_it_vanishes(project: Path) -> None:
    _replace(
        project / "parameters.yaml", "rate_limit_requests:\n  default: 100", "rate_limit_requests:\n  default: 101"
    )
    found = _found(project, "HEAD", ".")
    kinds = [one["kind"] for one in found["incidents"] if one["labels"] == {"store_id": "s-1"}]
    assert kinds == ["vanishes"]


def test_a_title_changes_no_incident_and_is_no_cause(project: Path) -> None:
    _replace(project / "alert_policies" / "rate_limit_spike.yaml", "a store had", "a shop had")
    found = _found(project, "HEAD", ".")
    assert {one["kind"] for one in found["incidents"]} == {"stays"}
    assert found["definitions"] == [
        {"file": "alert_policies/rate_limit_spike.yaml", "what": ["displayName"]},
    ]


def test_a_metric_that_no_longer_counts_is_named_as_the_cause(project: Path) -> None:
    _replace(project / "log_metrics" / "rate_limited_requests.yaml", "rate_limit_exceeded", "card_enrolled")
    found = _found(project, "HEAD", ".")
    (gone,) = (one for one in found["incidents"] if one["labels"] == {"store_id": "s-1"})
    assert gone["kind"] == "vanishes"
    assert "log_metrics/rate_limited_requests.yaml" in gone["because"]


def test_two_revisions_are_compared_whatever_the_folder_holds(project: Path) -> None:
    _replace(
        project / "parameters.yaml", "rate_limit_requests:\n  default: 100", "rate_limit_requests:\n  default: 101"
    )
    _git(project, "commit", "-qam", "new")
    (project / "parameters.yaml").write_text("broken: [")
    found = _found(project, "HEAD~1", "HEAD")
    assert "vanishes" in {one["kind"] for one in found["incidents"]}


def test_markdown_keeps_hostile_names_inside_their_cell(project: Path) -> None:
    _replace(project / "parameters.yaml", "rate_limit_requests:\n  default: 100", "rate_limit_requests:\n  default: 80")
    done = _diff(project, "HEAD", ".")
    (row,) = (line for line in done.stdout.splitlines() if line.startswith("| appears"))
    assert row.count("|") == 7
    assert row.count("`") == 4
    assert ": 1 appears, 1 vanishes, 1 moves, 3 stay as they are." in done.stdout


def test_a_version_that_does_not_load_is_named_with_its_file(project: Path) -> None:
    (project / "parameters.yaml").write_text("broken: [")
    _git(project, "commit", "-qam", "broken")
    done = _diff(project, "HEAD", "HEAD~1")
    assert done.returncode == 2
    assert done.stderr.startswith("loyalty-monitoring: HEAD:parameters.yaml:")


@pytest.mark.parametrize("name", ["no-such-branch", "--output=/tmp/x", "HEAD:parameters.yaml", ""])
def test_what_is_neither_folder_nor_revision_is_said(project: Path, name: str) -> None:
    done = _diff(project, "--", name, "HEAD")
    assert done.returncode == 2
    assert "neither a folder nor a revision" in done.stderr


def test_a_folder_without_the_project_is_said(project: Path) -> None:
    done = _diff(project, "dashboards", "HEAD")
    assert done.returncode == 2
    assert "folder without Pulumi.yaml" in done.stderr
