"""Answers: small enough for a page, and no spike is lost."""

from __future__ import annotations

import math

import pytest

from loyalty_monitoring.replay.prometheus import Series
from loyalty_monitoring.report.answer import Answer, answer, finer_step, step_for

MINUTE, DAY = 60, 86_400


def values(of: Answer, series: int = 0) -> list[object]:
    """The samples of a series, as the drawing unpacks them."""
    runs = of.series[series].runs
    return [value for value, count in zip(runs[::2], runs[1::2], strict=True) for _ in range(int(count))]


def one(samples: list[tuple[int, float]], first: int, last: int, step: int = MINUTE) -> Answer:
    return answer([Series({}, samples)], first, last, step, 50)


def test_a_gap_is_a_gap_and_equal_values_are_one_run() -> None:
    found = one([(0, 1.0), (60, 1.0), (180, 2.5)], 0, 240)
    assert found.series[0].runs == (1, 2, None, 1, 2.5, 1, None, 1)
    assert values(found) == [1, 1, None, 2.5, None]


def test_numbers_that_are_none_are_gaps_and_infinity_is_told() -> None:
    assert values(one([(0, math.nan), (60, math.inf), (120, -math.inf)], 0, 120)) == [None, "+Inf", "-Inf"]


@pytest.mark.parametrize(("value", "shown"), [(1762041600.0, 1762041600), (0.123456789, 0.123457), (0.0, 0)])
def test_counts_and_timestamps_are_exact_and_fractions_have_six_digits(value: float, shown: float) -> None:
    assert values(one([(0, value)], 0, 0)) == [shown]


def test_what_a_page_can_take_is_left_as_it_is() -> None:
    found = one([(minute * 60, float(minute)) for minute in range(2_400)], 0, 2_399 * 60)
    assert found.step == MINUTE
    assert values(found) == list(range(2_400))


def test_a_spike_of_one_minute_in_a_year_is_kept_where_it_was() -> None:
    year = 365 * DAY
    spike = 200 * DAY + 17 * MINUTE
    found = one([(at, 500.0 if at == spike else 1.0) for at in range(0, year, MINUTE)], 0, year - MINUTE)
    shown = values(found)
    assert len(shown) <= 2_402
    assert shown.count(500) == 1
    assert abs(shown.index(500) * found.step - spike) <= 2 * found.step


def test_a_bucket_has_its_extremes_in_the_order_in_which_they_came() -> None:
    rising = one([(minute * 60, float(minute)) for minute in range(4_800)], 0, 4_799 * 60)
    falling = one([(minute * 60, float(-minute)) for minute in range(4_800)], 0, 4_799 * 60)
    assert values(rising) == sorted(values(rising), key=float)
    assert values(falling) == sorted(values(falling), key=float, reverse=True)


def test_a_chart_ends_with_the_newest_value_and_keeps_the_spike_before_it() -> None:
    samples = [(minute * 60, 900.0 if minute == 4_798 else 5.0) for minute in range(4_800)]
    assert values(one(samples, 0, 4_799 * 60))[-2:] == [900, 5]


def test_samples_finer_than_what_is_shown_become_their_extremes_at_its_step() -> None:
    samples = [(minute * 60, 500.0 if minute == 17 else 1.0) for minute in range(60)]
    found = answer([Series({}, samples)], 0, 59 * 60, MINUTE, 50, shown_step=600)
    assert (found.step, values(found)) == (600, [1, 500, 1, 1, 1, 1])
    assert answer([Series({}, samples)], 0, 59 * 60, MINUTE, 50, shown_step=MINUTE).step == MINUTE


@pytest.mark.parametrize(
    ("step", "window", "finer"),
    [(600, 60, 60), (600, 599, 300), (600, 600, 600), (600, 86_400, 600), (7_200, 3_600, 3_600), (900, 600, 300)],
)
def test_the_finer_step_divides_the_step_and_reaches_from_one_window_to_the_next(
    step: int, window: int, finer: int
) -> None:
    assert finer_step(step, window) == finer


def test_of_too_many_series_the_highest_are_kept_and_the_note_says_so() -> None:
    many = [Series({"store_id": f"s-{number}"}, [(0, float(number))]) for number in range(51)]
    found = answer(many, 0, 0, MINUTE, 50)
    assert {series.labels["store_id"] for series in found.series} == {f"s-{number}" for number in range(1, 51)}
    assert found.note == "50 of 51 series are shown: those that rise highest"
    lowest = answer(many, 0, 0, MINUTE, 50, lowest=True)
    assert {series.labels["store_id"] for series in lowest.series} == {f"s-{number}" for number in range(50)}


def test_fifty_series_are_shown_without_a_note() -> None:
    assert answer([Series({"n": str(n)}, [(0, 1.0)]) for n in range(50)], 0, 0, MINUTE, 50).note is None


@pytest.mark.parametrize(
    ("seconds", "step"),
    [(0, 60), (1_000 * 60, 60), (1_000 * 60 + 1, 120), (8 * DAY, 900), (365 * DAY, 43_200), (10_000 * DAY, 10 * DAY)],
)
def test_the_step_is_the_shortest_usual_one_that_fits(seconds: int, step: int) -> None:
    assert step_for(seconds, 1_000) == step
