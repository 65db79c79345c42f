"""From a sample to a month of a larger system. docs/cost.md describes the model and what it was measured against.

- Of a dimension of the module (monitoring.yaml), such as its shops, every one does as in the sample; label
  sets and entries multiply.
- Entries without a dimension's label, whose event has one of its fields, grow with it all the same, inside the same
  label sets. A task that runs by schedule does not grow.
- Entries fall on the pods evenly and at random.
- What these rules get wrong for the sample itself (bursts, pods of uneven work) is a factor that the prediction keeps.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from loyalty_monitoring.common.errors import UserError
from loyalty_monitoring.cost.usage import Cells, MetricUsage, Usage
from loyalty_monitoring.definitions.project import Dimension

MONTH_DAYS = 30
# What grows with no dimension.
NOTHING = "nothing"


@dataclass(frozen=True)
class Size:
    """The size of the system in each dimension, by name. `pods` write within 24 hours, replaced ones included."""

    counts: Mapping[str, int]
    pods: int


@dataclass(frozen=True)
class Growth:
    """By what the sample's dimensions, by name, and its pods are multiplied."""

    dimensions: tuple[Dimension, ...]
    factors: Mapping[str, float]
    pods: float

    def of(self, what: str) -> float:
        return self.factors.get(what, 1.0)


@dataclass(frozen=True)
class MetricForecast:
    """One metric of the larger system, a month. Label sets and entries grow with a dimension, or with "nothing".

    `series_at_most`: every label set on every pod that writes it."""

    usage: MetricUsage
    label_sets_grow: str
    entries_grow: str
    points: float
    series: float
    series_at_most: int
    pods: int


def check_size(wanted: Mapping[str, int | None]) -> None:
    """Refuse a system of nothing, before logs are read for it."""
    for name, number in wanted.items():
        if number is not None and number < 1:
            raise UserError(f"--{name} {number}: a system has at least 1; give 1 or more, or leave it out")


def size(usage: Usage, wanted: Mapping[str, int | None]) -> Size:
    """Return the size that was asked for, with the sample's own where nothing was asked.

    Errors: UserError for what cannot be scaled.
    """
    check_size(wanted)
    seen = {**usage.counts, "pods": usage.pods}
    for name, number in wanted.items():
        if number is not None and seen.get(name, 0) == 0:
            raise UserError(f"--{name}: the sample has no {name} to scale from; give logs of a living system")
    given = {**seen, **{name: number for name, number in wanted.items() if number is not None}}
    return Size({name: given[name] for name in usage.counts}, given["pods"])


def growth(usage: Usage, to: Size) -> Growth:
    def factor(wanted: int, seen: int) -> float:
        return wanted / seen if seen else 1.0

    return Growth(
        dimensions=usage.dimensions,
        factors={name: factor(to.counts[name], seen) for name, seen in usage.counts.items()},
        pods=factor(to.pods, usage.pods),
    )


def forecast(
    usage: MetricUsage, days: float, to: Size, by: Growth, fields: Mapping[str, Sequence[str]]
) -> MetricForecast:
    """Return a month of one metric. `fields` maps the contract's events to their fields."""
    label_sets_grow = grows_by_label(usage.labels, by.dimensions)
    entries_grow = grows_by_event(usage, fields, by.dimensions)
    sets = by.of(label_sets_grow)
    per_set = by.of(entries_grow) / sets
    # A metric that the sample never wrote may be written by any pod.
    pods = max(1, math.ceil((usage.pods or to.pods / by.pods) * by.pods - 1e-9))
    at_most = at_most_series(usage, label_sets_grow, to, pods)
    if not usage.written:
        return MetricForecast(usage, label_sets_grow, entries_grow, 0.0, 0.0, at_most, pods)
    before = _written(usage.cells, 1.0, usage.pods)
    after = _written(usage.cells, per_set, pods)
    written = usage.written * after / before
    zeros = usage.zeros * (after / before) * _zeros_ratio(usage.cells, before, usage.pods, after, pods)
    series_before = _active(usage.label_sets, 1 / max(days, 1.0), usage.pods)
    series_after = _active(usage.label_sets, per_set / days, pods)
    return MetricForecast(
        usage=usage,
        label_sets_grow=label_sets_grow,
        entries_grow=entries_grow,
        points=(written + zeros) * sets * MONTH_DAYS / days,
        series=min(float(at_most), usage.series * sets * series_after / series_before),
        series_at_most=at_most,
        pods=pods,
    )


def grows_by_label(labels: Collection[str], dimensions: Sequence[Dimension]) -> str:
    """Return the dimension that label sets multiply with: the finest of those whose labels they have."""
    return next((one.name for one in reversed(dimensions) if one.label in labels), NOTHING)


def grows_by_event(usage: MetricUsage, fields: Mapping[str, Sequence[str]], dimensions: Sequence[Dimension]) -> str:
    """Return the dimension that entries multiply with: by the fields of the events that the metric's filter names."""
    words = set(re.findall(r"\w+", usage.metric.body["filter"]))
    named = {field for event in words & set(fields) for field in fields[event]}
    return next((one.name for one in reversed(dimensions) if named & one.fields), NOTHING)


def at_most_series(usage: MetricUsage, grows: str, to: Size, pods: int) -> int:
    return max(1, usage.values) * to.counts.get(grows, 1) * pods


def reached_at(forecast: MetricForecast, limit: int) -> int:
    """Return the number of its dimension, or of pods where it has none, at which the most series are more
    than `limit`.
    """
    values = max(1, forecast.usage.values)
    one = values if forecast.label_sets_grow == NOTHING else values * forecast.pods
    return max(1, -(-limit // one))


def _spread(entries: float, pods: float) -> float:
    """Estimate how many of the pods write one of the entries at least, on average."""
    return float(pods * -math.expm1(entries * math.log1p(-1 / pods))) if pods > 1 else min(1.0, entries)


def _written(cells: Sequence[Cells], load: float, pods: int) -> float:
    """Return the expected points with entries, when each label set has `load` times its entries."""
    total = 0.0
    for cell in cells:
        share = cell.minutes / 60
        minutes = 60.0 if share >= 1 else 60 * -math.expm1(load * math.log1p(-share))
        total += cell.count * minutes * _spread(max(1.0, load * cell.entries / minutes), pods)
    return total


def _zeros_ratio(cells: Sequence[Cells], before: float, pods_before: int, after: float, pods_after: int) -> float:
    """Return the ratio of zeros per written point: the fuller the minutes, the fewer have an empty neighbour."""
    hours = sum(cell.count for cell in cells)

    def zeros(written: float, pods: int) -> float:
        full = min(1.0, written / (60 * pods * hours))
        return (1 - full) * (2 - full)

    was = zeros(before, pods_before)
    return zeros(after, pods_after) / was if was > 1e-9 else 1.0


def _active(label_sets: Sequence[tuple[int, int]], share: float, pods: int) -> float:
    """Return the expected series of a day, of label sets that have this share of their entries."""
    return sum(count * _spread(entries * share, pods) for entries, count in label_sets)
