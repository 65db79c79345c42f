"""A5: more than 100 responses with status 429 for one store in one calendar minute."""

from __future__ import annotations

from datetime import timedelta

from tests.log_lines import START, hours, minutes, rejection

POLICY = "rate_limit_spike"
MINUTE = START + hours(10)


def _rejections(count, store="s-1", at=MINUTE):
    return [rejection(at + timedelta(seconds=i % 60, milliseconds=i), store) for i in range(count)]


def test_101_rejections_in_a_minute_open_an_incident_of_that_store(incidents_of) -> None:
    (incident,) = incidents_of(POLICY, _rejections(101), start=MINUTE - minutes(1), end=MINUTE + minutes(5))
    assert MINUTE + minutes(1) <= incident.opened <= MINUTE + minutes(3)
    assert incident.labels == {"store_id": "s-1"}
    assert incident.value == 101


def test_100_rejections_a_minute_stay_silent(incidents_of) -> None:
    entries = [line for i in range(10) for line in _rejections(100, at=MINUTE + minutes(i))]
    assert incidents_of(POLICY, entries) == ()


def test_it_closes_in_the_minute_after(incidents_of) -> None:
    (incident,) = incidents_of(POLICY, _rejections(101), end=MINUTE + minutes(5))
    assert incident.closed == incident.opened + minutes(1)


def test_60_and_60_in_two_stores_stay_silent(incidents_of) -> None:
    assert incidents_of(POLICY, _rejections(60) + _rejections(60, "s-2"), end=MINUTE + minutes(5)) == ()


def test_60_and_60_in_two_minutes_stay_silent(incidents_of) -> None:
    entries = _rejections(60, at=MINUTE) + _rejections(60, at=MINUTE + minutes(1))
    assert incidents_of(POLICY, entries, end=MINUTE + minutes(5)) == ()


def test_two_stores_have_an_incident_each(incidents_of) -> None:
    found = incidents_of(POLICY, _rejections(101) + _rejections(150, "s-2"), end=MINUTE + minutes(5))
    assert [(i.labels["store_id"], i.value) for i in found] == [("s-1", 101), ("s-2", 150)]


def test_the_workers_of_a_store_count_together(incidents_of) -> None:
    entries = _rejections(101)
    for i, line in enumerate(entries):
        line["resource"]["labels"] = {**line["resource"]["labels"], "pod_name": f"worker-{i % 3}"}
    assert len(incidents_of(POLICY, entries, end=MINUTE + minutes(5))) == 1


def test_the_last_and_the_first_millisecond_of_a_minute_belong_to_different_minutes(incidents_of) -> None:
    inside = [rejection(MINUTE + timedelta(seconds=59, milliseconds=999), "s-1") for _ in range(100)]
    after = [rejection(MINUTE + minutes(1), "s-1")]
    assert incidents_of(POLICY, inside + after, end=MINUTE + minutes(5)) == ()


def test_the_boundary_moves_with_its_parameter(incidents_of) -> None:
    assert len(incidents_of(POLICY, _rejections(11), end=MINUTE + minutes(5), rate_limit_requests=10)) == 1
