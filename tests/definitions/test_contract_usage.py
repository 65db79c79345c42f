"""The metrics and the contract fit together: every field that is read is there, and every event is counted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from loyalty_monitoring.checks.lint.resources import our_project
from loyalty_monitoring.checks.lint.rules.contract_fields import check
from loyalty_monitoring.definitions.contract_usage import disagreements, selected_events
from loyalty_monitoring.definitions.load import load_definitions
from loyalty_monitoring.definitions.log_contract import events_filter, load_contract
from loyalty_monitoring.definitions.metric_usage import readers
from loyalty_monitoring.definitions.model import LogMetric
from loyalty_monitoring.definitions.settings import load_stack_settings
from tests.conftest import PROJECT, ROOT, our_definitions

CONTRACT = load_contract(PROJECT / "log_events.yaml")
SETTINGS = load_stack_settings(ROOT, "demo")
METRICS = our_definitions().log_metrics


def _body(events: str = "points_earned", more: str = "", **changes: Any) -> dict[str, Any]:
    text = events_filter(CONTRACT, tuple(events.split()), "k8s_container")
    return {"name": "loyalty/x", "filter": text + more, "metricDescriptor": {"valueType": "INT64"}, **changes}


def _said(body: dict[str, Any]) -> list[tuple[tuple[str | int, ...], str]]:
    return [(one.path, one.message) for one in disagreements(CONTRACT, [body])[0]]


def test_what_our_metrics_read_is_in_the_contract_with_its_type() -> None:
    project, _ = our_project(ROOT, SETTINGS)
    assert len(project.of("log_metric")) == len(METRICS)
    assert [problem for metric in project.of("log_metric") for problem in check(metric, project)] == []


def test_an_event_is_selected_by_the_metrics_that_count_it_and_by_no_other() -> None:
    def selected(metrics: Sequence[LogMetric], resource_type: str = "k8s_container") -> set[str]:
        return {event for events in selected_events(CONTRACT, metrics, resource_type).values() for event in events}

    every = load_definitions(PROJECT, SETTINGS).log_metrics
    assert "rate_limit_exceeded" in selected(every)
    fewer = [metric for metric in every if metric.name != "rate_limited_requests"]
    assert selected(fewer) == selected(every) - {"rate_limit_exceeded"}
    assert selected(every, "gce_instance") == set()


@pytest.mark.parametrize(
    ("filter_text", "events"),
    [
        ('jsonPayload.event = "card_enrolled"', ["card_enrolled"]),
        ('jsonPayload.event =~ "^stamp_" AND jsonPayload.stamps > 5',
         ["stamp_added", "stamp_redeemed", "stamp_voided"]),
        ("severity >= ERROR AND labels.python_logger:*", ["card_sync_exhausted"]),
        ('labels.python_logger =~ "rate_limiter$" AND NOT jsonPayload.event = "rate_limit_exceeded"', []),
        ('severity = WARNING AND jsonPayload.event = "email_status_changed"', ["email_status_changed"]),
        ('textPayload =~ "x"', []),
        ('jsonPayload.store_id = "s-1" AND (severity = ERROR OR jsonPayload.status = 429) AND severity = ERROR',
         ["card_sync_exhausted"]),
    ],
)  # fmt: skip
def test_a_metric_selects_an_event_when_its_filter_can_match_such_an_entry(filter_text: str, events: list[str]) -> None:
    metric = LogMetric("x", (), {"name": "loyalty/x", "filter": filter_text}, Path("x.yaml"))
    assert selected_events(CONTRACT, [metric], "k8s_container")["x"] == tuple(events)


@pytest.mark.parametrize(
    "body",
    [
        _body(valueExtractor="EXTRACT(jsonPayload.points)"),
        _body(more="\nAND jsonPayload.points > 5"),
        _body(labelExtractors={"a": "EXTRACT(jsonPayload.event)", "b": "EXTRACT(labels.python_logger)"}),
        _body(labelExtractors={"a": 'REGEXP_EXTRACT(jsonPayload.message, "(x)")'}),
        _body("program_snapshot", "\nAND jsonPayload.program_active = false"),
        _body("rate_limit_exceeded", valueExtractor="EXTRACT(jsonPayload.status)"),
        _body("points_earned card_sync_failed", '\nAND (jsonPayload.points > 5 OR jsonPayload.event = "none")')
        | {"filter": 'jsonPayload.event = "points_earned" AND jsonPayload.points > 5 OR jsonPayload.event = "none"'},
    ],
)
def test_fields_of_the_event_pass(body: dict[str, Any]) -> None:
    assert _said(body) == []


@pytest.mark.parametrize(
    ("body", "path", "words"),
    [
        (_body(valueExtractor="EXTRACT(jsonPayload.amount)"), ("valueExtractor",), "does not have"),
        (_body(valueExtractor="EXTRACT(jsonPayload.store_id)"), ("valueExtractor",), "as number, but"),
        (_body(labelExtractors={"a": "EXTRACT(jsonPayload.points)"}), ("labelExtractors", "a"), "as text, but"),
        (_body(more="\nAND jsonPayload.amount > 5"), ("filter",), "does not have"),
        (_body(more='\nAND jsonPayload.points =~ "5"'), ("filter",), "as text, but"),
        (_body(more="\nAND jsonPayload.store_id > 5"), ("filter",), "as number, but"),
        (_body(more="\nAND jsonPayload.points = true"), ("filter",), "as boolean, but"),
        (_body("points_earned card_enrolled", valueExtractor="EXTRACT(jsonPayload.points)"), ("valueExtractor",),
         "reads jsonPayload.points, which the event card_enrolled does not have"),
    ],
)  # fmt: skip
def test_a_field_that_is_not_there_or_of_another_type_is_named(
    body: dict[str, Any], path: tuple[str, ...], words: str
) -> None:
    ((found, message),) = _said(body)
    assert found == path
    assert words in message


def test_who_reads_a_metric_is_known_by_name() -> None:
    found = readers(load_definitions(PROJECT, SETTINGS))
    assert found["task_last_success"].alerts == ("telemetry_silent",)
    assert found["rate_limited_requests"].alerts == ("rate_limit_spike",)
    assert found["rate_limited_requests"].charts == (
        "Loyalty: overview / Rejected requests per hour by store, 20 highest stores",
        "Loyalty: overview / Rejected requests in the worst 1 minute of the hour, 20 highest stores",
    )
