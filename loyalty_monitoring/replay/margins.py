"""The margin of each alert: how near the condition came to opening an incident, or how far beyond it went.

Of a condition `value > threshold` this is the highest value in the window, of `value < threshold` the lowest, of
`value == threshold` the nearest. Other parts of the condition still count: of `value > 5 and enough > 100` it is the
highest value while the second part holds.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from math import isclose

from loyalty_monitoring.common.in_parallel import in_parallel
from loyalty_monitoring.definitions.model import AlertPolicy
from loyalty_monitoring.query_languages.promql.comparisons import Comparison, comparisons, without_comparison
from loyalty_monitoring.query_languages.promql.expressions import parsed
from loyalty_monitoring.replay.incidents import evaluation_instants, longest_run
from loyalty_monitoring.replay.prometheus import Evaluator
from loyalty_monitoring.replay.result import Incident, Margin


def margins(
    prometheus: Evaluator,
    policies: Sequence[AlertPolicy],
    start: datetime,
    end: datetime,
    incidents: Sequence[Incident],
) -> dict[str, Margin]:
    """Return the margin of each policy that compares something with a number, by the policy's name."""
    opened = {incident.policy for incident in incidents}
    found = in_parallel(lambda policy: _margin(prometheus, policy, start, end, opened), policies)
    return {policy.name: margin for policy, margin in zip(policies, found, strict=True) if margin is not None}


def _margin(
    prometheus: Evaluator, policy: AlertPolicy, start: datetime, end: datetime, opened: Collection[str]
) -> Margin | None:
    try:
        compared = _decisive(comparisons(parsed(policy.query)))
    except ValueError:
        return None  # Prometheus took it, but our parser cannot look into it
    if compared is None:
        return None
    interval = policy.evaluation_interval_seconds
    first, last = evaluation_instants(start, end, interval)
    question = ["margin", policy.query, policy.duration_seconds, first, last, interval]
    value, at, labels, held = prometheus.remembered(
        question, [policy.query], lambda: _extreme(prometheus, policy, compared, first, last)
    )
    return Margin(
        compared.operator,
        compared.threshold,
        value,
        None if at is None else datetime.fromtimestamp(at, UTC),
        labels,
        policy.name in opened,
        held,
        policy.duration_seconds,
    )


def _extreme(
    prometheus: Evaluator, policy: AlertPolicy, compared: Comparison, first: int, last: int
) -> tuple[float | None, int | None, Mapping[str, str], int | None]:
    """Return the value that came nearest, when and for which labels, and how long the condition was met."""
    interval = policy.evaluation_interval_seconds
    value = compared.value if compared.role == "inside" else without_comparison(policy.query)
    samples = [
        (abs(number - compared.threshold) if compared.operator == "==" else number, at, number, series.labels)
        for query in _nearest(value, compared)
        for series in prometheus.query_range(query, first, last, interval)
        for at, number in series.samples
        if number == number  # a ratio of nothing is NaN
    ]
    if not samples:
        return None, None, {}, None
    # The first of equals: when it came so near.
    highest = compared.operator.startswith(">")
    _, at, number, labels = min(samples, key=lambda one: (-one[0] if highest else one[0], one[1]))
    if labels:
        labels = _first_of_equals(prometheus, value, at, number)
    held = None
    if policy.duration_seconds:
        held = longest_run(prometheus.query_range(policy.query, first, last, interval), interval)
    return number, at, labels, held


def _first_of_equals(prometheus: Evaluator, value: str, at: int, number: float) -> Mapping[str, str]:
    """Return the first labels, in their order, of the series that have this value at an instant.

    Of equals `topk` names any, and another one each time it is asked (seen with Prometheus 2.42: the order of what
    `sum by` and its like return is random).
    """
    # The last digit of a sum depends on the order, too. NaN is close to nothing, infinity to itself.
    there = prometheus.query_range(value, at, at, 1)
    return min(there, key=lambda one: (not isclose(one.samples[0][1], number), sorted(one.labels.items()))).labels


def _decisive(found: Sequence[Comparison]) -> Comparison | None:
    """Return the comparison that people mean: of one that only counts yes and no, the one inside."""
    inside = [one for one in found if one.role == "inside"]
    whole = [one for one in found if one.role in ("", "or")]
    return next((one for one in inside + whole if one.operator != "!="), None)


def _nearest(value: str, compared: Comparison) -> Iterator[str]:
    """Return queries whose answers hold the extreme of all series at each instant, so that little is transferred."""
    if compared.operator.startswith(">"):
        yield f"topk(1, {value})"
    elif compared.operator.startswith("<"):
        yield f"bottomk(1, {value})"
    else:
        yield f"bottomk(1, ({value}) >= {compared.threshold!r})"
        yield f"topk(1, ({value}) <= {compared.threshold!r})"
