"""What a PromQL query is made of. The only module that imports promql_parser."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import promql_parser

from loyalty_monitoring.query_languages.promql.quoted_names import legacy_name

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
# Aggregations that the parser knows and Prometheus 2.44 does not.
_NEWER_AGGREGATIONS = frozenset(["limitk", "limit_ratio"])

# `${name}` is a whole matcher, `${name.value}` what was chosen:
# https://docs.cloud.google.com/monitoring/dashboards/filter-permanent
_VARIABLE = re.compile(r"\$\{(\w+)(\.value)?\}")
# The parser ends the whole process when expressions are nested some thousand times, so count what can nest.
_NO_CODE = re.compile(r"""#[^\n]*|"(?:[^"\\]|\\.)*(?:"|\\?\Z)|'(?:[^'\\]|\\.)*(?:'|\\?\Z)|`[^`]*(?:`|\Z)""", re.DOTALL)
_MATCHERS = re.compile(r"\{[^{}]*\}")
_MAY_NEST = re.compile(r"[-+*/%^<>=(\[]|\b(?:and|or|unless|atan2)\b", re.IGNORECASE)
_MOST_NESTED = 300
# Longer than what Cloud Monitoring keeps, and far from where Python's timedelta ends.
_LONGEST = timedelta(days=365 * 1000)
_MIRRORED = {">": "<", "<": ">", ">=": "<=", "<=": ">=", "==": "==", "!=": "!="}
_SETS = ("and", "or", "unless")
_NO_CHOICE: Mapping[str, str] = MappingProxyType({})
_MATCH = {"MatchOp.Equal": "=", "MatchOp.NotEqual": "!=", "MatchOp.Re": "=~", "MatchOp.NotRe": "!~"}


@dataclass(frozen=True)
class Matcher:
    """A label matcher; its operator is "=", "!=", "=~" or "!~"."""

    label: str
    operator: str
    value: str


def variables(query: str) -> set[str]:
    """The template variables that a chart's query uses."""
    return {found[1] for found in _VARIABLE.finditer(query)}


def chosen(query: str, choice: Mapping[str, str] = _NO_CHOICE, labels: Mapping[str, str] | None = None) -> str:
    """The query as the dashboard sends it with a choice; a variable without one matches every value.

    `labels` maps a variable to its label, where the two have different names.
    """

    def written(found: re.Match[str]) -> str:
        name = found[1]
        value = choice.get(name)
        if found[2]:
            return ".*" if value is None else _escaped(value)
        label = (labels or {}).get(name, name)
        return f'{label}=~".*"' if value is None else f'{label}="{_escaped(value)}"'

    return _VARIABLE.sub(written, query)


@lru_cache(maxsize=16_384)
def parsed(query: str) -> Any:
    """The expression of a query. Errors: ValueError for one that is none, or that is too large to look into."""
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
    """The expression and all that it is made of."""
    return iter(_nodes(expression))


@lru_cache(maxsize=16_384)
def _nodes(expression: Any) -> tuple[Any, ...]:
    """Those of an expression, worked out once: `parsed` gives the same object for the same query."""
    found, waiting = [], [expression]
    while waiting:
        node = waiting.pop()
        found.append(node)
        waiting += reversed(children(node))
    return tuple(found)


def selectors(expression: Any) -> list[Any]:
    return [node for node in nodes(expression) if isinstance(node, promql_parser.VectorSelector)]


def functions(expression: Any) -> set[str]:
    return {node.func.name for node in nodes(expression) if isinstance(node, promql_parser.Call)}


def range_calls(expression: Any) -> Iterator[tuple[str, Any]]:
    """Each function with a range, as in `rate(metric[5m])`, and the selector it reads."""
    for node in nodes(expression):
        if isinstance(node, promql_parser.Call):
            for argument in node.args:
                if isinstance(argument, promql_parser.MatrixSelector):
                    yield node.func.name, argument.vector_selector


def matchers(selector: Any) -> dict[str, str]:
    return {matcher.name: matcher.value for matcher in selector.matchers.matchers}


