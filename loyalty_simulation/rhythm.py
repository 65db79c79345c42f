"""Distribute what customers do over a day."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from loyalty_simulation.clock import HOUR

# Relative traffic of each hour: nights are quiet, lunch and the way home are not; weekends start late.
_WEEKDAY = (1, 0, 0, 0, 1, 4, 14, 34, 40, 30, 30, 44, 62, 50, 34, 34, 44, 60, 58, 38, 22, 12, 6, 2)
_WEEKEND = (3, 2, 1, 0, 0, 1, 4, 10, 24, 44, 56, 60, 58, 54, 52, 50, 46, 40, 34, 26, 20, 14, 8, 5)
_DAY_FACTOR = (0.95, 0.95, 1.0, 1.05, 1.15, 1.25, 0.6)  # Monday to Sunday


@dataclass(frozen=True)
class Rhythm:
    """One day's."""

    random: Random
    midnight: int
    hours: Sequence[int]
    factor: float

    def times(self, count: float) -> list[float]:
        """Return about `count` moments (of a usual day; this one may be busier), in microseconds."""
        expected = count * self.factor
        number = max(0, round(self.random.gauss(expected, math.sqrt(expected) / 2)))
        hours = self.random.choices(range(24), weights=self.hours, k=number)
        return [self.midnight + (hour + self.random.random()) * HOUR for hour in hours]


def rhythm(random: Random, midnight: int, weekday: int) -> Rhythm:
    """Return the rhythm of the day that begins at `midnight` (microseconds); `weekday` 0 is Monday."""
    return Rhythm(random, midnight, _WEEKEND if weekday >= 5 else _WEEKDAY, _DAY_FACTOR[weekday])
