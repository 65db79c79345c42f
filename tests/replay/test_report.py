"""The report: JSON as promised, and a timeline that a person reads at a glance."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime, timedelta

from loyalty_monitoring.replay.entries import Rejected
from loyalty_monitoring.replay.report import as_json, lines
from loyalty_monitoring.replay.result import Incident, MetricSummary, ReplayResult

START = datetime(2026, 11, 2, tzinfo=UTC)
SPIKE = Incident(
    "rate_limit_spike",
    "P1",
    {"store_id": "s-1"},
    START + timedelta(hours=12),
    START + timedelta(hours=12, minutes=1),
    101.0,
)
STALE = Incident("expiration_task_stale", "P0", {}, START + timedelta(hours=18), None, 93_660.0)
RESULT = ReplayResult(
    window_from=START,
    window_to=START + timedelta(days=1),
    entries_read=1_000,
    entries_rejected=1,
    first_rejected=(Rejected("day.jsonl", 7, "is not JSON"),),
    metrics={"loyalty/rate_limited_requests": MetricSummary(101, 1, 3), "loyalty/card_events": MetricSummary(0, 0, 0)},
    incidents=(SPIKE, STALE),
)


def _text(result: ReplayResult) -> str:
    return "\n".join(line.plain for line in lines(result))


def test_the_json_has_the_promised_shape() -> None:
    assert json.loads(as_json(RESULT)) == {
        "window": {"from": "2026-11-02T00:00:00Z", "to": "2026-11-03T00:00:00Z"},
        "entries": {"read": 1000, "rejected": 1},
        "metrics": {
            "loyalty/card_events": {"matched": 0, "series": 0, "points": 0},
            "loyalty/rate_limited_requests": {"matched": 101, "series": 1, "points": 3},
        },
        "incidents": [
            {
                "policy": "rate_limit_spike",
                "priority": "P1",
                "labels": {"store_id": "s-1"},
                "opened": "2026-11-02T12:00:00Z",
                "closed": "2026-11-02T12:01:00Z",
                "value": 101.0,
            },
            {
                "policy": "expiration_task_stale",
                "priority": "P0",
                "labels": {},
                "opened": "2026-11-02T18:00:00Z",
                "closed": None,
                "value": 93660.0,
            },
        ],
    }


def test_the_most_urgent_priority_comes_first_and_a_silent_one_says_so() -> None:
    text = _text(RESULT)
    assert text.index("P0  1 incident") < text.index("P1  1 incident") < text.index("P2  no incident")


def test_a_line_says_when_how_long_what_and_whose() -> None:
    text = _text(RESULT)
    assert "Mon 02 Nov 12:00  for 1m       rate_limit_spike store_id=s-1" in text
    assert "Mon 02 Nov 18:00  open, 6h 00m expiration_task_stale" in text


def test_the_bar_stands_where_the_incident_was() -> None:
    (line,) = (line.plain for line in lines(RESULT) if "expiration_task_stale" in line.plain)
    bar = line.split()[-1]
    assert bar == "·" * 36 + "█" * 12


def test_rejected_lines_and_silent_metrics_are_named() -> None:
    text = _text(RESULT)
    assert "1,000 entries read, 999 used, 1 rejected" in text
    assert "day.jsonl:7: is not JSON" in text
    assert "Nothing matched: loyalty/card_events" in text


def test_hundreds_of_stores_are_shortened_with_their_number() -> None:
    many = tuple(dataclasses.replace(SPIKE, labels={"store_id": f"s-{number}"}) for number in range(300))
    text = _text(dataclasses.replace(RESULT, incidents=many))
    assert "and 292 more of rate_limit_spike; --format json has all" in text
    assert len(text.splitlines()) < 30


def test_labels_cannot_rewrite_the_terminal() -> None:
    evil = dataclasses.replace(SPIKE, labels={"store_id": "\x1b[2J\r"})
    assert "\x1b" not in _text(dataclasses.replace(RESULT, incidents=(evil,)))
