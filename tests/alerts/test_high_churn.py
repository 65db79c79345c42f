"""A6: more than 20% of the active cards of all merchants are at risk."""

from __future__ import annotations

from tests.log_lines import START, every, hours, minutes, snapshot

POLICY = "high_churn"
FIRST = START + minutes(3)


def _hourly(count, merchant="m-1", first=FIRST, **fields):
    return [snapshot(first + hours(i), merchant, **fields) for i in range(count)]


def test_more_than_20_percent_opens_it(incidents_of) -> None:
    (incident,) = incidents_of(POLICY, _hourly(4, at_risk_cards=201))
    assert FIRST < incident.opened <= FIRST + hours(2) + minutes(5)
    assert incident.closed is None


def test_exactly_20_percent_stays_silent(incidents_of) -> None:
    assert incidents_of(POLICY, _hourly(5, at_risk_cards=200), end=FIRST + hours(8)) == ()


def test_the_cards_of_all_merchants_count_together(incidents_of) -> None:
    entries = _hourly(4, at_risk_cards=900) + _hourly(4, "m-2", active_cards=9000, at_risk_cards=1100)
    assert incidents_of(POLICY, entries) == ()


def test_a_merchant_with_three_snapshots_does_not_weigh_more_than_one_with_two(incidents_of) -> None:
    # m-1 is at 40% and reports three times in the window, m-2 is at 0.2% and reports twice: together 20.1% by cards
    # once each, but more when snapshots were simply added.
    often = [snapshot(at, "m-1", at_risk_cards=398) for at in every(minutes(40), FIRST, FIRST + hours(6))]
    entries = often + _hourly(7, "m-2", at_risk_cards=2)
    assert incidents_of(POLICY, entries, start=FIRST + hours(2)) == ()


def test_it_closes_within_two_hours_and_five_minutes(incidents_of) -> None:
    better = FIRST + hours(4)
    entries = _hourly(4, at_risk_cards=300) + _hourly(5, first=better, at_risk_cards=100)
    (incident,) = incidents_of(POLICY, entries)
    assert incident.closed is not None
    assert better < incident.closed <= better + hours(2) + minutes(5)


def test_one_missed_report_closes_nothing(incidents_of) -> None:
    entries = [line for i, line in enumerate(_hourly(8, at_risk_cards=300)) if i != 4]
    (incident,) = incidents_of(POLICY, entries)
    assert incident.closed is None


def test_no_active_card_at_all_opens_nothing(incidents_of) -> None:
    assert incidents_of(POLICY, _hourly(4, active_cards=0, at_risk_cards=0), end=FIRST + hours(8)) == ()


def test_the_boundary_moves_with_its_parameter(incidents_of) -> None:
    assert len(incidents_of(POLICY, _hourly(4, at_risk_cards=101), churn_ratio=0.1)) == 1
