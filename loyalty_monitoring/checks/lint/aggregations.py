"""Aligners and reducers: what each takes and gives, from `aggregations.yaml`, applied to a log-based metric."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from loyalty_monitoring.checks.lint.rule import at, text
from loyalty_monitoring.common.yaml_documents import load_yaml

FILE = Path(__file__).with_name("aggregations.yaml")
_NUMERIC = ("INT64", "DOUBLE")
_NOTHING = ("", "ALIGN_NONE", "REDUCE_NONE")
_WORDS = {"INT64": "counts", "DOUBLE": "numbers", "DISTRIBUTION": "a distribution"}


@dataclass(frozen=True)
class Step:
    """An aligner or a reducer: the kinds and value types that it takes, and those of its result ("" for the same)."""

    kinds: frozenset[str]
    types: frozenset[str]
    gives: str = ""
    kind: str = ""


@dataclass(frozen=True)
class AggregatedSeries:
    """Kind and value type of time series; the type is "" where it is not known."""

    kind: str
    type: str


@cache
def steps() -> dict[str, Step]:
    """Return all aligners and reducers by name; those that change nothing are not among them."""
    data = load_yaml(FILE).data
    return {
        name: Step(frozenset(one["kinds"]), frozenset(one["types"]), one.get("gives", ""), one.get("kind", ""))
        for of_sort in (data["aligners"], data["reducers"])
        for name, one in of_sort.items()
    }


def applied_to(series: AggregatedSeries, name: str) -> AggregatedSeries | str:
    """Return the series after an aligner or reducer, or why it does not take them."""
    step = steps().get(name)
    if step is None:
        return series
    if series.kind not in step.kinds:
        return f"{name} takes {_either(step.kinds)} metrics, and a log-based metric is {series.kind}"
    if series.type and series.type not in step.types:
        return f"{name} takes {_either(step.types)}, and here it gets {_WORDS.get(series.type, series.type)}"
    return AggregatedSeries(step.kind or series.kind, step.gives or series.type)


def names_of(aggregation: Any) -> list[tuple[str, str]]:
    """Return the field and the name of the aligner and the reducer of an aggregation that do something."""
    fields = ("perSeriesAligner", "crossSeriesReducer")
    return [(field, name) for field in fields if (name := text(at(aggregation, field))) not in _NOTHING]


def is_number(series: AggregatedSeries) -> bool:
    return not series.type or series.type in _NUMERIC


def _either(names: frozenset[str]) -> str:
    return " or ".join(sorted(names))
