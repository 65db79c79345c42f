"""`loyalty-monitoring diff` as a reviewer runs it, on a git repository of its own."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from loyalty_monitoring.common.cache import Cache
from loyalty_monitoring.common.errors import UserError
from loyalty_monitoring.definitions.model import PRIORITIES
from loyalty_monitoring.definitions.settings import stack_names
from loyalty_monitoring.replay import kept_points
from loyalty_monitoring.replay.entries import log_files
from loyalty_monitoring.report.diff.compare import compare
from tests.conftest import PROJECT, copy_project, replace_text, run
from tests.log_lines import START, event, hours, minutes, write

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
    return run("diff", *arguments, "log.jsonl", folder=folder)


def _found(folder: Path, *arguments: str) -> dict[str, Any]:
    done = _diff(folder, *arguments, "--stack", "demo", "--format", "json")
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A repository that holds the project in a folder, and logs around the threshold of 100 rejections a minute."""
    folder = tmp_path / "monitoring"
    copy_project(folder)
    counts = {(1, "s-1"): 101, (2, HOSTILE): 81, (10, "s-3"): 150, (25, "s-3"): 81, (40, "s-3"): 150, (80, "s-9"): 101}
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
    replace_text(
        project / "parameters.yaml", "rate_limit_requests:\n  default: 100", "rate_limit_requests:\n  default: 80"
    )
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
    replace_text(
        project / "parameters.yaml", "rate_limit_requests:\n  default: 100", "rate_limit_requests:\n  default: 101"
    )
    found = _found(project, "HEAD", ".")
    kinds = [one["kind"] for one in found["incidents"] if one["labels"] == {"store_id": "s-1"}]
    assert kinds == ["vanishes"]


def test_a_title_changes_no_incident_and_is_no_cause(project: Path) -> None:
    replace_text(project / "alert_policies" / "rate_limit_spike.yaml", "a store had", "a shop had")
    found = _found(project, "HEAD", ".")
    assert {one["kind"] for one in found["incidents"]} == {"stays"}
    assert found["definitions"] == [
        {"file": "alert_policies/rate_limit_spike.yaml", "what": ["displayName"]},
    ]


def test_a_metric_that_no_longer_counts_is_named_as_the_cause(project: Path) -> None:
    replace_text(project / "log_metrics" / "rate_limited_requests.yaml", "rate_limit_exceeded", "card_enrolled")
    found = _found(project, "HEAD", ".")
    (gone,) = (one for one in found["incidents"] if one["labels"] == {"store_id": "s-1"})
    assert gone["kind"] == "vanishes"
    assert "log_metrics/rate_limited_requests.yaml" in gone["because"]


def test_two_revisions_are_compared_whatever_the_folder_holds(project: Path) -> None:
    replace_text(
        project / "parameters.yaml", "rate_limit_requests:\n  default: 100", "rate_limit_requests:\n  default: 101"
    )
    _git(project, "commit", "-qam", "new")
    (project / "parameters.yaml").write_text("broken: [")
    found = _found(project, "HEAD~1", "HEAD")
    assert "vanishes" in {one["kind"] for one in found["incidents"]}


def test_markdown_keeps_hostile_names_inside_their_cell(project: Path) -> None:
    replace_text(
        project / "parameters.yaml", "rate_limit_requests:\n  default: 100", "rate_limit_requests:\n  default: 80"
    )
    done = _diff(project, "HEAD", ".", "--stack", "demo")
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


PRODUCTION = "Pulumi.example-production.yaml"


def _stacks(folder: Path, *arguments: str) -> dict[str, dict[str, Any]]:
    done = _diff(folder, *arguments, "--format", "json")
    assert done.returncode == 0, done.stderr
    return {found["stack"]: found for found in json.loads(done.stdout)["stacks"]}


def test_a_threshold_of_production_alone_shows_what_production_will_do(project: Path) -> None:
    replace_text(project / PRODUCTION, "rate_limit_requests: 200", "rate_limit_requests: 20")
    found = _stacks(project, "HEAD", ".")
    assert (found["demo"]["replayed"], found["demo"]["incidents"]) == (False, [])
    production = found["example-production"]
    assert production["parameters"] == [{"name": "rate_limit_requests", "old": "200", "new": "20"}]
    of_alert = [one["kind"] for one in production["incidents"] if one["policy"] == "rate_limit_spike"]
    assert set(of_alert) == {"appears"}
    assert production["replayed_as"] == "k8s_container"
    assert production["margins"]["rate_limit_spike"]["value"] == 150


