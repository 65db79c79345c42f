"""What the check takes for a line of Celery is what the metrics on Celery count."""

from __future__ import annotations

from pathlib import Path

import pytest

from loyalty_monitoring.checks.contract.check import check
from loyalty_monitoring.definitions.log_contract import load_contract
from loyalty_monitoring.definitions.settings import load_stack_settings
from loyalty_monitoring.replay.entries.match import count_matches
from tests.checks.contract.lines import celery
from tests.conftest import ROOT, our_definitions
from tests.log_lines import Entry, write

SETTINGS = load_stack_settings(ROOT, "demo")
DEFINITIONS = our_definitions()
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
    succeeded = sum(one.succeeded for one in report.tasks)
    failed = sum(one.failed for one in report.tasks)
    for what, count in (("successes", succeeded), ("failures", failed)):
        twins = {f"celery_task_{what}", f"celery_task_{what}_text"}
        if twins <= filters.keys():
            assert count == sum(count_matches(filters[name], [file]) for name in twins)
    watched = task in CONTRACT.celery_tasks
    assert sum(one.retried for one in report.tasks) == (3 if watched else 0)
    assert sum(one.count for one in report.uncounted) == (2 if watched else 0)
