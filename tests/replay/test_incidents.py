"""From answers over time to incidents: when one opens, when it closes, and when it does neither."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from loyalty_monitoring.definitions.model import AlertPolicy
from loyalty_monitoring.replay.incidents import evaluation_instants, incidents
from loyalty_monitoring.replay.prometheus import Series

T = 1_793_600_400


def _policy(duration: int = 0, interval: int = 60) -> AlertPolicy:
    condition = {"query": "x > 0", "duration": f"{duration}s", "evaluationInterval": f"{interval}s"}
    body = {"conditions": [{"conditionPrometheusQueryLanguage": condition}]}
    return AlertPolicy("x", ("A1",), "P1", body, Path("x.yaml"))


def _series(*minutes: int, **labels: str) -> Series:
    return Series(labels, [(T + 60 * minute, float(minute)) for minute in minutes])


def _minutes(found: list) -> list[tuple[int, int | None]]:
    return [
        (int(one.opened.timestamp() - T) // 60, one.closed and int(one.closed.timestamp() - T) // 60) for one in found
    ]


def test_an_incident_closes_at_the_first_evaluation_without_its_label_set() -> None:
    assert _minutes(incidents(_policy(), [_series(3, 4, 5)], T + 600, "at-once")) == [(3, 6)]


def test_it_is_open_when_the_last_evaluation_still_has_it() -> None:
    assert _minutes(incidents(_policy(), [_series(9, 10)], T + 600, "at-once")) == [(9, None)]


def test_a_gap_of_one_evaluation_makes_two_incidents() -> None:
    assert _minutes(incidents(_policy(), [_series(1, 3)], T + 600, "at-once")) == [(1, 2), (3, 4)]


def test_a_duration_must_pass_first() -> None:
    assert _minutes(incidents(_policy(120), [_series(1, 2, 3, 4)], T + 600, "at-once")) == [(3, 5)]


def test_one_evaluation_short_of_the_duration_opens_nothing() -> None:
    assert incidents(_policy(120), [_series(1, 2)], T + 600, "at-once") == []


def test_a_gap_starts_the_duration_anew() -> None:
    assert _minutes(incidents(_policy(120), [_series(1, 2, 4, 5, 6, 7)], T + 600, "at-once")) == [(6, 8)]


def test_a_duration_that_is_no_multiple_of_the_interval_passes_at_the_next_evaluation() -> None:
    assert _minutes(incidents(_policy(90), [_series(1, 2, 3)], T + 600, "at-once")) == [(3, 4)]


def test_a_condition_that_is_met_from_the_start_still_waits_for_its_duration() -> None:
    assert _minutes(incidents(_policy(120), [_series(0, 1, 2)], T + 120, "at-once")) == [(2, None)]


def test_evaluations_are_counted_in_intervals_not_in_minutes() -> None:
    five = Series({}, [(T + 300 * step, 1.0) for step in (1, 2, 4)])
    assert _minutes(incidents(_policy(300, interval=300), [five], T + 3000, "at-once")) == [(10, 15)]


def test_nothing_at_all_is_no_incident() -> None:
    assert incidents(_policy(), [], T + 600, "at-once") == []


def test_a_value_of_zero_or_nan_is_a_condition_met() -> None:
    odd = [Series({"v": str(value)}, [(T, value)]) for value in (0.0, float("nan"))]
    assert [one.labels["v"] for one in incidents(_policy(), odd, T + 60, "at-once")] == ["0.0", "nan"]


def test_the_value_is_that_of_the_opening_evaluation() -> None:
    (incident,) = incidents(_policy(120), [_series(1, 2, 3, 4)], T + 600, "at-once")
    assert incident.value == 3.0


def test_each_label_set_has_incidents_of_its_own() -> None:
    found = incidents(_policy(), [_series(1, store="a"), _series(1, 2, store="b")], T + 600, "at-once")
    assert [(one.labels["store"], one.closed and one.closed.minute) for one in found] == [
        ("a", datetime.fromtimestamp(T + 120, UTC).minute),
        ("b", datetime.fromtimestamp(T + 180, UTC).minute),
    ]


@pytest.mark.parametrize(("seconds", "first"), [(0, 0), (1e-6, 300), (1, 300), (299, 300), (300, 300), (300.5, 600)])
def test_evaluations_come_at_whole_intervals_from_the_start_on(seconds: float, first: int) -> None:
    start = datetime.fromtimestamp(T, UTC) + timedelta(seconds=seconds)
    assert evaluation_instants(start, start + timedelta(hours=1), 300)[0] == T + first


def test_an_incident_closes_270_seconds_after_its_condition_was_last_met() -> None:
    assert _minutes(incidents(_policy(), [_series(3, 4, 5)], T + 900)) == [(3, 10)]


def test_of_long_intervals_two_must_pass() -> None:
    five = Series({}, [(T + 300, 1.0), (T + 600, 1.0)])
    assert _minutes(incidents(_policy(interval=300), [five], T + 3000)) == [(5, 20)]


@pytest.mark.parametrize(("again", "found"), [(9, [(3, 14)]), (10, [(3, 15)]), (11, [(3, 10), (11, 16)])])
def test_openings_nearer_than_that_are_one_incident(again: int, found: list[tuple[int, int]]) -> None:
    assert _minutes(incidents(_policy(), [_series(3, 4, 5, again)], T + 1800)) == found


def test_an_incident_that_goes_on_needs_no_second_duration() -> None:
    assert _minutes(incidents(_policy(120), [_series(1, 2, 3, 6, 7)], T + 1800)) == [(3, 12)]