def test_definitions_that_did_not_change_are_not_replayed(project: Path) -> None:
    done = _diff(project, "HEAD", ".")
    assert f"\nNothing differs in {', '.join(sorted(stack_names(PROJECT)))}: nothing was replayed.\n" in done.stdout


def test_a_stack_that_does_not_differ_takes_no_part_of_its_own(project: Path) -> None:
    replace_text(project / PRODUCTION, "rate_limit_requests: 200", "rate_limit_requests: 20")
    done = _diff(project, "HEAD", ".")
    assert [line for line in done.stdout.splitlines() if line.startswith("#### ")] == ["#### Stack example-production"]
    assert "\nNothing differs in demo, example-scratch: nothing was replayed.\n" in done.stdout


def test_whom_the_incidents_reach_is_said_with_them(project: Path) -> None:
    replace_text(project / PRODUCTION, "rate_limit_requests: 200", "rate_limit_requests: 20")
    done = _diff(project, "HEAD", ".", "--stack", "example-production")
    assert "\nP1 reaches webhook Incident log, " in done.stdout
    assert ", Google Chat Loyalty room, " in done.stdout


def test_a_priority_that_newly_reaches_nobody_is_said_first(project: Path) -> None:
    text = (project / "Pulumi.demo.yaml").read_text()
    replace_text(project / "Pulumi.demo.yaml", "priorities: [P0, P1, P2]", "priorities: [P1, P2]")
    with (project / "Pulumi.demo.yaml").open("a") as file:
        file.write("  loyalty-monitoring:silentPriorities: [P0]\n")
    done = _diff(project, "HEAD", ".", "--stack", "demo")
    assert "- **P0 (telemetry_silent): now nobody (silentPriorities); before: e-mail Loyalty team**" in done.stdout
    assert done.stdout.index("nobody (silentPriorities)") < done.stdout.index("Changed definitions")
    (project / "Pulumi.demo.yaml").write_text(text.replace("loyalty-team@", "somebody-else@"))
    told = _found(project, "HEAD", ".")["told"]
    assert [(one["who"], one["elsewhere"]) for one in told] == [(who, ["e-mail Loyalty team"]) for who in PRIORITIES]
    assert "): at other addresses e-mail Loyalty team\n" in _diff(project, "HEAD", ".", "--stack", "demo").stdout


def test_incidents_of_which_nobody_is_told_any_more_are_named_also_those_that_stay(project: Path) -> None:
    text = (project / PRODUCTION).read_text()
    (project / PRODUCTION).write_text(text.replace("[P0, P1", "[P0").replace("[P1, P2]", "[P2]"))
    with (project / PRODUCTION).open("a") as file:
        file.write("  loyalty-monitoring:silentPriorities: [P1]\n")
    replace_text(project / PRODUCTION, "rate_limit_requests: 200", "rate_limit_requests: 20")
    done = _diff(project, "HEAD", ".", "--stack", "example-production")
    assert "**Nobody would have been told of " in done.stdout
    assert "rate_limit_spike at " in done.stdout.split("any more:**")[1].splitlines()[0]


def test_of_many_channels_only_those_that_go_or_come_are_named(project: Path) -> None:
    text = (project / PRODUCTION).read_text()
    (project / PRODUCTION).write_text(text.replace("[P0, P1]", "[P0, P2]"))
    done = _diff(project, "HEAD", ".", "--stack", "example-production")
    told = [line for line in done.stdout.splitlines() if line.startswith("- P")]
    assert told == [
        "- P1 (email_failures, rate_limit_spike): no longer Slack \\#loyalty-alerts",
        "- P2 (high_churn): now also Slack \\#loyalty-alerts",
    ]


def test_an_alert_that_moves_to_another_priority_reaches_other_people(project: Path) -> None:
    policy = project / "alert_policies" / "rate_limit_spike.yaml"
    for old, new in (("priority: P1", "priority: P0"), ("priority: p1", "priority: p0"), ("WARNING", "CRITICAL")):
        replace_text(policy, old, new)
    replace_text(policy, "[P1]", "[P0]")
    replace_text(
        policy, "alertStrategy:\n", "alertStrategy:\n  notificationChannelStrategy: [{renotifyInterval: 1800s}]\n"
    )
    done = _diff(project, "HEAD", ".", "--stack", "example-production")
    assert done.returncode == 0, done.stderr
    assert "- rate\\_limit\\_spike" not in done.stdout
    assert "- rate_limit_spike (P1 → P0): " in done.stdout


