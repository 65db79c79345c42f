"""Mutants of a filter of the Logging query language, made of its parsed form."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from loyalty_monitoring.proof.mutants.regexes import regex_mutants
from loyalty_monitoring.query_languages.logging_filter import FieldPath, literals, parse_filter
from loyalty_monitoring.query_languages.logging_filter.syntax import (
    And,
    Anywhere,
    Cast,
    Comparison,
    Expression,
    Extract,
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

_OTHER_OPERATORS: Mapping[str, tuple[str, ...]] = {
    ">": (">=", "<"),
    "<": ("<=", ">"),
    ">=": (">", "<="),
    "<=": ("<", ">="),
}
_OTHER_EQUALS = {"severity": (">=", "<="), "resource": (":",)}
_OTHER_SEVERITY = {"DEBUG": "INFO", "INFO": "NOTICE", "WARNING": "ERROR", "ERROR": "CRITICAL", "CRITICAL": "ERROR"}
_LONGEST_NAME = 90

Rebuild = Callable[[Expression], Expression]


def filter_mutants(text: str) -> Iterator[tuple[str, str]]:
    """Yield descriptions of changes, and the changed filters."""
    expression = parse_filter(text).expression
    if expression is not None:
        for change, changed in _changes(expression, lambda whole: whole):
            yield change, filter_text(changed)


def filter_text(expression: Expression) -> str:
    """Return the expression as a filter that parses to it."""
    match expression:
        case And(parts):
            return " AND ".join(_enclosed(part) for part in parts)
        case Or(parts):
            return " OR ".join(_enclosed(part) for part in parts)
        case Not(part):
            return f"NOT {_enclosed(part)}"
        case Comparison(left, operator, value, quoted):
            return f"{_operand_text(left)} {operator} {_quoted(value) if quoted else value}"
        case Present(field):
            return f"{_field_text(field)}:*"
        case IsNull(field):
            return f"{_field_text(field)} = NULL_VALUE"
        case Anywhere(text):
            return _quoted(text)
        case Tokens(field, tokens, phrases):
            searched = _quoted(" ".join([*tokens, *(f"`{phrase}`" for phrase in phrases)]))
            return f"SEARCH({_field_text(field)}, {searched})" if field else f"SEARCH({searched})"
        case LogName(begins, ends):
            return f"source({begins.removesuffix('/logs/')})" if begins else f'log_id("{ends.removeprefix("/logs/")}")'
        case Sample(field, fraction):
            return f"sample({_field_text(field)}, {fraction!r})"
        case InNetwork(field, network):
            return f'ip_in_net({_field_text(field)}, "{network}")'


def _operand_text(operand: Operand) -> str:
    match operand:
        case Cast(operand, kind):
            return f"cast({_operand_text(operand)}, {kind})"
        case Extract(operand, pattern):
            return f"regexp_extract({_operand_text(operand)}, {_quoted(pattern)})"
    return _field_text(operand)


def _enclosed(expression: Expression) -> str:
    text = filter_text(expression)
    return f"({text})" if isinstance(expression, And | Or) else text


def _field_text(path: FieldPath) -> str:
    return ".".join(key if re.fullmatch(r"\w+", key) else _quoted(key) for key in path)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _changes(expression: Expression, rebuild: Rebuild) -> Iterator[tuple[str, Expression]]:
    """Yield every change within `expression`; `rebuild` puts what stands there instead into the whole filter."""
    match expression:
        case And(parts) | Or(parts):
            kind = type(expression)
            for place, part in enumerate(parts):
                before, after = parts[:place], parts[place + 1 :]
                yield f"{_name(part)} left out", rebuild(_joined(kind, (*before, *after)))
                yield from _changes(part, _within(rebuild, kind, before, after))
            yield from _exchanged(expression, rebuild)
        case Not(part):
            yield f"NOT before {_name(part)} dropped", rebuild(part)
            yield from _changes(part, lambda inner: rebuild(Not(inner)))
        case Comparison():
            yield f"NOT before {_name(expression)}", rebuild(Not(expression))
            for other in _other_comparisons(expression):
                yield f"{_name(expression)} -> {_difference(expression, other)}", rebuild(other)
            if expression.operator == "=~":
                for change, pattern in regex_mutants(expression.text):
                    changed = Comparison(expression.left, "=~", pattern, True)
                    yield f"{_name(expression)}: {change}", rebuild(changed)
        case _:
            yield f"NOT before {_name(expression)}", rebuild(Not(expression))


def _within(
    rebuild: Rebuild, kind: type[And] | type[Or], before: tuple[Expression, ...], after: tuple[Expression, ...]
) -> Rebuild:
    return lambda inner: rebuild(kind((*before, inner, *after)))


def _exchanged(expression: And | Or, rebuild: Rebuild) -> Iterator[tuple[str, Expression]]:
    """Replace AND by OR, and OR by each AND."""
    parts = expression.parts
    if isinstance(expression, Or):
        yield f"AND for OR in {_name(expression)}", rebuild(And(parts))
        return
    for place in range(len(parts) - 1):
        left, right = parts[place : place + 2]
        either = Or((left, right))
        yield (
            f"OR between {_name(left)} and {_name(right)}",
            rebuild(_joined(And, (*parts[:place], either, *parts[place + 2 :]))),
        )


def _joined(kind: type[And] | type[Or], parts: tuple[Expression, ...]) -> Expression:
    return parts[0] if len(parts) == 1 else kind(parts)


def _other_comparisons(comparison: Comparison) -> Iterator[Comparison]:
    left, operator, text, quoted = comparison.left, comparison.operator, comparison.text, comparison.quoted
    operators = _OTHER_OPERATORS.get(operator, ())
    if operator == "=" and isinstance(left, tuple):
        operators = _OTHER_EQUALS.get(str(left[0]), ())
    for other in operators:
        yield Comparison(left, other, text, quoted)
    if operator == "=~":
        return
    for value in _other_values(text, quoted=quoted):
        yield Comparison(left, operator, value, quoted)


def _other_values(text: str, *, quoted: bool) -> Iterator[str]:
    if quoted:
        yield f"{text}x"
    elif text in ("true", "false"):
        yield "false" if text == "true" else "true"
    elif text in _OTHER_SEVERITY:
        yield _OTHER_SEVERITY[text]
    elif (number := literals.number(text)) is not None:
        yield from (f"{number + 1:g}", f"{number - 1:g}")
    else:
        yield f"{text}x"


def _difference(comparison: Comparison, other: Comparison) -> str:
    return other.text if comparison.operator == other.operator else other.operator


def _name(expression: Expression) -> str:
    text = filter_text(expression)
    return text if len(text) <= _LONGEST_NAME else text[:_LONGEST_NAME] + " ..."
