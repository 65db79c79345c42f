"""Parse and walk PromQL expressions. promql_parser is imported in this folder alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Any

import promql_parser

from loyalty_monitoring.query_languages.promql.quoted_names import legacy_name

# The parser ends the whole process when expressions are nested some thousand times, so count what can nest.
_NO_CODE = re.compile(r"""#[^\n]*|"(?:[^"\\]|\\.)*(?:"|\\?\Z)|'(?:[^'\\]|\\.)*(?:'|\\?\Z)|`[^`]*(?:`|\Z)""", re.DOTALL)
_MATCHERS = re.compile(r"\{[^{}]*\}")
_MAY_NEST = re.compile(r"[-+*/%^<>=(\[]|\b(?:and|or|unless|atan2)\b", re.IGNORECASE)
_MOST_NESTED = 300
# Longer than what Cloud Monitoring keeps, and far from where Python's timedelta ends.
_LONGEST = timedelta(days=365 * 1000)
_MATCH = {"MatchOp.Equal": "=", "MatchOp.NotEqual": "!=", "MatchOp.Re": "=~", "MatchOp.NotRe": "!~"}


@dataclass(frozen=True)
class Matcher:
    """A label matcher; its operator is "=", "!=", "=~" or "!~"."""

    label: str
    operator: str
    value: str


@lru_cache(maxsize=16_384)
def parsed(query: str) -> Any:
    """Return the expression of a query. Errors: ValueError for one that is none, or that is too large to look into."""
    code = _MATCHERS.sub("", _NO_CODE.sub("", query))
    if len(_MAY_NEST.findall(code)) > _MOST_NESTED:
        raise ValueError(f"has more than {_MOST_NESTED} operators and parentheses")
    expression = promql_parser.parse(query)
    try:
        longest = max(map(abs, [look_back(expression), *time_ranges(expression)]))
    except OverflowError:
        longest = timedelta.max
    if longest > _LONGEST:
        raise ValueError(f"has more than {_LONGEST.days // 365} years in its ranges and offsets")
    return expression


def nodes(expression: Any) -> Iterator[Any]:
    """Return the expression and all that it is made of."""
    return iter(_nodes(expression))


@lru_cache(maxsize=16_384)
def _nodes(expression: Any) -> tuple[Any, ...]:
    """Return the nodes of an expression, found once: `parsed` gives the same object for the same query."""
    found, waiting = [], [expression]
    while waiting:
        node = waiting.pop()
        found.append(node)
        waiting += reversed(parts(node))
    return tuple(found)


def selectors(expression: Any) -> list[Any]:
    return [node for node in nodes(expression) if isinstance(node, promql_parser.VectorSelector)]


@lru_cache(maxsize=16_384)
def functions(expression: Any) -> frozenset[str]:
    return frozenset(node.func.name for node in nodes(expression) if isinstance(node, promql_parser.Call))


def matchers(selector: Any) -> dict[str, str]:
    return {matcher.name: matcher.value for matcher in selector.matchers.matchers}


def every_matcher(selector: Any) -> list[Matcher]:
    """Return the matchers with their operators, those of alternatives (`a="1" or b="2"`) included."""
    return list(_every_matcher(selector))


@lru_cache(maxsize=16_384)
def _every_matcher(selector: Any) -> tuple[Matcher, ...]:
    groups = [selector.matchers.matchers, *selector.matchers.or_matchers]
    return tuple(Matcher(one.name, _MATCH[str(one.op)], one.value) for group in groups for one in group)


@lru_cache(maxsize=16_384)
def metric_name(selector: Any) -> str | None:
    """Return the metric's name as PromQL has it, also where it is written in quotes as Cloud Monitoring has it.

    Source: https://cloud.google.com/monitoring/promql/promql-mapping
    """
    named = [one.value for one in every_matcher(selector) if (one.label, one.operator) == ("__name__", "=")]
    name: str | None = selector.name or (named[0] if named else None)
    return None if name is None else legacy_name(name)


def without_exact_name(selector: Any) -> bool:
    """Return whether the selector leaves out the metric's name, or matches names in another way than `=`."""
    named = [one.operator for one in every_matcher(selector) if one.label == "__name__"]
    return any(operator != "=" for operator in named) or metric_name(selector) is None


@dataclass(frozen=True)
class LabelClause:
    """A clause such as `by (task)` of the aggregation or operation `expression`."""

    word: str
    labels: tuple[str, ...]
    expression: Any


