"""What the check takes for a line of Celery is what the metrics on Celery count."""

from __future__ import annotations

from pathlib import Path

import pytest

from loyalty_monitoring.checks.contract.check import check
from loyalty_monitoring.checks.contract.findings import findings
from loyalty_monitoring.definitions.load import load_definitions
from loyalty_monitoring.definitions.log_contract import load_contract
from loyalty_monitoring.definitions.settings import load_stack_settings
from loyalty_monitoring.replay.entries.match import count_matches
from tests.checks.contract.lines import celery, healthy
from tests.conftest import ROOT
from tests.log_lines import Entry, write

SETTINGS = load_stack_settings(ROOT, "demo")
DEFINITIONS = load_definitions(ROOT, SETTINGS)
CONTRACT = load_contract(ROOT / "log_events.yaml")
OUTCOMES = [
    "succeeded in 1.5s: {'cards': 3}",
    "succeeded in 1.5e-05s: None",
    "raised unexpected: ValueError('x')\nTraceback ...",
    "raised expected: Ignore()",
    "INTERNAL ERROR: KeyError('x')",
    "retry: Retry in 60s: OSError()",
    "received",
    "SUCCEEDED in 1.5s: None",
]


def _lines(task: str) -> list[Entry]:
    messages = [f"Task {task}[3f2a-11] {outcome}" for outcome in OUTCOMES]
    structured = [celery(message) for message in messages]
    prefixed = [f"[2026-11-02 03:00:00,000: INFO/ForkPoolWorker-1] {message}" for message in messages]
    plain = [{**celery(""), "textPayload": message} for message in messages + prefixed]
    for line in plain:
        del line["jsonPayload"], line["labels"]
    return [*structured, *plain, celery(f"x {messages[0]}"), celery(messages[0], "app.modules.loyalty.tasks")]


@pytest.mark.parametrize("task", [*CONTRACT.celery_tasks, "loyalty.expire_points_now", "other.task"])
def test_the_check_and_the_metrics_count_the_same_lines(tmp_path: Path, task: str) -> None:
    file = write(tmp_path / "lines.jsonl", _lines(task))
    report = check(CONTRACT, DEFINITIONS, SETTINGS.resource_type, [file])
    filters = {metric.name: metric.body["filter"] for metric in DEFINITIONS.log_metrics}
    counted = {
        what: sum(count_matches(filters[f"celery_task_{what}{twin}"], [file]) for twin in ("", "_text"))
        for what in ("successes", "failures")
    }
    assert sum(one.succeeded for one in report.tasks) == counted["successes"]
    assert sum(one.failed for one in report.tasks) == counted["failures"]
    watched = task in CONTRACT.celery_tasks
    assert sum(one.retried for one in report.tasks) == (3 if watched else 0)
    assert sum(one.count for one in report.uncounted) == (2 if watched else 0)


def test_a_task_of_which_celery_says_nothing_is_missed_by_its_charts(tmp_path: Path) -> None:
    lines = [*healthy()[:-1], celery("Task loyalty.sync_wallet_passes[3f2a-2] retry: Retry in 60s: OSError()")]
    report = check(CONTRACT, DEFINITIONS, SETTINGS.resource_type, [write(tmp_path / "lines.jsonl", lines)])
    (finding,) = [one for one in findings(report) if one.subject == "loyalty.sync_wallet_passes"]
    assert finding.level == "warning"
    assert "Loyalty: task health / Successful runs in 24 hours by task" in finding.charts
