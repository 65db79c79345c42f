"""Comparisons of one JSON value, neither list nor object, as SQL. NULL counts as false.

https://cloud.google.com/logging/docs/view/logging-query-language#comparison_operators
"""

from __future__ import annotations

import json
import math
import re

from loyalty_monitoring.query_languages.logging_filter import literals
from loyalty_monitoring.query_languages.logging_filter.log_entry import SEVERITIES, Kind
from loyalty_monitoring.query_languages.logging_filter.sql_json import (
    folded,
    is_nested,
    is_number,
    is_plain,
    is_string,
    literal,
    string_in_json,
    text_of,
)
from loyalty_monitoring.query_languages.logging_filter.syntax import Cast, Comparison, Extract, Operand

# One character that a pattern matches as it is: bare, escaped, or alone in brackets.
_CHARACTER = r"[^\\^$.|?*+()\[\]{}]|\\[^\w\s]|\[[^\\^\[\]]\]"
_EXACT = re.compile(rf"\^(?:(?P<one>(?:{_CHARACTER})+)|\((?:\?:)?(?P<any>(?:{_CHARACTER}|\|)+)\))\$")
_PREFIX = re.compile(rf"\^(?P<prefix>(?:{_CHARACTER})+)")


def holds(kind: Kind, value: str, comparison: Comparison) -> str:
    """Return the comparison for the JSON text `value` of a field of this type."""
    operator, text = comparison.operator, comparison.text
    if kind in (Kind.DYNAMIC, Kind.OBJECT):
        return _dynamic(value, comparison)
    if kind is Kind.TEXT:
        return _text(value, operator, text)
    operator = "=" if operator == ":" else operator
    match kind:
        case Kind.INT32 | Kind.INT64:
            return f"TRY_CAST({text_of(value)} AS HUGEINT) {operator} {int(text)}"
        case Kind.NUMBER:
            return _number(value, operator, text)
        case Kind.BOOLEAN:
            return _boolean(value, operator, text)
        case Kind.SEVERITY:
            return _severity(value, operator, text)
        case Kind.TIME:
            return f"{_nanoseconds_since_1970(text_of(value))} {operator} {literals.time(text)}"
        case _:
            return f"{_nanoseconds(text_of(value))} {operator} {literals.duration(text)}"


def exact_json_texts(kind: Kind, comparison: Comparison) -> tuple[bool, tuple[str, ...]] | None:
    """Return, for a comparison that only says "is one of these", whether letter case is ignored, and the JSON texts."""
    operator, text = comparison.operator, comparison.text
    if operator == "=" and (kind is Kind.TEXT or (kind is Kind.DYNAMIC and literals.number(text) is None)):
        one = string_in_json(text)
        if one is None or not text.isascii():
            return None
        alike = (text.lower(),) if kind is Kind.DYNAMIC and text.lower() in ("true", "false") else ()
        return text.lower() != text.upper(), (one.lower(), *alike)
    if operator == "=~" and (found := _EXACT.fullmatch(text)):
        pieces = [found["one"]] if found["one"] else _alternatives(found["any"])
        texts = [string_in_json(_plain(piece)) for piece in pieces]
        if all(texts):
            return False, tuple(text for text in texts if text)
    return None


def is_one_of(value: str, ignore_case: bool, texts: tuple[str, ...]) -> str:
    left = f"lower({value})" if ignore_case else value
    listed = ", ".join(map(literal, dict.fromkeys(texts)))
    return f"{left} IN ({listed})" if "," in listed else f"{left} = {listed}"


def converted(operand: Operand, value: str) -> str:
    """Return the JSON text of `cast` and `regexp_extract` over the JSON text of their field; NULL where they fail."""
    match operand:
        case Extract(operand, pattern):
            inner = converted(operand, value)
            text, regex = text_of(inner), literal(pattern)
            return (
                f"CASE WHEN {is_string(inner)} AND regexp_matches({text}, {regex}) "
                f"THEN to_json(regexp_extract({text}, {regex}, 1))::VARCHAR END"
            )
        case Cast(operand, kind):
            inner = converted(operand, value)
            return f"CASE WHEN NOT {is_nested(inner)} AND {inner} <> 'null' THEN {_cast(inner, kind)} END"
    return value


def _cast(value: str, kind: str) -> str:
    text = text_of(value)
    match kind:
        case "INT64":
            whole = f"TRY_CAST({text} AS DOUBLE)"
            from_number = f"CASE WHEN {whole} = trunc({whole}) THEN TRY_CAST({whole} AS BIGINT)::VARCHAR END"
            is_integer = f"regexp_full_match({text}, '[+-]?[0-9]{{1,19}}')"
            return (
                f"CASE WHEN {is_integer} THEN TRY_CAST({text} AS BIGINT)::VARCHAR "
                f"WHEN {is_number(value)} THEN {from_number} END"
            )
        case "FLOAT64":
            is_double = f"regexp_full_match({text}, '[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?')"
            return f"CASE WHEN {is_double} THEN TRY_CAST({text} AS DOUBLE)::VARCHAR END"
        case "BOOL":
            return f"CASE WHEN lower({text}) IN ('true', 'false') THEN lower({text}) END"
        case "STRING":
            # JSON writes a double such as 5.0; as a text it is 5.
            plain = f"CASE WHEN {is_number(value)} THEN regexp_replace({text}, '[.]0$', '') ELSE {text} END"
            return f"to_json({plain})::VARCHAR"
    return f"CASE WHEN {is_string(value)} THEN {value} END"


