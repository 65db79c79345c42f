"""A2: each of the last two Google Wallet runs that had cards failed for more than half of them."""

from __future__ import annotations

import pytest

from tests.log_lines import START, hours, minutes, wallet_run

POLICY = "google_wallet_down"
BAD, GOOD = (51, 100), (0, 100)


def _runs(*runs, step=60, platform="google", start=START + minutes(5)):
    return [wallet_run(start + minutes(step * i), *run, platform=platform) for i, run in enumerate(runs)]


@pytest.mark.parametrize("step", [50, 60, 70])
@pytest.mark.parametrize("offset", [0, 4.9, 9.99])
def test_two_bad_runs_open_it_within_12_minutes_whatever_the_jitter(incidents_of, step, offset) -> None:
    runs = _runs(GOOD, BAD, BAD, step=step, start=START + minutes(offset))
    second = START + minutes(offset + 2 * step)
    (incident,) = incidents_of(POLICY, runs, end=second + minutes(40))
    assert second < incident.opened <= second + minutes(12)
    assert incident.closed is None


def test_exactly_half_does_not_count(incidents_of) -> None:
    assert incidents_of(POLICY, _runs((50, 100), (50, 100), (50, 100)), end=START + hours(4)) == ()


def test_one_bad_run_stays_silent(incidents_of) -> None:
    assert incidents_of(POLICY, _runs(GOOD, (100, 100), GOOD), end=START + hours(4)) == ()


def test_a_lone_bad_run_without_history_stays_silent(incidents_of) -> None:
    assert incidents_of(POLICY, _runs((100, 100)), end=START + hours(8)) == ()


@pytest.mark.parametrize("step", [50, 60, 70])
def test_bad_good_bad_stays_silent(incidents_of, step) -> None:
    assert incidents_of(POLICY, _runs(BAD, GOOD, BAD, GOOD, BAD, step=step), end=START + hours(8)) == ()


def test_it_stays_open_until_a_good_run_closes_it(incidents_of) -> None:
    runs = _runs(BAD, BAD, BAD, BAD, GOOD, GOOD)
    good = START + minutes(5 + 4 * 60)
    (incident,) = incidents_of(POLICY, runs, end=good + hours(2))
    assert incident.opened <= START + minutes(65 + 12)
    assert incident.closed is not None
    assert good < incident.closed <= good + minutes(12)


def test_a_run_without_cards_is_no_run(incidents_of) -> None:
    (incident,) = incidents_of(POLICY, _runs(BAD, (0, 0), BAD), end=START + hours(3))
    assert incident.opened > START + minutes(125)


def test_a_missed_run_between_two_bad_ones_changes_nothing(incidents_of) -> None:
    runs = [wallet_run(START + minutes(5), *BAD), wallet_run(START + minutes(125), *BAD)]
    (incident,) = incidents_of(POLICY, runs, end=START + hours(3))
    assert START + minutes(125) < incident.opened <= START + minutes(137)


def test_apple_runs_are_another_matter(incidents_of) -> None:
    runs = _runs((100, 100), (100, 100), (100, 100), platform="apple") + _runs(GOOD, GOOD, GOOD)
    assert incidents_of(POLICY, runs, end=START + hours(4)) == ()


def test_the_boundary_moves_with_its_parameter(incidents_of) -> None:
    runs = _runs((41, 100), (41, 100))
    assert incidents_of(POLICY, runs, end=START + hours(2)) == ()
    assert len(incidents_of(POLICY, runs, end=START + hours(2), wallet_outage_ratio=0.4)) == 1