def every_matcher(selector: Any) -> list[Matcher]:
    """The matchers with their operators, those of alternatives (`a="1" or b="2"`) included."""
    return list(_every_matcher(selector))


@lru_cache(maxsize=16_384)
def _every_matcher(selector: Any) -> tuple[Matcher, ...]:
    groups = [selector.matchers.matchers, *selector.matchers.or_matchers]
    return tuple(Matcher(one.name, _MATCH[str(one.op)], one.value) for group in groups for one in group)


def metric_name(selector: Any) -> str | None:
    """The metric's name as PromQL has it, also where it is written in quotes as Cloud Monitoring has it.

    Source: https://cloud.google.com/monitoring/promql/promql-mapping
    """
    named = [one.value for one in every_matcher(selector) if (one.label, one.operator) == ("__name__", "=")]
    name: str | None = selector.name or (named[0] if named else None)
    return None if name is None else legacy_name(name)


def without_exact_name(selector: Any) -> bool:
    """Whether the selector leaves out the metric's name, or matches names in another way than `=`."""
    named = [one.operator for one in every_matcher(selector) if one.label == "__name__"]
    return any(operator != "=" for operator in named) or metric_name(selector) is None


def newer_than_cloud_monitoring(expression: Any) -> list[str]:
    """What the parser knows, but Prometheus 2.44 does not, as a sentence names it; in the order of the expression."""
    found = []
    for node in nodes(expression):
        if isinstance(node, promql_parser.Call) and node.func.name not in FUNCTIONS:
            found.append(f"the function {node.func.name}()")
        if isinstance(node, promql_parser.AggregateExpr) and str(node.op) in _NEWER_AGGREGATIONS:
            found.append(f"the aggregation {node.op}()")
        if isinstance(node, promql_parser.VectorSelector) and node.matchers.or_matchers:
            found.append("`or` between matchers")
    return list(dict.fromkeys(found))


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
    """Whether a part of the expression gives its series labels that they did not have."""
    return bool(functions(expression) & {"label_replace", "label_join"}) or any(
        isinstance(node, promql_parser.AggregateExpr) and str(node.op) == "count_values" for node in nodes(expression)
    )


def operation(expression: Any) -> tuple[str, Any, Any] | None:
    """The operator and both sides of `a + b`, parentheses around it left out; None for anything else."""
    inner = bare(expression)
    return (str(inner.op), inner.lhs, inner.rhs) if isinstance(inner, promql_parser.BinaryExpr) else None


def applied(expression: Any) -> str | None:
    """The name of the function or aggregation that an expression applies; None for anything else."""
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
    """What an expression reads. A selector without a range has a window of 0."""
    window = getattr(expression, "range", None) or timedelta()
    offset = getattr(expression, "offset", None) or timedelta()
    if isinstance(expression, promql_parser.VectorSelector):
        return [Read(expression, window, offset)]
    below = (read for child in children(expression) for read in reads(child))
    return [Read(read.selector, read.window + window, read.offset + offset) for read in below]


@dataclass(frozen=True)
class Judgement:
    """A comparison of the expression `value` with a number, on which the whole expression depends."""

    value: Any
    operator: str
    threshold: float


def judgements(expression: Any) -> Iterator[Judgement]:
    """The comparisons with numbers that are joined by `and` and `or`, and those left of `unless`."""
    if (found := operation(expression)) is None:
        return
    operator, left, right = found
    if operator in _SETS:
        yield from judgements(left)
        if operator != "unless":
            yield from judgements(right)
    elif operator in _MIRRORED and (threshold := number(right)) is not None:
        yield Judgement(left, operator, threshold)
    elif operator in _MIRRORED and (threshold := number(left)) is not None:
        yield Judgement(right, _MIRRORED[operator], threshold)


def is_instant(expression: Any) -> bool:
    """Whether the expression has one value a series, which a condition needs: no range, no text."""
    no_instant = promql_parser.MatrixSelector | promql_parser.SubqueryExpr | promql_parser.StringLiteral
    return not isinstance(bare(expression), no_instant)


