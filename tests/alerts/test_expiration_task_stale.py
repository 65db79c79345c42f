"""A1: `loyalty.expire_points` last succeeded more than 26 hours ago, by the newest report of the last 2 hours."""

from __future__ import annotations

from datetime import timedelta

from tests.log_lines import START, every, freshness, hours, minutes

POLICY = "expiration_task_stale"
SUCCESS = START + hours(3)
STALE = SUCCESS + hours(26)


def _reports(until, last=SUCCESS, since=SUCCESS):
    return [freshness(at, last) for at in every(minutes(15), since + minutes(7), until)]


def test_it_opens_within_two_minutes_after_26_hours_have_passed(incidents_of) -> None:
    (incident,) = incidents_of(POLICY, _reports(STALE + hours(1)))
    assert STALE < incident.opened <= STALE + minutes(2)
    assert incident.closed is None
    assert incident.labels == {}


def test_exactly_26_hours_stay_silent(incidents_of) -> None:
    assert incidents_of(POLICY, _reports(STALE), end=STALE) == ()


def test_one_second_over_26_hours_is_enough(incidents_of) -> None:
    (incident,) = incidents_of(POLICY, _reports(STALE, last=SUCCESS - timedelta(seconds=1)), end=STALE)
    assert incident.opened == STALE


def test_a_success_closes_it_at_the_next_report(incidents_of) -> None:
    success = STALE + minutes(40)
    reports = _reports(success) + _reports(success + hours(1), last=success, since=success)
    (incident,) = incidents_of(POLICY, reports)
    assert incident.closed is not None
    assert success + minutes(7) < incident.closed <= success + minutes(9)


def test_the_newest_report_decides_even_when_lines_arrive_late_and_unordered(incidents_of) -> None:
    reports = [*_reports(STALE + hours(1)), freshness(STALE - minutes(1), STALE - hours(1))]
    (incident,) = incidents_of(POLICY, reversed(reports), end=STALE + minutes(30))
    # The one good report says that it succeeded an hour ago, so the alert waits for the next, bad one.
    assert incident.opened > STALE + minutes(5)


def test_two_workers_that_report_in_one_minute_do_not_disturb_each_other(incidents_of) -> None:
    both = [freshness(at, SUCCESS, pod=pod) for at in every(minutes(15), SUCCESS, STALE) for pod in ("a", "b")]
    assert incidents_of(POLICY, both, end=STALE) == ()


def test_another_task_that_is_stale_opens_nothing(incidents_of) -> None:
    reports = [
        freshness(at, SUCCESS - hours(100), task="loyalty.sync_wallet_passes")
        for at in every(minutes(15), START, START + hours(3))
    ]
    assert incidents_of(POLICY, reports) == ()


def test_reports_that_stop_close_it_after_two_hours_and_leave_the_rest_to_telemetry_silent(incidents_of) -> None:
    last_report = STALE + minutes(10)
    (incident,) = incidents_of(POLICY, _reports(last_report), end=STALE + hours(4))
    assert incident.closed is not None
    assert last_report < incident.closed <= last_report + hours(2) + minutes(2)


def test_the_first_hours_on_a_new_project_stay_silent(incidents_of) -> None:
    # A task that never succeeded reports the moment watching began.
    assert incidents_of(POLICY, _reports(START + hours(25), last=START, since=START)) == ()


def test_the_boundary_moves_with_its_parameter(incidents_of) -> None:
    reports = _reports(SUCCESS + hours(5))
    (incident,) = incidents_of(POLICY, reports, expiration_stale_after=4)
    assert SUCCESS + hours(4) < incident.opened <= SUCCESS + hours(4) + minutes(2)
