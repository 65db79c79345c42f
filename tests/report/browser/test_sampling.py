"""Sampling for the eye: however few points there is room for, no extreme of the range is lost."""

from __future__ import annotations

import random
from typing import Any

import pytest
from playwright.sync_api import Page

SAMPLED = """([values, from, to, most]) => {
    const answer = {first: 0, step: 60};
    return loyalty.series.sampled(answer, i => values[i] ?? null, values.length, {from, to}, most, false)
        .map(([at, i]) => [at / 1000, values[i] ?? null]);
}"""


def sampled(page: Page, values: list[float | None], start: int, end: int, most: int) -> list[list[Any]]:
    found: list[list[Any]] = page.evaluate(SAMPLED, [values, start * 60, end * 60, most])
    return found


@pytest.mark.parametrize("seed", range(5))
def test_the_extremes_of_any_range_are_kept(scripts: Page, seed: int) -> None:
    chance = random.Random(seed)
    values = [None if chance.random() < 0.3 else chance.gauss(0, 1) ** 3 for _ in range(5_000)]
    for _ in range(20):
        start = chance.randrange(4_900)
        end = chance.randrange(start + 50, 5_000)
        most = chance.choice([50, 200, 1_000])
        there = [value for value in values[start : end + 1] if value is not None]
        shown = [value for _, value in sampled(scripts, values, start, end, most) if value is not None]
        assert min(there) >= min(shown)
        assert max(there) <= max(shown)
        assert len(shown) <= most + 8


def test_a_spike_of_one_minute_in_a_year_is_drawn(scripts: Page) -> None:
    minute, length = 300_017, 525_600
    found = scripts.evaluate(
        """([minute, length]) => {
            const values = new Array(length).fill(1);
            values[minute] = 500;
            const range = {from: 0, to: length * 60};
            const taken = loyalty.series.sampled({first: 0, step: 60}, i => values[i], length, range, 1200, false);
            return [taken.length, taken.map(([at, i]) => values[i]).filter(value => value === 500).length];
        }""",
        [minute, length],
    )
    assert found[0] <= 1_210
    assert found[1] == 1