def test_a_new_stack_and_one_that_is_gone_are_named(project: Path) -> None:
    (project / PRODUCTION).rename(project / "Pulumi.other.yaml")
    found = _stacks(project, "HEAD", ".")
    assert [name for name, one in found.items() if one["new_stack"]] == ["other"]
    assert [name for name, one in found.items() if one["removed_stack"]] == ["example-production"]
    assert found["example-production"]["told"][0]["new"] == "nobody (there is no such stack)"


def test_a_stack_that_neither_version_has_is_an_error(project: Path) -> None:
    done = _diff(project, "HEAD", ".", "--stack", "prodution")
    assert done.returncode == 2
    assert "neither version has a stack 'prodution'" in done.stderr


def test_totals_say_for_each_alert_what_changes_and_how_near_it_came(project: Path) -> None:
    replace_text(
        project / "parameters.yaml", "rate_limit_requests:\n  default: 100", "rate_limit_requests:\n  default: 80"
    )
    done = _diff(project, "HEAD", ".", "--stack", "demo")
    (row,) = (line for line in done.stdout.splitlines() if line.startswith("| rate_limit_spike"))
    assert row.startswith("| rate_limit_spike | 1 | 1 | 1 | 2 | peak 150 store\\_id=s-3 at ")
    assert row.endswith("threshold 80 |")
    assert "threshold 1% |" in done.stdout


class Reads:
    """The files whose points are counted, and how many metrics at once."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.metrics: list[int] = []
        count = kept_points.count_files

        def counting(con: Any, metrics: Any, *rest: Any, **options: Any) -> Any:
            self.metrics.append(len(metrics))
            return count(con, metrics, *rest, **options)

        patch.setattr(kept_points, "count_files", counting)


@pytest.mark.parametrize("is_kept", [True, False], ids=["cache", "none"])
def test_the_logs_are_read_once_for_both_versions(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_kept: bool
) -> None:
    replace_text(project / "log_metrics" / "rate_limited_requests.yaml", "rate_limit_exceeded", "card_enrolled")
    cache = Cache(tmp_path / "cache" if is_kept else None)
    reads = Reads(monkeypatch)
    names, files = (str(PROJECT), str(project)), [project / "log.jsonl"]
    (found,) = compare(project, names, ["demo"], files, cache=cache)
    metrics = len(list((PROJECT / "log_metrics").glob("*.yaml")))
    assert reads.metrics == [metrics + 1]
    assert found.replayed is not None
    assert [one.kind for one in found.replayed.incidents if one.incident.labels.get("store_id") == "s-1"] == [
        "vanishes"
    ]
    assert compare(project, names, ["demo"], files, cache=cache) == [found]
    assert len(reads.metrics) == (1 if is_kept else 2)


def test_nothing_is_read_where_nothing_differs(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reads = Reads(monkeypatch)
    found = compare(project, (str(PROJECT), str(project)), [], [project / "log.jsonl"])
    assert [one.replayed for one in found] == [None] * len(stack_names(PROJECT))
    assert reads.metrics == []
    with pytest.raises(UserError, match="cannot be read"):
        compare(project, (str(PROJECT), str(project)), [], [project / "no-such-file"])


def test_a_type_of_resource_that_comes_late_in_the_logs_is_found(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The beginning of the logs says k8s_container; the stack's own type stands at their end."""
    replace_text(project / PRODUCTION, "rate_limit_requests: 200", "rate_limit_requests: 20")
    lines = (project / "log.jsonl").read_text()
    own = yaml.safe_load((project / PRODUCTION).read_text())["config"]["loyalty-monitoring:resourceType"]
    monkeypatch.setattr(log_files, "BATCH_BYTES", 4096)
    (project / "log.jsonl").write_text(lines + lines.replace("k8s_container", own))
    (found,) = compare(project, (str(PROJECT), str(project)), ["example-production"], [project / "log.jsonl"])
    assert found.replayed is not None
    assert found.replayed.replayed_as is None
    assert not found.replayed.matched_nothing
