"""The answers of an alert policy's condition, asked for only where the condition can be met.

Of `value > number` the highest value of all series at each instant says where that is. It is one number an instant, the
margin is told by it, too, and it stays what it is when somebody changes the threshold.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from loyalty_monitoring.definitions.model import AlertPolicy
from loyalty_monitoring.query_languages.promql.comparisons import (
    MEETS,
    Comparison,
    deciding_comparison,
    meant_comparison,
)
from loyalty_monitoring.query_languages.promql.expressions import look_back, parsed
from loyalty_monitoring.replay.prometheus import Evaluator, QueryRefused, Series

# Each question costs a millisecond and, where answers are kept, a file: of a condition that is met now and then all
# through the window, one question is cheaper.
_MOST_SPANS = 10

Sample = tuple[int, float]


@dataclass(frozen=True)
class Answered:
    """The answers of a policy's query, and the values by which they were found; None where it was asked everywhere."""

    series: Sequence[Series]
    values: Sequence[Sample] | None


def condition_answers(prometheus: Evaluator, policy: AlertPolicy, first: int, last: int) -> Answered:
    """Return the answers of the policy's query at each evaluation from `first` to `last` (unix seconds, inclusive).

    Errors: those of `query_range`.
    """
    interval = policy.evaluation_interval_seconds
    compared = compared_value(policy.query)
    if compared is None:
        return Answered(prometheus.query_range(policy.query, first, last, interval), None)
    try:
        values = nearest_values(prometheus, compared, first, last, interval)
    except QueryRefused:  # it is told of the query as it is written
        return Answered(prometheus.query_range(policy.query, first, last, interval), None)
    met = [at for at, value in values if MEETS[compared.operator](value, compared.threshold)]
    found: dict[tuple[tuple[str, str], ...], list[Sample]] = {}
    for since, until in _spans(met, look_back(parsed(policy.query)).total_seconds() + interval):
        for series in prometheus.query_range(policy.query, since, until, interval):
            found.setdefault(tuple(sorted(series.labels.items())), []).extend(series.samples)
    return Answered([Series(dict(labels), samples) for labels, samples in sorted(found.items())], values)


def compared_value(query: str) -> Comparison | None:
    """Return the comparison that alone decides whether the query is met, if it is the one that people mean."""
    try:
        meant = meant_comparison(query)
        return deciding_comparison(query) if meant is not None and meant.role == "" else None
    except ValueError:
        return None  # Prometheus may take it, but our parser cannot look into it


def nearest_values(prometheus: Evaluator, compared: Comparison, first: int, last: int, step: int) -> list[Sample]:
    """Return the value of all series that is nearest to meeting the comparison, or furthest beyond, at each instant.

    Of `==` there may be two, one on either side. Errors: those of `query_range`.
    """
    value, threshold = compared.value, compared.threshold
    if compared.operator.startswith(">"):
        queries = [f"max(\n{value}\n)"]
    elif compared.operator.startswith("<"):
        queries = [f"min(\n{value}\n)"]
    else:
        queries = [f"min(({value}) >= {threshold!r})", f"max(({value}) <= {threshold!r})"]
    answers = (prometheus.query_range(query, first, last, step) for query in queries)
    return [sample for found in answers for series in found for sample in series.samples]


def _spans(instants: Sequence[int], gap: float) -> list[tuple[int, int]]:
    """Return first and last of the instants, which are in order, that are no further apart than `gap` seconds; of many
    such spans the whole.
    """
    found: list[tuple[int, int]] = []
    for at in instants:
        if found and at - found[-1][1] <= gap:
            found[-1] = found[-1][0], at
        else:
            found.append((at, at))
    return found if len(found) <= _MOST_SPANS else [(instants[0], instants[-1])]
