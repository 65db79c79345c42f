"""The margin of each alert: how near the condition came to opening an incident, or how far beyond it went.

Of a condition `value > threshold` this is the highest value in the window, of `value < threshold` the lowest, of
`value == threshold` the nearest. Other parts of the condition still count: of `value > 5 and enough > 100` it is the
highest value while the second part holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from math import isclose

from loyalty_monitoring.definitions.model import AlertPolicy
from loyalty_monitoring.query_languages.promql.comparisons import Comparison, meant_comparison, without_comparison
from loyalty_monitoring.replay.conditions import Answered, compared_value, nearest_values
from loyalty_monitoring.replay.incidents import longest_run
from loyalty_monitoring.replay.prometheus import Evaluator
from loyalty_monitoring.replay.result import Margin


def margin(
    prometheus: Evaluator, policy: AlertPolicy, first: int, last: int, answered: Answered, *, opened: bool
) -> Margin | None:
    """Return the margin of a policy that compares something with a number, from `first` to `last` (unix seconds).

    `answered` are the answers of its condition there.
    """
    try:
        meant = meant_comparison(policy.query)
    except ValueError:
        return None  # Prometheus took it, but our parser cannot look into it
    if meant is None:
        return None
    compared = _compared(policy.query, meant)
    question = ["margin", policy.query, policy.duration_seconds, first, last, policy.evaluation_interval_seconds]
    value, at, labels, held = prometheus.remembered(
        question, [policy.query], lambda: _extreme(prometheus, policy, compared, first, last, answered)
    )
    return Margin(
        compared.operator,
        compared.threshold,
        value,
        None if at is None else datetime.fromtimestamp(at, UTC),
        labels,
        opened,
        held,
        policy.duration_seconds,
    )


def _extreme(
    prometheus: Evaluator, policy: AlertPolicy, compared: Comparison, first: int, last: int, answered: Answered
) -> tuple[float | None, int | None, Mapping[str, str], int | None]:
    """Return the value that came nearest, when and for which labels, and how long the condition was met."""
    interval = policy.evaluation_interval_seconds
    values = answered.values
    if values is None:
        values = nearest_values(prometheus, compared, first, last, interval)
    samples = [
        (abs(number - compared.threshold) if compared.operator == "==" else number, at, number)
        for at, number in values
        if number == number  # a ratio of nothing is NaN
    ]
    if not samples:
        return None, None, {}, None
    # The first of equals: when it came so near.
    highest = compared.operator.startswith(">")
    _, at, number = min(samples, key=lambda one: (-one[0] if highest else one[0], one[1]))
    held = longest_run(answered.series, interval) if policy.duration_seconds else None
    return number, at, _first_of_equals(prometheus, compared.value, at, number), held


def _first_of_equals(prometheus: Evaluator, value: str, at: int, number: float) -> Mapping[str, str]:
    """Return the first labels, in their order, of the series that have this value at an instant.

    The order in which `sum by` and its like return series is random (seen with Prometheus 2.42).
    """
    there = prometheus.query_range(value, at, at, 1)
    if not there:  # with `@ end()` an instant asked for alone may have no answer
        return {}
    # The last digit of a sum depends on that order, too. NaN is close to nothing, infinity to itself.
    return min(there, key=lambda one: (not isclose(one.samples[0][1], number), sorted(one.labels.items()))).labels


def _compared(query: str, meant: Comparison) -> Comparison:
    """Return the comparison with the value that is asked for: of one inside a query its own, else what the query is
    without it.
    """
    if meant.role == "inside":
        return meant
    return compared_value(query) or replace(meant, value=without_comparison(query))
