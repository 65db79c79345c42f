"""Detect PromQL expressions that return no series when nothing was logged.

A minute in which no entry matches writes no point, at most a zero next to a minute that has one. An operation with an
empty side is empty. Sources: https://docs.cloud.google.com/logging/docs/logs-based-metrics,
https://prometheus.io/docs/prometheus/latest/querying/operators/#vector-matching and
https://cloud.google.com/stackdriver/docs/managed-prometheus/promql-differences
"""

from __future__ import annotations

from typing import Any

from loyalty_monitoring.checks.lint.log_based import metric_of
from loyalty_monitoring.checks.lint.promql_checks import log_based_name
from loyalty_monitoring.checks.lint.rule import Project
from loyalty_monitoring.query_languages.promql.cloud_monitoring import SUFFIXES
from loyalty_monitoring.query_languages.promql.expressions import (
    Read,
    applied,
    bare,
    children,
    every_matcher,
    functions,
    nodes,
    number,
    operation,
    reads,
    selectors,
)

_NEVER_EMPTY = ("absent", "absent_over_time", "scalar", "vector")
_ADDS = ("sum", "count", "sum_over_time", "count_over_time", "increase", "rate")


def may_be_empty(expression: Any) -> bool:
    """Return whether an expression has no value when nothing is logged. Behind an `or`, somebody thought of that."""
    found = operation(expression)
    if found is not None:
        operator, left, right = found
        return operator != "or" and (may_be_empty(left) or (operator != "unless" and may_be_empty(right)))
    inner = bare(expression)
    if applied(inner) in _NEVER_EMPTY:
        return False
    below = children(inner)
    return any(map(may_be_empty, below)) if below else any(log_based_name(one) for one in selectors(inner))


def minds_absence(expression: Any) -> bool:
    """Return whether a part of the expression asks for missing data."""
    return bool(functions(expression) & {"absent", "absent_over_time"})


def has_operator(expression: Any, operator: str) -> bool:
    return any((found := operation(node)) is not None and found[0] == operator for node in nodes(expression))


def is_total(expression: Any) -> bool:
    """Return whether an expression only adds up what was logged, so that nothing logged means 0; `/ 60` is still a
    total.
    """
    found = operation(expression)
    if found is not None:
        operator, left, right = found
        if operator in ("*", "/") and number(right) is not None:
            return is_total(left)
        return operator == "*" and number(left) is not None and is_total(right)
    inner = bare(expression)
    below = children(inner)
    if not below:
        return any(log_based_name(one) for one in selectors(inner))
    # A range, which applies nothing, adds nothing else either.
    return len(below) == 1 and applied(inner) in (None, *_ADDS) and is_total(below[0])


def there_with(expression: Any, other: Any, project: Project) -> bool:
    """Return whether an expression certainly, or perhaps, has a value whenever the other has: they read the same
    entries.
    """
    others = reads(other)
    return all(any(_covers(ours, theirs, project) for theirs in others) for ours in reads(expression))


def _covers(ours: Read, theirs: Read, project: Project) -> bool:
    return (
        ours.window >= theirs.window
        and ours.offset == theirs.offset
        and _matched(ours.selector) <= _matched(theirs.selector)
        and _same_entries(log_based_name(ours.selector), log_based_name(theirs.selector), project)
    )


def _matched(selector: Any) -> set[tuple[str, str, str]]:
    left_out = ("__name__", "le")
    return {(one.label, one.operator, one.value) for one in every_matcher(selector) if one.label not in left_out}


def _same_entries(ours: str | None, theirs: str | None, project: Project) -> bool:
    """Return whether two metrics count the same entries. Two distributions of one entry are common, two counters are
    not.
    """
    if ours is None:
        return True
    if theirs is None:
        return False
    if _base(ours) == _base(theirs):
        return True
    our_metric, their_metric = metric_of(ours, project), metric_of(theirs, project)
    if our_metric is None or their_metric is None:
        return ours != _base(ours) or theirs != _base(theirs)
    return bool(our_metric[0].body.get("filter") == their_metric[0].body.get("filter"))


def _base(name: str) -> str:
    return next((name.removesuffix(suffix) for suffix in SUFFIXES if name.endswith(suffix)), name)
