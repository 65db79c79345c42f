"""Entries are checked part by part: what is found is the same, in bounded memory."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from loyalty_monitoring.checks.contract import check as checking
from loyalty_monitoring.checks.contract.celery import celery_fields
from loyalty_monitoring.checks.contract.query import contract_fields
from loyalty_monitoring.common import database
from loyalty_monitoring.definitions.load import load_definitions
from loyalty_monitoring.definitions.log_contract import load_contract
from loyalty_monitoring.definitions.settings import load_stack_settings
from tests.checks.contract.lines import celery, changed, healthy
from tests.conftest import PROJECT
from tests.log_lines import write

SETTINGS = load_stack_settings(PROJECT, "demo")
DEFINITIONS = load_definitions(PROJECT, SETTINGS)
CONTRACT = load_contract(PROJECT / "log_events.yaml")


def _check(file: Path) -> checking.ContractReport:
    return checking.check(CONTRACT, DEFINITIONS, SETTINGS.resource_type, [file])


def test_small_parts_find_what_one_part_finds_with_the_places_in_a_pretty_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries = [
        *healthy(),
        *(changed("points_earned", points=str(number), store_id=None) for number in range(3)),
        *(changed("task_freshness", top={"severity": severity}) for severity in ("DEBUG", "ALERT", "DEBUG")),
        *(changed("task_freshness", top={"labels": {"python_logger": logger}}) for logger in ("x.b", "x.a", "x.b")),
        *(changed("points_earned", event=name) for name in ("zebra", "points_earnd", "zebra")),
        celery("Task loyalty.expire_points[1] succeeded in 1.0s: {}", "root"),
        celery("Task loyalty.expire_points[2] raised unexpected: ValueError('x')"),
    ]
    whole = tmp_path / "day.json"
    whole.write_text("\n".join(json.dumps(one, indent=2) for one in entries))
    at_once = _check(whole)
    assert {at_once.events[index].state for index in range(len(at_once.events))} == {"ok", "broken"}
    assert len(at_once.unknown) == 2
    monkeypatch.setattr(checking, "_PART_BYTES", 1)
    monkeypatch.setattr("loyalty_monitoring.replay.entries.log_files.BATCH_BYTES", 6_000)
    assert _check(whole) == at_once


def test_the_largest_entries_are_checked_in_the_least_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(database.MEMORY, "300MB")
    entry = {**celery(""), "textPayload": "Task loyalty.expire_points[1] succeeded in 1.0s: " + "x " * 2**17}
    del entry["jsonPayload"], entry["labels"]
    assert _check(write(tmp_path / "day", [entry] * 250)).tasks[0].succeeded == 250


def test_no_whole_payload_is_kept_which_a_large_day_has_no_memory_for() -> None:
    fields = celery_fields(CONTRACT, SETTINGS.resource_type) | contract_fields(CONTRACT, SETTINGS.resource_type)
    assert [path for path in fields if path in ((), ("jsonPayload",))] == []
