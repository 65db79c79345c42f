"""Find what a PromQL expression compares with numbers, such as the threshold of a condition."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
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
