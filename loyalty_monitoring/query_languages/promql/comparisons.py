"""Find what a PromQL expression compares with numbers, such as the threshold of a condition."""

from __future__ import annotations

import operator
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import promql_parser

from loyalty_monitoring.query_languages.promql.expressions import (
    bare,
    label_clauses,
    nodes,
    number,
    operation,
    parsed,
)

_MIRRORED = {">": "<", "<": ">", ">=": "<=", "<=": ">=", "==": "==", "!=": "!="}
_SETS = ("and", "or", "unless")
# What a value does that meets a comparison.
MEETS = {">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le, "==": operator.eq}
_JOINING = ("and", "unless")
_PARENTHESES = re.compile(r"""[()]|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`""", re.DOTALL)
_BLANKS = " \t\r\n"  # of PromQL: the parser takes more of them, and other numbers, which Prometheus refuses
# What a comparison ends with, where nothing else is written after it.
_THRESHOLD = re.compile(r"(?P<operator>[<>]=?)[ \t\r\n]*[0-9]+(?:\.[0-9]+)?(?:e[+-]?[0-9]{1,2})?[ \t\r\n]*\Z")


@dataclass(frozen=True)
class Comparison:
    """A part of a PromQL expression that compares `expression`, whose text is `value`, with the number `threshold`.

    `role` is what joins it to the part before it: "" for the first, "and", "or", "unless"; "inside" for a comparison
    that gives 0 or 1 to a larger expression.
    """

    role: str
    value: str
    operator: str
    threshold: float
    expression: Any = field(default=None, compare=False, repr=False)


def deciding_comparisons(expression: Any, role: str = "") -> Iterator[Comparison]:
    """Yield the comparisons that make a series appear: those joined by `and` and `or`, and those left of `unless`."""
    if (found := operation(expression)) is None:
        return
    operator, left, right = found
    if operator in _SETS:
        yield from deciding_comparisons(left, role)
        if operator != "unless":
            yield from deciding_comparisons(right, operator)
    elif operator in _MIRRORED and (threshold := number(right)) is not None:
        yield Comparison(role, left.prettify(), operator, threshold, left)
    elif operator in _MIRRORED and (threshold := number(left)) is not None:
        yield Comparison(role, right.prettify(), _MIRRORED[operator], threshold, right)


def comparisons(expression: Any) -> list[Comparison]:
    """Return all comparisons with numbers, in the order in which they are written, the whole before its inside."""
    return list(dict.fromkeys(_compared(expression, "")))


def deciding_comparison(query: str) -> Comparison | None:
    """Return the comparison with a threshold that alone decides whether a query has an answer, its value in the query's
    own words: of `a > 5` the value is `a`, of `(a > 5) unless on (m) b` it is `(a) unless on (m) b`.

    At an instant there is an answer if the highest value of all series (of `<`, the lowest) is beyond the threshold.
    None where the query is more than that, or less, has a comment, or `@`, by which an instant's answer may depend on
    which others are asked for. Errors: ValueError for a query that is none.
    """
    expression = parsed(query)
    if "#" in query or "@" in query or not isinstance(expression, promql_parser.BinaryExpr):
        return None
    if str(expression.op) not in _JOINING:
        return _written(query, expression)
    first, rest = _first_parenthesis(query.strip(_BLANKS))
    while isinstance(expression, promql_parser.BinaryExpr) and str(expression.op) in _JOINING:
        expression = expression.lhs
    if not rest.startswith(_JOINING) or not isinstance(expression, promql_parser.ParenExpr):
        return None
    found = _written(first, expression.expr)
    return None if found is None else replace(found, value=f"({found.value}) {rest}")


def _written(query: str, expression: Any) -> Comparison | None:
    """Return the comparison that is the last operation of a query without a comment."""
    found = _THRESHOLD.search(query)
    compared = _comparison(expression, "") if isinstance(expression, promql_parser.BinaryExpr) else None
    if found is None or compared is None or getattr(expression.modifier, "return_bool", False):
        return None
    if compared.operator != found["operator"] or number(expression.rhs) is None:
        return None
    return replace(compared, value=query[: found.start()].strip(_BLANKS))


def _first_parenthesis(query: str) -> tuple[str, str]:
    """Return what stands in the parenthesis with which the query begins, and what stands after it."""
    depth = 0
    for found in _PARENTHESES.finditer(query if query.startswith("(") else ""):
        depth += {"(": 1, ")": -1}.get(found[0], 0)
        if depth == 0:
            return query[1 : found.start()], query[found.end() :].strip(_BLANKS)
    return "", ""


def meant_comparison(query: str) -> Comparison | None:
    """Return the comparison that people mean: of one that only counts yes and no, the one inside.

    None where there is none. Errors: ValueError for a query that is none.
    """
    found = comparisons(parsed(query))
    inside = [one for one in found if one.role == "inside"]
    whole = [one for one in found if one.role in ("", "or")]
    return next((one for one in inside + whole if one.operator != "!="), None)


def without_comparison(query: str) -> str:
    """Replace the first comparison of a query by the value that it compares; keep what is joined to it."""
    return _uncompared(parsed(query))


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
        return Comparison(role, left.prettify(), operator, right.val, left)
    if isinstance(left, promql_parser.NumberLiteral):
        return Comparison(role, right.prettify(), _MIRRORED[operator], left.val, right)
    return None
