"""The terms of a filter: the parts that must all hold, each with its text."""

from __future__ import annotations

import json
import re

from loyalty_monitoring.query_languages.logging_filter.log_entry import FieldPath
from loyalty_monitoring.query_languages.logging_filter.syntax import (
    And,
    Anywhere,
    Cast,
    Comparison,
    Expression,
    Extract,
    Filter,
    InNetwork,
    IsNull,
    LogName,
    Not,
    Operand,
    Or,
    Present,
    Sample,
    Tokens,
)

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def terms(parsed: Filter) -> tuple[Expression, ...]:
    """Return the parts joined by AND, in their order; none of the empty filter."""
    return _parts(parsed.expression)


def term_text(term: Expression) -> str:
    """Return the term as the Logging query language writes it."""
    match term:
        case Comparison(left, operator, text, quoted):
            value = json.dumps(text, ensure_ascii=False) if quoted or operator in ("=~", "!~") else text
            return f"{_operand(left)}{operator}{value}"
        case Present(field):
            return f"{_field(field)}:*"
        case IsNull(field):
            return f"{_field(field)}=NULL_VALUE"
        case Anywhere(text):
            return json.dumps(text, ensure_ascii=False)
        case Tokens(field, tokens, phrases):
            words = json.dumps(" ".join((*tokens, *(f"`{phrase}`" for phrase in phrases))), ensure_ascii=False)
            return f"SEARCH({_field(field)}, {words})" if field else f"SEARCH({words})"
        case LogName(begins, ends):
            return f"logName begins with {begins!r} and ends with {ends!r}"
        case Sample(field, fraction):
            return f"sample({_field(field)}, {fraction:g})"
        case InNetwork(field, network):
            return f'ip_in_net({_field(field)}, "{network}")'
        case Not(part):
            return f"NOT {_inner(part)}"
        case And(parts):
            return " AND ".join(map(_inner, parts))
        case Or(parts):
            return " OR ".join(map(_inner, parts))


def field_of(term: Expression) -> FieldPath | None:
    """Return the field that a comparison looks at, None for any other term."""
    return term.left if isinstance(term, Comparison) and isinstance(term.left, tuple) else None


def _parts(expression: Expression | None) -> tuple[Expression, ...]:
    if expression is None:
        return ()
    if isinstance(expression, And):
        return tuple(part for inner in expression.parts for part in _parts(inner))
    return (expression,)


def _inner(term: Expression) -> str:
    return f"({term_text(term)})" if isinstance(term, And | Or) else term_text(term)


def _operand(operand: Operand) -> str:
    match operand:
        case Cast(operand, kind):
            return f"cast({_operand(operand)}, {kind})"
        case Extract(operand, pattern):
            return f"regexp_extract({_operand(operand)}, {json.dumps(pattern, ensure_ascii=False)})"
        case field:
            return _field(field)


def _field(field: FieldPath) -> str:
    return ".".join(part if _PLAIN.fullmatch(part) else json.dumps(part, ensure_ascii=False) for part in field)
