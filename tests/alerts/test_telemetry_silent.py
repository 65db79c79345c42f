"""A8: no `task_freshness` for 90 minutes."""

from __future__ import annotations

from tests.log_lines import START, every, freshness, hours, minutes, rejection

POLICY = "telemetry_silent"
LAST = START + hours(5)


def _reports(since, until):
    return [freshness(at, START) for at in every(minutes(15), since, until)]


def test_silence_opens_it_within_5_minutes_after_the_90th(incidents_of) -> None:
    (incident,) = incidents_of(POLICY, _reports(START, LAST), end=LAST + hours(3))
    assert LAST + minutes(90) <= incident.opened <= LAST + minutes(95)
    assert incident.closed is None
    assert incident.labels == {}


def test_89_minutes_of_silence_stay_silent(incidents_of) -> None:
    entries = _reports(START, LAST) + _reports(LAST + minutes(89), LAST + hours(3))
    assert incidents_of(POLICY, entries) == ()


def test_the_next_report_closes_it(incidents_of) -> None:
    again = LAST + hours(3)
    (incident,) = incidents_of(POLICY, _reports(START, LAST) + _reports(again, again + hours(1)))
    assert incident.closed is not None
    assert again < incident.closed <= again + minutes(2)


def test_a_start_without_history_opens_nothing_when_reports_come(incidents_of) -> None:
    entries = [rejection(START, "s-1"), *_reports(START + minutes(15), START + hours(3))]
    assert incidents_of(POLICY, entries) == ()


def test_a_reporter_that_never_starts_opens_it(incidents_of) -> None:
    (incident,) = incidents_of(POLICY, [rejection(at, "s-1") for at in every(minutes(5), START, START + hours(3))])
    assert START + minutes(30) <= incident.opened <= START + minutes(95)


def test_the_report_of_any_task_is_a_sign_of_life(incidents_of) -> None:
    entries = [
        freshness(at, START, task="loyalty.sync_wallet_passes") for at in every(minutes(15), START, START + hours(4))
    ]
    assert incidents_of(POLICY, entries) == ()


def test_the_boundary_moves_with_its_parameters(incidents_of) -> None:
    (incident,) = incidents_of(POLICY, _reports(START, LAST), end=LAST + hours(3), silent_window=40, silent_hold=25)
    assert LAST + minutes(65) <= incident.opened <= LAST + minutes(70)
