"""`loyalty-monitoring new alert`: six files that load, lint and can be proven at once."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.conftest import EXAMPLE, run

OPTIONS = ("--row", "A99", "--metric", "rate_limited_requests", "--event", "rate_limit_exceeded")


@pytest.mark.parametrize("priority", ["P0", "P1", "P2"])
def test_the_six_files_load_and_lint_and_their_cases_hold(project: Path, priority: str) -> None:
    done = run("new", "alert", "fresh_alert", *OPTIONS, "--priority", priority, folder=project)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("wrote ") == 6
    assert run("lint", folder=project).stdout == "no findings\n"
    if priority != "P1":
        return
    proof = json.loads(run("prove", "fresh_alert", "--format", "json", folder=project).stdout)
    assert [case["misses"] for case in proof["cases"]] == [[], []]
    assert all("no case of the kind" in sentence for sentence in proof["gate"])
    for file in ("coverage.yaml", "parameters.yaml", "alert_policies/fresh_alert.yaml", "runbooks/fresh_alert.md"):
        assert "TODO" in (project / file).read_text()


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
