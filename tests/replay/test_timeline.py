"""The report: JSON as promised, and a timeline that a person reads at a glance."""

from __future__ import annotations

import dataclasses
import io
import json
from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console

from loyalty_monitoring.replay.entries.counts import Rejected
from loyalty_monitoring.replay.result import Incident, MetricSummary, ReplayResult
from loyalty_monitoring.replay.timeline import as_json, lines, print_text

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
    policies={"rate_limit_spike": "P1", "expiration_task_stale": "P0", "high_churn": "P2"},
    metrics={"loyalty/rate_limited_requests": MetricSummary(101, 1, 3), "loyalty/card_events": MetricSummary(0, 0, 0)},
    incidents=(SPIKE, STALE),
)


def _text(result: ReplayResult, width: int = 120) -> str:
    return "\n".join(line.plain for line in lines(result, width))


def _with(*incidents: Incident) -> ReplayResult:
    return dataclasses.replace(RESULT, incidents=incidents)


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
    assert "Mon 02 Nov 12:00  to 12:01           1m  rate_limit_spike store_id=s-1      101  " in text
    assert "Mon 02 Nov 18:00  still open     6h 00m  expiration_task_stale           93,660  " in text
    assert "2 incidents, 1 still open at the end" in text


def test_the_day_is_named_where_it_closed_on_another_one() -> None:
    night = dataclasses.replace(SPIKE, closed=START + timedelta(days=1, hours=1))
    assert "Mon 02 Nov 12:00  to Tue 01:00  13h 00m  rate_limit_spike" in _text(_with(night))


def test_no_incident_is_said_plainly() -> None:
    text = _text(_with())
    assert "P0  no incident\nP1  no incident\nP2  no incident\n" in text
    assert "No incident: none of the 3 alert policies would have opened one" in text


def test_a_value_and_a_margin_are_said_in_their_units() -> None:
    text = "\n".join(line.plain for line in lines(RESULT, 120, value_units={"expiration_task_stale": "s"}))
    assert "expiration_task_stale          1 d 2 h 1 min  " in text


def test_one_policy_that_opened_nothing_is_not_counted() -> None:
    text = _text(dataclasses.replace(_with(), policies={"rate_limit_spike": "P1"}))
    assert "No incident: the alert policy would not have opened one" in text


def test_nothing_is_said_of_a_priority_that_was_not_evaluated() -> None:
    text = _text(dataclasses.replace(RESULT, policies={"rate_limit_spike": "P1"}, incidents=(SPIKE,)))
    assert "P1" in text
    assert "P0" not in text
    assert "P2" not in text


def test_the_bar_stands_where_the_incident_was() -> None:
    (line,) = (line.plain for line in lines(RESULT, 200) if "expiration_task_stale" in line.plain)
    bar = line.split()[-1]
    assert bar == "·" * 36 + "█" * 12


@pytest.mark.parametrize("width", [105, 110, 120])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    many = [dataclasses.replace(SPIKE, labels={"store_id": f"商店-{number}"}) for number in range(20)]
    assert all(line.cell_len <= width for line in lines(_with(*many), width))


def test_a_name_that_is_too_long_ends_with_an_ellipsis() -> None:
    text = _text(_with(dataclasses.replace(SPIKE, labels={"store_id": "s" * 100})))
    assert f"rate_limit_spike store_id={'s' * 29}…  " in text


@pytest.mark.parametrize(
    ("length", "ruler"),
    [
        (timedelta(hours=6), "00:00   01:00   02:00   03:00   04:00   05:00"),
        (timedelta(days=1), "00:00 03:00 06:00 09:00 12:00 15:00 18:00 21:00"),
        (timedelta(days=3), "Mon     12:00   Tue     12:00   Wed     12:00"),
        (timedelta(days=8), "Mon   Tue   Wed   Thu   Fri   Sat   Sun   Mon"),
        (timedelta(days=60), "02 Nov     16 Nov     30 Nov     14 Dec"),
    ],
)
def test_the_ruler_shows_hours_or_days_as_they_fit(length: timedelta, ruler: str) -> None:
    text = _text(dataclasses.replace(RESULT, window_to=START + length, incidents=(SPIKE,)), 200)
    assert ruler in text


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


def test_the_bar_of_those_not_listed_shows_when_they_were() -> None:
    many = [
        dataclasses.replace(
            SPIKE, opened=START + timedelta(hours=hour), closed=START + timedelta(hours=hour, minutes=9)
        )
        for hour in range(24)
    ]
    (line,) = (line.plain for line in lines(_with(*many), 200) if "more of" in line.plain)
    assert line.split()[-1] == "·" * 16 + "█·" * 16


def test_a_value_that_json_has_no_number_for_is_a_string() -> None:
    text = as_json(_with(dataclasses.replace(SPIKE, value=float("inf"))))
    assert json.loads(text, parse_constant=pytest.fail)["incidents"][0]["value"] == "Infinity"


@pytest.mark.parametrize(
    ("terminal", "no_color", "coloured"), [(True, False, True), (True, True, False), (False, False, False)]
)
def test_colour_is_for_terminals_that_want_it(
    monkeypatch: pytest.MonkeyPatch, terminal: bool, no_color: bool, coloured: bool
) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    if no_color:
        monkeypatch.setenv("NO_COLOR", "1")
    out = io.StringIO()
    print_text(RESULT, Console(file=out, force_terminal=terminal, width=120, highlight=False))
    assert ("\x1b[33m" in out.getvalue()) == coloured
    if not terminal:
        assert out.getvalue() == _text(RESULT) + "\n"


def test_labels_cannot_rewrite_the_terminal() -> None:
    evil = dataclasses.replace(SPIKE, labels={"store_id": "\x1b[2J\r"})
    assert "\x1b" not in _text(dataclasses.replace(RESULT, incidents=(evil,)))
