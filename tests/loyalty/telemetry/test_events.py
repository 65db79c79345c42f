"""Each event's function keeps the log contract: signature, logger, severity and fields."""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any, Literal, get_type_hints

import pytest

from loyalty_monitoring.definitions.log_contract import FieldType, events_filter, load_contract
from loyalty_monitoring.replay.entries.match import count_matches
from loyalty_telemetry import WATCHED, events
from loyalty_telemetry.fields import Count, Number, Rate
from loyalty_telemetry.snapshots import Snapshot
from tests.conftest import ROOT
from tests.loyalty.telemetry.conftest import Printed

CONTRACT = load_contract(ROOT / "log_events.yaml")
FUNCTIONS = {name: thing for name, thing in vars(events).items() if hasattr(thing, "__wrapped__")}
TYPES: dict[FieldType, Any] = {"string": str, "count": Count, "number": Number, "rate": Rate, "boolean": bool}
SAMPLES: dict[FieldType, Any] = {"string": "x-1", "count": 3, "number": -1.5, "rate": 0.5, "boolean": False}


def _given(name: str) -> dict[str, FieldType]:
    event = CONTRACT.events[name]
    return {field: kind for field, kind in event.fields.items() if field not in event.ratios}


def _sample(name: str) -> dict[str, Any]:
    return {field: kind[0] if isinstance(kind, tuple) else SAMPLES[kind] for field, kind in _given(name).items()}


def test_there_is_one_function_an_event_and_no_other() -> None:
    assert FUNCTIONS.keys() == CONTRACT.events.keys()


@pytest.mark.parametrize("name", CONTRACT.events)
def test_a_function_takes_the_fields_of_its_event_by_name_and_typed(name: str) -> None:
    function = FUNCTIONS[name]
    hints = get_type_hints(function, include_extras=True)
    assert hints.pop("more") is object
    del hints["return"]
    assert hints == {
        field: Literal[kind] if isinstance(kind, tuple) else TYPES[kind] for field, kind in _given(name).items()
    }
    kinds = {parameter.kind for parameter in inspect.signature(function).parameters.values()}
    assert kinds == {inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.VAR_KEYWORD}


def test_every_line_keeps_the_contract_of_its_event_and_of_no_other(printed: Printed, tmp_path: Path) -> None:
    for name, function in FUNCTIONS.items():
        function(**_sample(name), request_id="r-1")
    file = tmp_path / "lines.jsonl"
    entries = printed.entries()
    file.write_text("".join(json.dumps(entry) + "\n" for entry in entries))
    assert [entry["jsonPayload"]["event"] for entry in entries] == list(FUNCTIONS)
    assert {entry["jsonPayload"]["request_id"] for entry in entries} == {"r-1"}
    counts = {name: count_matches(events_filter(CONTRACT, (name,), "k8s_container"), [file]) for name in FUNCTIONS}
    assert counts == dict.fromkeys(FUNCTIONS, 1)


@pytest.mark.parametrize(
    ("status", "severity"),
    [
        ("sent", "INFO"),
        ("failed", "WARNING"),
        ("bounced", "WARNING"),
        ("delivered", "INFO"),
        ("opened", "INFO"),
        ("clicked", "INFO"),
    ],
)
def test_an_email_that_failed_or_bounced_is_a_warning(
    printed: Printed, status: events.EmailStatus, severity: str
) -> None:
    events.email_status_changed(template_code="loyalty_welcome", status=status)
    assert printed.entry()["severity"] == severity


@pytest.mark.parametrize(
    ("failed", "total", "severity", "rate"),
    [(0, 0, "INFO", 0), (0, 3, "INFO", 0), (1, 3, "WARNING", 1 / 3), (3, 3, "WARNING", 1)],
)
def test_one_failed_card_makes_a_wallet_run_a_warning_and_no_cards_fail_at_rate_0(
    printed: Printed, failed: int, total: int, severity: str, rate: float
) -> None:
    events.wallet_sync_completed(platform="apple", cards_total=total, cards_failed=failed)
    entry = printed.entry()
    assert (entry["severity"], entry["jsonPayload"]["failure_rate"]) == (severity, rate)


def test_the_other_severities_are_fixed(printed: Printed) -> None:
    events.card_sync_failed(platform="google", card_id="c-1", retry_count=0)
    events.card_sync_exhausted(platform="google", card_id="c-1", retry_count=5)
    events.rate_limit_exceeded(store_id="s-1")
    assert [entry["severity"] for entry in printed.entries()] == ["WARNING", "ERROR", "WARNING"]


def test_an_entry_says_where_it_was_called(printed: Printed) -> None:
    events.card_deactivated(merchant_id="m-1", card_id="c-1")
    location = printed.entry()["sourceLocation"]
    assert location["file"] == __file__
    assert location["function"].endswith("test_an_entry_says_where_it_was_called")


def test_a_snapshot_holds_the_fields_of_its_event() -> None:
    hints = get_type_hints(events.program_snapshot)
    assert get_type_hints(Snapshot) == {name: hints[name] for name in CONTRACT.events["program_snapshot"].fields}


def test_the_watched_tasks_are_those_of_the_contract() -> None:
    assert CONTRACT.celery_tasks == WATCHED
