"""What a PromQL query is made of. The only module that imports promql_parser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import promql_parser

# Functions and aggregations of Prometheus 2.44, which Cloud Monitoring evaluates
# (cloud.google.com/stackdriver/docs/managed-prometheus/promql-differences). The parser knows newer ones as well.
FUNCTIONS = frozenset(
    [
        "abs",
        "absent",
        "absent_over_time",
        "acos",
        "acosh",
        "asin",
        "asinh",
        "atan",
        "atanh",
        "avg_over_time",
        "ceil",
        "changes",
        "clamp",
        "clamp_max",
        "clamp_min",
        "cos",
        "cosh",
        "count_over_time",
        "day_of_month",
        "day_of_week",
        "day_of_year",
        "days_in_month",
        "deg",
        "delta",
        "deriv",
        "exp",
        "floor",
        "histogram_count",
        "histogram_fraction",
        "histogram_quantile",
        "histogram_sum",
        "holt_winters",
        "hour",
        "idelta",
        "increase",
        "irate",
        "label_join",
        "label_replace",
        "last_over_time",
        "ln",
        "log10",
        "log2",
        "max_over_time",
        "min_over_time",
        "minute",
        "month",
        "pi",
        "predict_linear",
        "present_over_time",
        "quantile_over_time",
        "rad",
        "rate",
        "resets",
        "round",
        "scalar",
        "sgn",
        "sin",
        "sinh",
        "sort",
        "sort_desc",
        "sqrt",
        "stddev_over_time",
        "stdvar_over_time",
        "sum_over_time",
        "tan",
        "tanh",
        "time",
        "timestamp",
        "vector",
        "year",
    ]
)
# They read a log counter's per-minute deltas as a cumulative counter: they extrapolate, and see a reset in every drop.
LOG_BASED = "logging_googleapis_com:user_"
COUNTER_FUNCTIONS = frozenset(["rate", "irate", "increase", "resets", "delta", "idelta", "deriv"])

_VARIABLE = re.compile(r"\$\{(\w+)\}")


def variables(query: str) -> set[str]:
    """The template variables that a chart's query uses."""
    return set(_VARIABLE.findall(query))


def chosen(query: str, **values: str) -> str:
    """The query as the dashboard sends it with these choices; a variable without one matches every value."""
    return _VARIABLE.sub(lambda found: f'{found[1]}=~"{values.get(found[1], ".*")}"', query)


def parsed(query: str) -> Any:
    return promql_parser.parse(query)


def nodes(expression: Any) -> Iterator[Any]:
    """The expression and all that it is made of."""
    yield expression
    for child in _children(expression):
        yield from nodes(child)


def selectors(expression: Any) -> list[Any]:
    return [node for node in nodes(expression) if isinstance(node, promql_parser.VectorSelector)]


def functions(expression: Any) -> set[str]:
    return {node.func.name for node in nodes(expression) if isinstance(node, promql_parser.Call)}


def matchers(selector: Any) -> dict[str, str]:
    return {matcher.name: matcher.value for matcher in selector.matchers.matchers}


def look_back(expression: Any) -> timedelta:
    """How far before its instant the expression reads: ranges and offsets, added where they are nested."""
    below = max((look_back(child) for child in _children(expression)), default=timedelta())
    offset = getattr(expression, "offset", None) or timedelta()
    reach = (
        expression.range if isinstance(expression, promql_parser.MatrixSelector | promql_parser.SubqueryExpr) else None
    )
    return below + offset + (reach or timedelta())


def _children(expression: Any) -> list[Any]:
    if isinstance(expression, promql_parser.BinaryExpr):
        return [expression.lhs, expression.rhs]
    if isinstance(expression, promql_parser.Call):
        return list(expression.args)
    if isinstance(expression, promql_parser.MatrixSelector):
        return [expression.vector_selector]
    inner = getattr(expression, "expr", None)
    return [] if inner is None else [inner]


def reads_log_based_metric(expression: Any) -> bool:
    """Whether any selector names a user-defined log-based metric."""
    return any((selector.name or "").startswith(LOG_BASED) for selector in selectors(expression))
