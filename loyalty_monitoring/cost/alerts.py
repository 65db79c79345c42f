"""Count the points that an alert's query returns at each evaluation, by the clauses that Google counts.

Source: https://docs.cloud.google.com/monitoring/alerts/cost-control: split the query at every comparison, AND, OR and
UNLESS, leave out clauses without a metric, and add up the cardinality of the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from loyalty_monitoring.cost.scale import MONTH_DAYS, Growth, grows_by_label
from loyalty_monitoring.definitions.model import AlertPolicy
from loyalty_monitoring.query_languages.promql import expressions
from loyalty_monitoring.replay.incidents import evaluation_instants
from loyalty_monitoring.replay.prometheus import Prometheus

_CUTS = frozenset([">", "<", ">=", "<=", "==", "!=", "and", "or", "unless"])


@dataclass(frozen=True)
class Clause:
    """A part of a query that returns series. `labels` are those it keeps; None is all that its metrics have."""

    query: str
    labels: frozenset[str] | None
    metrics: tuple[str, ...]


@dataclass(frozen=True)
class AlertUsage:
    """One alert in the sample: the mean number of series that each clause returned at an evaluation."""

    policy: AlertPolicy
    references: int
    clauses: tuple[tuple[Clause, float], ...]


@dataclass(frozen=True)
class AlertForecast:
    """One alert of the larger system, a month."""

    usage: AlertUsage
    evaluations: int
    series: float
    points: float


def clauses(query: str) -> tuple[Clause, ...]:
    """Return the clauses of a query that name a metric, the outer ones first."""
    return tuple(_clauses(expressions.parsed(query)))


def references(query: str) -> int:
    """Count how often a query names a metric."""
    return len(expressions.selectors(expressions.parsed(query)))


def measure_alerts(
    prometheus: Prometheus, policies: Sequence[AlertPolicy], start: datetime, end: datetime
) -> tuple[AlertUsage, ...]:
    """Ask Prometheus, at each evaluation of the sample, how many series each clause returns."""
    found = []
    for policy in policies:
        step = policy.evaluation_interval_seconds
        first, last = evaluation_instants(start, end, step)
        evaluations = max(1, (last - first) // step + 1)
        measured = []
        for clause in clauses(policy.query):
            answers = prometheus.query_range(f"count({clause.query})", first, last, step)
            returned = sum(value for series in answers for _, value in series.samples)
            measured.append((clause, returned / evaluations))
        found.append(AlertUsage(policy, references(policy.query), tuple(measured)))
    return tuple(found)


def forecast_alert(usage: AlertUsage, by: Growth, metric_labels: dict[str, frozenset[str]]) -> AlertForecast:
    """Return a month of one alert. `metric_labels` maps names as in PromQL to the labels that the metric defines."""
    evaluations = MONTH_DAYS * 86_400 // usage.policy.evaluation_interval_seconds
    series = sum(returned * _factor(clause, by, metric_labels) for clause, returned in usage.clauses)
    return AlertForecast(usage, evaluations, series, series * evaluations)


def _factor(clause: Clause, by: Growth, metric_labels: dict[str, frozenset[str]]) -> float:
    kept = clause.labels
    every = kept is None
    if kept is None:
        kept = frozenset().union(*(metric_labels.get(name, frozenset()) for name in clause.metrics))
    grows = by.of(grows_by_label(kept, by.dimensions))
    # Without an aggregation a pod's series stand for themselves; at most as many more as there are more pods.
    return grows * max(1.0, by.pods) if every else grows


def _clauses(expression: Any) -> Iterator[Clause]:
    inner = expressions.bare(expression)
    if _cut(inner):
        for side in expressions.children(inner):
            yield from _clauses(side)
        return
    selectors = expressions.selectors(inner)
    if selectors:
        names = tuple(dict.fromkeys(expressions.metric_name(selector) or "" for selector in selectors))
        yield Clause(inner.prettify(), _kept(inner), names)
    for node in _nearest_cuts(inner):
        yield from _clauses(node)


def _cut(expression: Any) -> bool:
    found = expressions.operation(expression)
    return found is not None and found[0] in _CUTS


def _nearest_cuts(expression: Any) -> Iterator[Any]:
    for child in expressions.children(expression):
        if _cut(child):
            yield child
        else:
            yield from _nearest_cuts(child)


def _kept(expression: Any) -> frozenset[str] | None:
    """Return the labels that the series of an expression have; None is all of its metrics' and resources'."""
    inner = expressions.bare(expression)
    if expressions.number(inner) is not None:
        return frozenset()
    own = [clause for clause in expressions.label_clauses(inner) if clause.expression is inner]
    if expressions.applied(inner) in _AGGREGATIONS:
        return frozenset(own[0].labels) if own and own[0].word == "by" else None if own else frozenset()
    if not expressions.selectors(inner):
        return frozenset()
    below = [_kept(child) for child in expressions.children(inner)]
    labels: frozenset[str] = frozenset()
    for one in below:
        if one is None:
            return None
        labels |= one
    return labels if below else None


_AGGREGATIONS = frozenset(
    ["sum", "min", "max", "avg", "group", "stddev", "stdvar", "count", "count_values", "quantile"]
)
