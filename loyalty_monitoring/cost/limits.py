"""Estimate when a metric reaches the limit of active series, and how its design must change then.

Beyond the limit a metric can be throttled: some of its points might not be written
(https://docs.cloud.google.com/logging/docs/logs-based-metrics, on the cardinality of a metric).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from loyalty_monitoring.cost.scale import NOTHING, MetricForecast, reached_at
from loyalty_monitoring.definitions.project import Dimension

_WARN_AT = 0.8
Level = Literal["near", "over"]


@dataclass(frozen=True)
class Reach:
    """The size at which a metric reaches the limit: `count` of `unit`, which is a dimension or "pods".

    `advice` is how the design must change then.
    """

    metric: str
    unit: str
    count: int
    pods: int
    advice: str

    def sentence(self, limit: int) -> str:
        at = f"about {self.count:,} {self.unit}"
        with_pods = "" if self.unit == "pods" else f" with {self.pods:,} pods that write it"
        return f"{self.metric} reaches {limit:,} active series at {at}{with_pods}."


def level(series: int, limit: int) -> Level | None:
    """Return whether a warning is due: from 80 % of the limit on, and beyond it."""
    if series > limit:
        return "over"
    return "near" if series >= _WARN_AT * limit else None


def reach(forecast: MetricForecast, dimensions: Sequence[Dimension], limit: int) -> Reach:
    usage = forecast.usage
    grows = forecast.label_sets_grow
    unit = "pods" if grows == NOTHING else grows
    return Reach(usage.metric.api_name, unit, reached_at(forecast, limit), forecast.pods, _advice(forecast, dimensions))


def _advice(forecast: MetricForecast, dimensions: Sequence[Dimension]) -> str:
    usage, grows = forecast.usage, forecast.label_sets_grow
    if grows == NOTHING:
        return "Let fewer pods write these lines: only the number of pods makes this metric grow."
    others = [name for name in usage.labels if name not in {one.label for one in dimensions}]
    if others and usage.values > 1:
        first = (
            f"Make one metric for each value of {' and '.join(others)}, by its filter, and let the queries add them "
            f"up: each has a limit of its own, so together they carry {usage.values} times the {grows}"
        )
    else:
        label = next(one.label for one in dimensions if one.name == grows)
        first = (
            f"Divide it into metrics whose filters take a part of the {grows} each, such as by the last digit of "
            f"{label}, and let the queries join them: ten of them carry ten times the {grows}"
        )
    # What grows with the finest dimension is written wherever customers are served.
    if forecast.entries_grow != dimensions[-1].name:
        return f"{first}."
    return (
        f"{first}. Beyond that, let one scheduled task log the counts, so that series no "
        "longer multiply by the pods that serve customers."
    )
