"""`loyalty-monitoring new alert`: eight files that load, lint and can be proven at once."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from loyalty_monitoring.checks.drill.planning import lines_of
from loyalty_monitoring.checks.drill.replayed import expected_incidents
from loyalty_monitoring.checks.drill.scenarios import load_scenarios
from loyalty_monitoring.definitions.load import load_definitions
from loyalty_monitoring.definitions.log_contract import load_contract
from loyalty_monitoring.definitions.new_alert import RUNBOOK_SECTIONS
from loyalty_monitoring.definitions.settings import load_stack_settings
from loyalty_monitoring.proof.metrics.cases import load_metric_cases
from loyalty_monitoring.proof.mutants.metrics import killed, metric_mutants
from loyalty_monitoring.proof.mutants.run import try_mutants_of
from tests.conftest import EXAMPLE, committed, run
from tests.log_lines import START

OPTIONS = ("--row", "A99", "--metric", "rate_limited_requests", "--event", "rate_limit_exceeded")


@pytest.mark.parametrize("priority", ["P0", "P1", "P2"])
def test_the_eight_files_load_and_lint_and_their_cases_hold(project: Path, priority: str) -> None:
    done = run("new", "alert", "fresh_alert", *OPTIONS, "--priority", priority, folder=project)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("wrote ") == 8
    assert run("lint", folder=project).stdout == "no findings\n"
    if priority != "P1":
        return
    proof = json.loads(run("prove", "fresh_alert", "--format", "json", folder=project).stdout)
    assert [case["misses"] for case in proof["cases"]] == [[], [], []]
    assert all("no case of the kind" in sentence for sentence in proof["gate"])
    of_its_own = ("alert_policies/fresh_alert.yaml", "runbooks/fresh_alert.md")
    for file in ("coverage.yaml", "parameters.yaml", "drills.yaml", *of_its_own):
        assert "TODO" in (project / file).read_text()


@pytest.mark.parametrize(
    ("metric", "event", "numbers"),
    [("rate_limited_requests", "rate_limit_exceeded", (20, 60)), ("card_events", "card_deactivated", (1, 5))],
)
def test_the_first_cases_of_a_new_alert_notice_every_slip_that_can_be_noticed(
    project: Path, metric: str, event: str, numbers: tuple[int, int]
) -> None:
    asked = ("--row", "A99", "--metric", metric, "--event", event)
    threshold, window = map(str, numbers)
    run("new", "alert", "fresh_alert", *asked, "--threshold", threshold, "--window", window, folder=project)
    found = try_mutants_of(project, load_stack_settings(project, "demo"), ["fresh_alert"], [])
    alive = [mutant.partition(": ")[2] for mutant in found.alive]
    # One line in each of two minutes, and one worker each: with a threshold of 1 there are no more.
    assert alive == (["sum_over_time (1) -> max_over_time"] if numbers[0] == 1 else [])
    assert found.stale == ()


def test_a_page_of_a_new_alert_has_what_ours_must_have(our_project: Path) -> None:
    """tests/loyalty/test_runbooks.py is about our pages; what it asks for, a new page has but for its words."""
    run("new", "alert", "fresh_alert", *OPTIONS, folder=our_project)
    page = (our_project / "runbooks" / "fresh_alert.md").read_text()
    assert re.findall(r"^## (.+)$", page, re.MULTILINE) == list(RUNBOOK_SECTIONS)
    assert "replay --stack STACK --policy fresh_alert --to" in page
    assert "--filter='userLabels.row=a99 AND userLabels.environment=ENVIRONMENT'" in page
    for parameter in ("fresh_alert_count", "fresh_alert_window", "arrival_allowance"):
        assert f"`{parameter}`" in page


def test_other_events_that_the_metric_counts_are_named_where_the_query_stands(project: Path) -> None:
    asked = ("--row", "A99", "--metric", "stamp_transactions", "--event", "stamp_added")
    run("new", "alert", "fresh_alert", *asked, folder=project)
    policy = (project / "alert_policies" / "fresh_alert.yaml").read_text()
    assert "# TODO stamp_transactions counts these as well, unless a matcher leaves them out: stamp_redeemed" in policy
    assert run("lint", folder=project).stdout == "no findings\n"


def test_check_names_what_is_still_to_be_decided(project: Path) -> None:
    def told() -> list[str]:
        done = run("check", "--no-mutants", folder=project)
        return [line for line in done.stdout.splitlines() if line.startswith("undecided ")]

    committed(project)
    assert told() == []
    run("new", "alert", "fresh_alert", *OPTIONS, folder=project)
    places = [line.split()[1].rstrip(":") for line in told()]
    assert [Path(place.rpartition(":")[0]).name for place in places] == [
        "fresh_alert.yaml",
        "coverage.yaml",
        "overview.yaml",
        "drills.yaml",
        "parameters.yaml",
        "fresh_alert.md",
        "fresh_alert.yaml",
    ]


def test_the_drill_of_a_new_alert_opens_it_and_nothing_else_is_said_of_drills(project: Path) -> None:
    committed(project)
    run("new", "alert", "fresh_alert", *OPTIONS, folder=project)
    settings = load_stack_settings(project, "example-scratch")
    definitions = load_definitions(project, settings)
    scenarios = load_scenarios(project / "drills.yaml", load_contract(project / "log_events.yaml"))
    lines = lines_of(scenarios.chosen(["fresh_alert"]), "drill-1", START, settings)
    found = expected_incidents(definitions, lines, START, ["fresh_alert"], scenarios.not_drillable)
    assert [one.policy for one in found if one.chosen] == ["fresh_alert"]
    assert "drills " not in run("check", "--no-mutants", folder=project).stdout


def test_a_project_without_drills_gets_none(project: Path) -> None:
    (project / "drills.yaml").unlink()
    assert run("new", "alert", "fresh_alert", *OPTIONS, folder=project).stdout.count("wrote ") == 7
    assert not (project / "drills.yaml").exists()


def test_where_the_drill_has_no_place_nothing_is_written(project: Path) -> None:
    (project / "drills.yaml").write_text("drills: {}\n")
    done = run("new", "alert", "fresh_alert", *OPTIONS, folder=project)
    assert (done.returncode, "has no line `drills:`" in done.stderr) == (2, True)
    assert not (project / "alert_policies" / "fresh_alert.yaml").exists()


def test_without_options_it_asks(project: Path) -> None:
    done = run("new", "alert", "fresh_alert", stdin="A99\nrate_limited_requests\nrate_limit_exceeded\n", folder=project)
    assert done.returncode == 0, done.stderr
    assert (project / "alert_policies" / "fresh_alert.yaml").is_file()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("Fresh", *OPTIONS), "is no name for an alert"),
        (("fresh", "--row", "9", *OPTIONS[2:]), "is no row"),
        (
            ("fresh", "--row", "A99", "--metric", "rate_limited_request", *OPTIONS[4:]),
            "did you mean 'rate_limited_requests'",
        ),
        (("fresh", *OPTIONS[:4], "--event", "card_enroled"), "did you mean 'card_enrolled'"),
        (
            ("fresh", *OPTIONS[:4], "--event", "card_enrolled"),
            "rate_limited_requests counts rate_limit_exceeded, and never card_enrolled; choose another metric or event",
        ),
    ],
)
def test_what_cannot_be_is_said_and_nothing_is_written(project: Path, arguments: tuple[str, ...], words: str) -> None:
    before = {file: file.read_bytes() for file in project.rglob("*") if file.is_file()}
    done = run("new", "alert", *arguments, folder=project)
    assert done.returncode == 2
    assert words in done.stderr
    assert {file: file.read_bytes() for file in project.rglob("*") if file.is_file()} == before


def test_a_new_metric_and_a_chart_of_it_lint_and_the_metrics_lines_count(tmp_path: Path) -> None:
    project = shutil.copytree(EXAMPLE, tmp_path / "project")
    options = ("--event", "scan_failed", "--row", "D1", "--label", "reason")
    assert run("new", "metric", "fresh_metric", *options, folder=project).stdout.count("wrote ") == 2
    title = 'Labels "unread" an hour'
    assert run("new", "chart", title, "--metric", "fresh_metric", folder=project).stdout.count("wrote ") == 1
    assert run("lint", folder=project).stdout == "no findings\n"
    assert "TODO" in (project / "log_metrics" / "fresh_metric.yaml").read_text()
    # The lines of the other file, which log the same event, count it as well now, and say so; its own hold.
    told = run("check", "--all", "--no-mutants", folder=project).stdout
    assert "fresh_metric" in told
    assert "metrics/fresh_metric.yaml" not in "".join(line for line in told.splitlines() if "misse" in line)


def test_the_lines_of_a_new_metric_notice_each_slip_in_which_entries_it_counts(project: Path) -> None:
    options = ("--event", "card_deactivated", "--row", "L1", "--label", "merchant_id")
    run("new", "metric", "fresh_metric", *options, folder=project)
    settings = load_stack_settings(project, "demo")
    metrics = [one for one in load_definitions(project, settings).log_metrics if one.name == "fresh_metric"]
    cases = load_metric_cases(project / "tests" / "cases" / "metrics", load_contract(project / "log_events.yaml"))
    mutants = metric_mutants(metrics)
    assert len(mutants) > 50
    assert [mutant for mutant, killer in killed(mutants, cases).items() if killer is None] == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("metric", "scan_failures", "--event", "scan_failed", "--row", "D1"), "is there already"),
        (("metric", "fresh", "--event", "scan_faild", "--row", "D1"), "did you mean 'scan_failed'"),
        (("metric", "fresh", "--event", "scan_failed", "--row", "D9"), "coverage.yaml has no row 'D9'"),
        (("metric", "fresh", "--event", "scan_failed", "--row", "D1", "--label", "depot"), "did you mean 'depot_id'"),
        (("chart", "x", "--metric", "scan_failure"), "did you mean 'scan_failures'"),
        (("chart", "x", "--metric", "scan_failures", "--dashboard", "overvew"), "did you mean 'overview'"),
    ],
)
def test_a_metric_or_chart_that_cannot_be_is_said(arguments: tuple[str, ...], words: str) -> None:
    done = run("new", *arguments, folder=EXAMPLE)
    assert done.returncode == 2
    assert words in done.stderr


def test_without_a_terminal_the_options_are_asked_for() -> None:
    done = run("new", "chart", "x", folder=EXAMPLE)
    assert done.returncode == 2
    assert "standard input has no answer; give the options, see --help" in done.stderr