def label_clauses(expression: Any) -> Iterator[LabelClause]:
    for node in nodes(expression):
        modifier = getattr(node, "modifier", None)
        if modifier is None:
            continue
        if isinstance(node, promql_parser.AggregateExpr):
            word = "without" if modifier.type == promql_parser.AggModifierType.Without else "by"
            yield LabelClause(word, tuple(modifier.labels), node)
            continue
        if (matching := modifier.matching) is not None:
            word = "on" if matching.type == promql_parser.LabelModifierType.Include else "ignoring"
            yield LabelClause(word, tuple(matching.labels), node)
        if modifier.group_labels:
            left = modifier.card == promql_parser.VectorMatchCardinality.ManyToOne
            yield LabelClause("group_left" if left else "group_right", tuple(modifier.group_labels), node)


def makes_labels(expression: Any) -> bool:
    """Return whether a part of the expression gives its series labels that they did not have."""
    return bool(functions(expression) & {"label_replace", "label_join"}) or any(
        isinstance(node, promql_parser.AggregateExpr) and str(node.op) == "count_values" for node in nodes(expression)
    )


def operation(expression: Any) -> tuple[str, Any, Any] | None:
    """Return the operator and both sides of `a + b`, parentheses around it left out; None for anything else."""
    inner = bare(expression)
    return (str(inner.op), inner.lhs, inner.rhs) if isinstance(inner, promql_parser.BinaryExpr) else None


def applied(expression: Any) -> str | None:
    """Return the name of the function or aggregation that an expression applies; None for anything else."""
    inner = bare(expression)
    if isinstance(inner, promql_parser.Call):
        return str(inner.func.name)
    return str(inner.op) if isinstance(inner, promql_parser.AggregateExpr) else None


def number(expression: Any) -> float | None:
    inner = bare(expression)
    return float(inner.val) if isinstance(inner, promql_parser.NumberLiteral) else None


@dataclass(frozen=True)
class Read:
    """A selector, the ranges around it added up, and how far all of it is moved into the past."""

    selector: Any
    window: timedelta
    offset: timedelta


def reads(expression: Any) -> list[Read]:
    """Return the selectors of an expression with their windows. A selector without a range has a window of 0."""
    window = getattr(expression, "range", None) or timedelta()
    offset = getattr(expression, "offset", None) or timedelta()
    if isinstance(expression, promql_parser.VectorSelector):
        return [Read(expression, window, offset)]
    below = (read for part in parts(expression) for read in reads(part))
    return [Read(read.selector, read.window + window, read.offset + offset) for read in below]


def is_instant(expression: Any) -> bool:
    """Return whether the expression has one value a series, which a condition needs: no range, no text."""
    no_instant = promql_parser.MatrixSelector | promql_parser.SubqueryExpr | promql_parser.StringLiteral
    return not isinstance(bare(expression), no_instant)


def look_back(expression: Any) -> timedelta:
    """Return how far before its instant the expression reads: ranges and offsets, added where they are nested."""
    below = max((look_back(part) for part in parts(expression)), default=timedelta())
    offset = getattr(expression, "offset", None) or timedelta()
    reach = (
        expression.range if isinstance(expression, promql_parser.MatrixSelector | promql_parser.SubqueryExpr) else None
    )
    return below + offset + (reach or timedelta())


def time_ranges(expression: Any) -> set[timedelta]:
    """Return ranges, steps of subqueries and offsets, wherever they stand in the expression."""
    spans = (getattr(node, name, None) for node in nodes(expression) for name in ("range", "step", "offset"))
    return {abs(span) for span in spans if span is not None}


def number_literals(expression: Any) -> set[float]:
    """Return the numbers in the expression, parameters such as the 0.95 of a quantile included."""
    return {node.val for node in nodes(expression) if isinstance(node, promql_parser.NumberLiteral)}


def children(expression: Any) -> list[Any]:
    """Return the expressions whose series an expression is made of."""
    if isinstance(expression, promql_parser.BinaryExpr):
        return [expression.lhs, expression.rhs]
    if isinstance(expression, promql_parser.Call):
        return list(expression.args)
    if isinstance(expression, promql_parser.MatrixSelector):
        return [expression.vector_selector]
    inner = getattr(expression, "expr", None)
    return [] if inner is None else [inner]


def parts(expression: Any) -> list[Any]:
    """Return the same with the parameter of an aggregation, such as the `scalar(...)` of `topk(scalar(...), x)`."""
    parameter = getattr(expression, "param", None)
    return [*children(expression), *([] if parameter is None else [parameter])]


def bare(expression: Any) -> Any:
    """Return the expression without the parentheses around it."""
    while isinstance(expression, promql_parser.ParenExpr):
        expression = expression.expr
    return expression
