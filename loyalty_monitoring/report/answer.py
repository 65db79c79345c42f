"""Downsample and run-length encode query results for a page."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from loyalty_monitoring.replay.prometheus import Series

Value = float | str | None

_MOST_POINTS = 2_400  # of one series, with its extremes: more than a screen has columns
# Charts are evaluated on a step that people recognise, like those of the console.
_STEPS = (60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400)


@dataclass(frozen=True)
class PageSeries:
    """One time series. `runs` are pairs of a value and how many samples in a row have it; None is a gap."""

    labels: Mapping[str, str]
    runs: tuple[Value | int, ...]


@dataclass(frozen=True)
class Answer:
    """Sample i of each series is at `first + i * step`, in unix seconds. `note` says why something is missing."""

    first: int
    step: int
    series: tuple[PageSeries, ...]
    note: str | None = None

    def as_json(self) -> dict[str, object]:
        series = [{"labels": dict(one.labels), "runs": list(one.runs)} for one in self.series]
        return {"from": self.first, "step": self.step, "series": series, "note": self.note}

    @staticmethod
    def from_json(value: Mapping[str, Any]) -> Answer:
        """Return the answer that `as_json` wrote."""
        series = tuple(PageSeries(one["labels"], tuple(one["runs"])) for one in value["series"])
        return Answer(value["from"], value["step"], series, value["note"])


def step_for(seconds: int, most_points: int) -> int:
    """Return the shortest usual step that cuts the window into at most so many points."""
    whole_days = -(-seconds // (most_points * _STEPS[-1])) * _STEPS[-1]
    return next((step for step in _STEPS if seconds <= step * most_points), whole_days)


def finer_step(step: int, window: int) -> int:
    """Return the longest usual step within `window` seconds that divides a chart's step; the shortest if none is."""
    return max((one for one in _STEPS if one <= window and step % one == 0), default=_STEPS[0])


def answer(
    series: Iterable[Series],
    first: int,
    last: int,
    step: int,
    most_series: int,
    *,
    shown_step: int | None = None,
    lowest: bool = False,
) -> Answer:
    """Return the answer as a page takes it: of many series the highest or the lowest, of many samples the extremes.

    Where samples are finer than the step that is shown, or without one more than a page takes, each bucket of
    neighbours is two: its least and its greatest value, in the order in which they came. So no spike is lost, however
    short.
    """
    found = list(series)
    kept = sorted(found, key=_least if lowest else _greatest)[:most_series]
    kept.sort(key=lambda one: sorted(one.labels.items()))
    count = (last - first) // step + 1
    if shown_step is not None:
        bucket = 2 * shown_step // step if shown_step > step else 0
    else:
        bucket = -(-count // (_MOST_POINTS // 2)) if count > _MOST_POINTS else 0
    note = (
        None
        if len(kept) == len(found)
        else f"{len(kept)} of {len(found)} series are shown: those that {'fall lowest' if lowest else 'rise highest'}"
    )
    pages = (_page_series(one, first, step, count, bucket) for one in kept)
    # Two samples stand for a bucket; an odd number of neighbours in it would fall between two seconds.
    width = bucket * step // 2 if bucket else step
    return Answer(first, width, tuple(pages), note)


def _page_series(series: Series, first: int, step: int, count: int, bucket: int) -> PageSeries:
    values: list[float | None] = [None] * count
    for at, value in series.samples:
        values[(at - first) // step] = value
    return PageSeries(series.labels, tuple(_runs(_extremes(values, bucket) if bucket else values)))


def _extremes(values: Sequence[float | None], bucket: int) -> Iterable[float | None]:
    for start in range(0, len(values), bucket):
        there = [value for value in values[start : start + bucket] if value is not None and not math.isnan(value)]
        if not there:
            yield from (None, None)
            continue
        least, greatest = min(there), max(there)
        if start + bucket >= len(values):
            # A chart ends with the newest value, which scorecards show; the other is the extreme farthest from it.
            yield from (least if there[-1] - least > greatest - there[-1] else greatest, there[-1])
        else:
            yield from (least, greatest) if there.index(least) <= there.index(greatest) else (greatest, least)


def _runs(values: Iterable[float | None]) -> Iterable[Value | int]:
    previous: Value = None
    count = 0
    for value in values:
        shown = _shown(value)
        if count and shown == previous:
            count += 1
            continue
        if count:
            yield from (previous, count)
        previous, count = shown, 1
    if count:
        yield from (previous, count)


def _shown(value: float | None) -> Value:
    if value is None or math.isnan(value):
        return None
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    # Counts stay exact; of anything else nobody sees more than six digits.
    return int(value) if value.is_integer() and abs(value) < 1e15 else float(f"{value:.6g}")


def _greatest(series: Series) -> float:
    return -max((value for _, value in series.samples if not math.isnan(value)), default=-math.inf)


def _least(series: Series) -> float:
    return min((value for _, value in series.samples if not math.isnan(value)), default=math.inf)
