"""A7: a merchant whose program has been active for 7 days enrolled fewer than 5 cards in 7 days."""

from __future__ import annotations

import pytest

from tests.log_lines import START, hours, minutes, snapshot

POLICY = "low_enrollment"
FIRST = START + minutes(3)


def _hourly(count, merchant="m-1", first=FIRST, **fields):
    return [snapshot(first + hours(i), merchant, **fields) for i in range(count)]


@pytest.mark.parametrize("cards", [0, 4])
def test_fewer_than_5_cards_open_an_incident_of_that_merchant(incidents_of, cards) -> None:
    (incident,) = incidents_of(POLICY, _hourly(4, new_cards_7d=cards) + _hourly(4, "m-2"))
    assert incident.labels == {"merchant_id": "m-1"}
    assert incident.value == cards
    assert FIRST < incident.opened <= FIRST + hours(2) + minutes(5)


def test_exactly_5_cards_stay_silent(incidents_of) -> None:
    assert incidents_of(POLICY, _hourly(5, new_cards_7d=5), end=FIRST + hours(8)) == ()


def test_two_merchants_have_an_incident_each(incidents_of) -> None:
    found = incidents_of(POLICY, _hourly(3, new_cards_7d=1) + _hourly(3, "m-2", new_cards_7d=2))
    assert {incident.labels["merchant_id"]: incident.value for incident in found} == {"m-1": 1, "m-2": 2}


def test_an_inactive_program_never_opens_it(incidents_of) -> None:
    assert incidents_of(POLICY, _hourly(5, new_cards_7d=0, program_active=False)) == ()


def test_a_program_that_was_just_switched_off_opens_nothing(incidents_of) -> None:
    # 10 cards, then 4, then switched off: without the last snapshot the mean of the window would fall below 5.
    entries = [
        snapshot(FIRST, new_cards_7d=10),
        snapshot(FIRST + hours(1), new_cards_7d=4),
        snapshot(FIRST + hours(2), new_cards_7d=4, program_active=False),
        snapshot(FIRST + hours(3), new_cards_7d=4, program_active=False),
    ]
    assert incidents_of(POLICY, entries, end=FIRST + hours(8)) == ()


def test_a_program_of_6_days_stays_silent(incidents_of) -> None:
    assert incidents_of(POLICY, _hourly(5, new_cards_7d=0, program_active_days=6)) == ()


def test_a_program_of_7_days_is_judged(incidents_of) -> None:
    assert len(incidents_of(POLICY, _hourly(5, new_cards_7d=0, program_active_days=7))) == 1


def test_it_closes_within_two_hours_and_five_minutes(incidents_of) -> None:
    better = FIRST + hours(4)
    (incident,) = incidents_of(POLICY, _hourly(4, new_cards_7d=4) + _hourly(4, first=better, new_cards_7d=6))
    assert incident.closed is not None
    assert better < incident.closed <= better + hours(2) + minutes(5)


def test_the_boundary_moves_with_its_parameter(incidents_of) -> None:
    assert len(incidents_of(POLICY, _hourly(3, new_cards_7d=9), low_enrollment_cards=10)) == 1
    assert incidents_of(POLICY, _hourly(3, new_cards_7d=0, program_active_days=9), min_program_days=10) == ()
