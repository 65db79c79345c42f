"""A3: more than 5% of the cards of all platforms' runs of the last 70 minutes failed."""

from __future__ import annotations

from tests.log_lines import START, hours, minutes, wallet_run

POLICY = "wallet_sync_failures"
RUN = START + minutes(5)


def test_more_than_5_percent_over_both_platforms_opens_it_within_2_minutes(incidents_of) -> None:
    runs = [wallet_run(RUN, 11, 100), wallet_run(RUN + minutes(1), 0, 100, "apple")]
    (incident,) = incidents_of(POLICY, runs, start=RUN + minutes(1), end=RUN + minutes(30))
    assert incident.opened <= RUN + minutes(3)
    assert incident.closed is None


def test_exactly_5_percent_stays_silent(incidents_of) -> None:
    runs = [wallet_run(RUN, 5, 50), wallet_run(RUN, 0, 50, "apple")]
    assert incidents_of(POLICY, runs, end=RUN + hours(2)) == ()


def test_one_card_more_than_5_percent_opens_it(incidents_of) -> None:
    (incident,) = incidents_of(POLICY, [wallet_run(RUN, 51, 1000)], end=RUN + minutes(10))
    assert RUN < incident.opened <= RUN + minutes(2)


def test_it_closes_when_good_runs_follow(incidents_of) -> None:
    runs = [wallet_run(RUN, 10, 100), *(wallet_run(RUN + hours(i), 0, 100) for i in (1, 2, 3))]
    (incident,) = incidents_of(POLICY, runs, end=RUN + hours(3))
    # 10 of 200 are exactly 5%, so the next good run closes it.
    assert incident.closed is not None
    assert RUN + hours(1) < incident.closed <= RUN + hours(1) + minutes(2)


def test_runs_without_cards_open_nothing(incidents_of) -> None:
    assert incidents_of(POLICY, [wallet_run(RUN, 0, 0), wallet_run(RUN, 0, 0, "apple")], end=RUN + hours(2)) == ()


def test_the_boundary_moves_with_its_parameter(incidents_of) -> None:
    runs = [wallet_run(RUN, 4, 100)]
    assert incidents_of(POLICY, runs, end=RUN + minutes(10)) == ()
    assert len(incidents_of(POLICY, runs, end=RUN + minutes(10), wallet_failure_ratio=0.03)) == 1