def look_back(expression: Any) -> timedelta:
    """How far before its instant the expression reads: ranges and offsets, added where they are nested."""
    below = max((look_back(child) for child in children(expression)), default=timedelta())
    offset = getattr(expression, "offset", None) or timedelta()
    reach = (
        expression.range if isinstance(expression, promql_parser.MatrixSelector | promql_parser.SubqueryExpr) else None
    )
    return below + offset + (reach or timedelta())


def time_ranges(expression: Any) -> set[timedelta]:
    """Ranges, steps of subqueries and offsets, wherever they stand in the expression."""
    spans = (getattr(node, name, None) for node in nodes(expression) for name in ("range", "step", "offset"))
    return {abs(span) for span in spans if span is not None}


def number_literals(expression: Any) -> set[float]:
    """The numbers in the expression, parameters such as the 0.95 of a quantile included."""
    parts = [part for node in nodes(expression) for part in (node, getattr(node, "param", None))]
    return {part.val for part in parts if isinstance(part, promql_parser.NumberLiteral)}


def children(expression: Any) -> list[Any]:
    """The expressions that an expression is made of."""
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
    return any((metric_name(selector) or "").startswith(LOG_BASED) for selector in selectors(expression))


@dataclass(frozen=True)
class Comparison:
    """A part of an expression that compares `value` (PromQL) with a number.

    `role` is what joins it to the part before it: "" for the first, "and", "or", "unless"; "inside" for a comparison
    that gives 0 or 1 to a larger expression.
    """

    role: str
    value: str
    operator: str
    threshold: float


def comparisons(expression: Any) -> list[Comparison]:
    """What a condition compares with numbers, in the order in which it is written, the whole before its inside."""
    return list(dict.fromkeys(_compared(expression, "")))


def without_comparison(query: str) -> str:
    """The query with its first comparison replaced by the value that it compares; what is joined to it stays."""
    return _uncompared(parsed(query))


def bare(expression: Any) -> Any:
    """The expression without the parentheses around it."""
    while isinstance(expression, promql_parser.ParenExpr):
        expression = expression.expr
    return expression


def _uncompared(expression: Any) -> str:
    inner = bare(expression)
    if isinstance(inner, promql_parser.BinaryExpr) and str(inner.op) in _SETS:
        clauses = [f"{one.word} ({', '.join(one.labels)}) " for one in label_clauses(inner) if one.expression is inner]
        return f"({_uncompared(inner.lhs)}) {inner.op} {''.join(clauses)}({inner.rhs.prettify()})"
    if isinstance(inner, promql_parser.BinaryExpr) and str(inner.op) in _MIRRORED:
        return str((inner.rhs if number(inner.lhs) is not None else inner.lhs).prettify())
    return str(inner.prettify())


def _compared(expression: Any, role: str) -> Iterator[Comparison]:
    expression = bare(expression)
    if not isinstance(expression, promql_parser.BinaryExpr):
        return
    if str(expression.op) in _SETS:
        yield from _compared(expression.lhs, role)
        yield from _compared(expression.rhs, str(expression.op))
        return
    found = _comparison(expression, role)
    if found is not None:
        yield found
        # "> bool" inside is a judgement of its own; "> 0" inside only leaves zeros out.
        inside = (node for node in nodes(expression.lhs) if isinstance(node, promql_parser.BinaryExpr))
        judged = (_comparison(node, "inside") for node in inside if getattr(node.modifier, "return_bool", False))
        yield from (one for one in judged if one is not None)


def _comparison(expression: Any, role: str) -> Comparison | None:
    operator = str(expression.op)
    if operator not in _MIRRORED:
        return None
    left, right = expression.lhs, expression.rhs
    if isinstance(right, promql_parser.NumberLiteral):
        return Comparison(role, left.prettify(), operator, right.val)
    if isinstance(left, promql_parser.NumberLiteral):
        return Comparison(role, right.prettify(), _MIRRORED[operator], left.val)
    return None


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
