"""The tasks: runs, times and freshness."""

from __future__ import annotations

from pathlib import Path

from loyalty_monitoring.checks.contract.check import check
from loyalty_monitoring.checks.contract.findings import findings
from loyalty_monitoring.definitions.log_contract import load_contract
from tests.checks.contract.lines import celery, healthy
from tests.conftest import ROOT
from tests.log_lines import write
from tests.loyalty.dashboards.reading import DASHBOARDS, DEFINITIONS, SETTINGS, Shown, widgets

CONTRACT = load_contract(ROOT / "log_events.yaml")


def test_both_kinds_of_celery_workers_count_even_with_the_same_labels(shown: Shown) -> None:
    expire, sync = "loyalty.expire_points", "loyalty.sync_wallet_passes"
    assert shown("Success rate in 24 hours by task") == {expire: 0.75, sync: 0}
    assert shown("Successful runs in 24 hours by task") == {expire: 3}
    assert shown("Failed runs in 24 hours by task") == {expire: 1, sync: 1}
    assert shown("Mean execution time in 24 hours by task") == {expire: 4}
    (estimate,) = shown("Execution time in 24 hours by task, 95th percentile").values()
    # 8.0 s lies in the bucket from 4.096 s to 8.192 s.
    assert 4.096 <= estimate.expected <= 8.192


def test_freshness_is_the_newest_report_s(shown: Shown) -> None:
    assert shown("Time since the last success by task") == {"loyalty.expire_points": 3 * 3600}
    assert shown("Freshness reports in 60 minutes") == {"": 2}


def test_the_chunks_of_the_point_expiration(shown: Shown) -> None:
    assert shown("Chunks in 24 hours") == {"": 2}
    assert shown("Cards in the chunks of 24 hours") == {"": 80}
    assert shown("Points expired in 24 hours") == {"": 800}


def test_runs_are_shown_over_24_hours_as_their_row_asks(dashboard: str) -> None:
    assert "D5" in DASHBOARDS[dashboard].rows
    titles = {widget["title"] for widget in widgets(DASHBOARDS[dashboard])}
    assert {"Success rate in 24 hours by task", "Mean execution time in 24 hours by task"} <= titles


def test_a_task_of_which_celery_says_nothing_is_missed_by_its_charts(dashboard: str, tmp_path: Path) -> None:
    title = "Successful runs in 24 hours by task"
    lines = [*healthy()[:-1], celery("Task loyalty.sync_wallet_passes[3f2a-2] retry: Retry in 60s: OSError()")]
    report = check(CONTRACT, DEFINITIONS, SETTINGS.resource_type, [write(tmp_path / "lines.jsonl", lines)])
    (finding,) = [one for one in findings(report) if one.subject == "loyalty.sync_wallet_passes"]
    assert finding.level == "warning"
    assert f"{DASHBOARDS[dashboard].body['displayName']} / {title}" in finding.charts