def _text(value: str, operator: str, text: str) -> str:
    if operator in ("=~", "!~"):
        matches = _matches(value, text)
        return matches if operator == "=~" else f"({is_string(value)} AND NOT {matches})"
    if operator in ("=", "!="):
        same = _same_text(value, text)
        return same if operator == "=" else f"({is_string(value)} AND NOT {same})"
    if operator == ":":
        return _contains(value, text)
    ordered = f"{folded(text_of(value), like=text)} {operator} {folded(literal(text), like=text)}"
    return f"CASE WHEN {is_string(value)} THEN {ordered} ELSE false END"


def _same_text(value: str, text: str) -> str:
    exact = exact_json_texts(Kind.TEXT, Comparison((), "=", text, True))
    if exact is not None:
        return is_one_of(value, *exact)
    same = f"{folded(text_of(value), like=text)} = {folded(literal(text), like=text)}"
    return f"CASE WHEN {is_string(value)} THEN {same} ELSE false END"


def _contains(value: str, text: str) -> str:
    decoded = f"contains({folded(text_of(value), like=text)}, {folded(literal(text), like=text)})"
    if text and is_plain(text) and text.isascii():
        # Without escapes the JSON text is the text itself in quotes, and need not be decoded.
        quick = f"contains(lower({value}), {literal(text.lower())})"
        decoded = f"CASE WHEN contains({value}, '\\') THEN {decoded} ELSE {quick} END"
    return f"CASE WHEN {is_string(value)} THEN {decoded} ELSE false END"


def _matches(value: str, pattern: str) -> str:
    if pattern in ("", ".*"):
        return is_string(value)
    exact = exact_json_texts(Kind.TEXT, Comparison((), "=~", pattern, True))
    if exact is not None:
        return is_one_of(value, *exact)
    if (found := _PREFIX.fullmatch(pattern)) and is_plain(prefix := _plain(found["prefix"])):
        return f"starts_with({value}, {literal(chr(34) + prefix)})"
    return f"CASE WHEN {is_string(value)} THEN regexp_matches({text_of(value)}, {literal(pattern)}) ELSE false END"


def _alternatives(patterns: str) -> list[str]:
    """Return the parts between bars; a bar may also stand escaped or in brackets."""
    return re.split(r"\|", re.sub(r"\\\||\[\|\]", "\0", patterns))


def _plain(piece: str) -> str:
    """Return the text that a piece of a pattern without operators stands for."""
    return re.sub(r"\\(.)|\[(.)\]", lambda found: found[1] or found[2], piece).replace("\0", "|")


def _dynamic(value: str, comparison: Comparison) -> str:
    """Return the value to compare with is converted to the type that the JSON value has; where it cannot be, false."""
    operator, text = comparison.operator, comparison.text
    if operator in ("=~", "!~"):
        return _text(value, operator, text)
    as_number = literals.number(text)
    as_boolean = text.lower() in ("true", "false")
    if operator == "=" and as_number is None and (exact := exact_json_texts(Kind.DYNAMIC, comparison)):
        return is_one_of(value, *exact)
    cases = []
    # Only quoted numbers are ordered among texts: `field > 5` is a question about numbers.
    if operator in ("=", "!=", ":") or comparison.quoted or as_number is None:
        cases.append(f"WHEN {is_string(value)} THEN {_text(value, operator, text)}")
    operator = "=" if operator == ":" else operator
    if as_number is not None:
        cases.append(f"WHEN {is_number(value)} THEN {_number(value, operator, text)}")
    if as_boolean:
        cases.append(f"WHEN {value} IN ('true', 'false') THEN {_boolean(value, operator, text)}")
    return f"CASE {' '.join(cases)} ELSE false END"


def _number(value: str, operator: str, text: str) -> str:
    number = literals.number(text)
    assert number is not None
    if math.isnan(number):
        return "true" if operator == "!=" else "false"
    return f"TRY_CAST({value} AS DOUBLE) {operator} '{number!r}'::DOUBLE"


def _boolean(value: str, operator: str, text: str) -> str:
    return f"CASE {value} WHEN 'true' THEN true WHEN 'false' THEN false END {operator} {text.lower()}"


def _severity(value: str, operator: str, text: str) -> str:
    levels = {name: level for level, name in enumerate(SEVERITIES)}
    wanted = levels[text.upper()]
    tests = {
        "=": wanted.__eq__,
        "!=": wanted.__ne__,
        "<": wanted.__gt__,
        "<=": wanted.__ge__,
        ">": wanted.__lt__,
        ">=": wanted.__le__,
    }
    names = tuple(json.dumps(name) for name, level in levels.items() if tests[operator](level))
    return is_one_of(value, False, names) if names else "false"


def _nanoseconds_since_1970(text: str) -> str:
    # DuckDB's times have microseconds; what is written behind them is added.
    digits = f"rpad(regexp_extract({text}, '[.][0-9]{{6}}([0-9]*)', 1), 3, '0')"
    rest = f"CASE WHEN length({text}) > 27 THEN TRY_CAST({digits} AS INTEGER) ELSE 0 END"
    return f"(epoch_us(TRY_CAST({text} AS TIMESTAMPTZ))::HUGEINT * 1000 + {rest})"


def _nanoseconds(text: str) -> str:
    number = f"TRY_CAST(regexp_extract({text}, '^([+-]?[0-9.]+)(ns|us|ms|s|m|h)$', 1) AS DECIMAL(20, 9))"
    unit = f"regexp_extract({text}, '(ns|us|ms|s|m|h)$', 1)"
    factor = " ".join(f"WHEN '{name}' THEN {size}" for name, size in literals.NANOSECONDS.items())
    return f"({number} * CASE {unit} {factor} END::DECIMAL(18, 0))"
