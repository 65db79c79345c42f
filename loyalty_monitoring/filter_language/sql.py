"""Compiles a parsed filter to a boolean SQL expression of DuckDB, whose regular expressions are RE2, too.

Every field is an SQL expression of type JSON: a string stays in its quotes, so "12" is never taken for 12. The
result is never NULL, so that NOT is exact. Rules and their sources: docs/filter-language.md.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import quote

from loyalty_monitoring.filter_language.parser import SEVERITIES, TIMESTAMPS
from loyalty_monitoring.filter_language.syntax import (
    And,
    Comparison,
    Expression,
    FieldPath,
    Filter,
    Function,
    Literal,
    Not,
    Or,
    Search,
)

Column = Callable[[FieldPath], str]

_ORDER = {"<", "<=", ">", ">="}
_LITERAL_PATTERN = re.compile(r"\^(?:\((?P<group>[\w .|/@-]+)\)|(?P<one>[\w /@-]+))\$")
_ANY_STRING = frozenset({"", ".*", "^.*$"})
# Numbers that the API prints as strings (int64) or as durations.
_INT64 = frozenset(
    {("httpRequest", name) for name in ("requestSize", "responseSize", "cacheFillBytes")} | {("sourceLocation", "line")}
)
_DURATION = ("httpRequest", "latency")
# A field of LogEntry itself that is left out has its default: an empty text, 0 or false.
_DEFAULTED = frozenset({("logName",), ("insertId",), ("trace",), ("spanId",), ("textPayload",)})


def to_sql(parsed: Filter, column: Column) -> str:
    """The filter as SQL, true or false for each entry; `column(path)` is the JSON of a field, NULL where absent."""
    return _sql(parsed.expression, column) if parsed.expression else "true"


def _sql(expression: Expression, column: Column) -> str:
    match expression:
        case And(parts):
            return "(" + " AND ".join(_sql(part, column) for part in parts) + ")"
        case Or(parts):
            return "(" + " OR ".join(_sql(part, column) for part in parts) + ")"
        case Not(part):
            return f"(NOT {_sql(part, column)})"
        case Search(text):
            return _any_leaf(column(()), lambda leaf: _contains(leaf, text))
        case Function():
            return _function(expression, column)
        case Comparison():
            return f"coalesce({_comparison(expression, column)}, false)"


def _comparison(comparison: Comparison, column: Column) -> str:
    field, operator, value = comparison.field, comparison.operator, comparison.value
    json_value = column(field)
    if operator == ":" and value.text == "*" and not value.quoted:
        return f"{json_value} IS NOT NULL"
    if operator == "!=":
        present = "" if field in _DEFAULTED or field == ("severity",) else f"{json_value} IS NOT NULL AND "
        return f"{present}NOT coalesce({_comparison(Comparison(field, '=', value), column)}, false)"
    if operator == "!~":
        return (
            f"{json_value} IS NOT NULL AND NOT coalesce({_comparison(Comparison(field, '=~', value), column)}, false)"
        )
    if field == ("severity",):
        return _severity(json_value, operator, value)
    if field in TIMESTAMPS:
        return _timestamp(json_value, operator, value)
    if field in _DEFAULTED:
        json_value = f"coalesce({json_value}, '\"\"')"
    if field in _INT64:
        return _numeric(f"TRY_CAST({json_value}->>'$' AS DOUBLE)", operator, value)
    if field == _DURATION:
        return _numeric(f"TRY_CAST(rtrim({json_value}->>'$', 's') AS DOUBLE)", operator, value)
    if (quick := _exact_strings(operator, value)) is not None:
        return _or_in_list(json_value, f"{json_value} IN ({quick})", lambda item: f"{item} IN ({quick})")
    if operator == ":":
        within = _any_leaf(json_value, lambda leaf: _scalar(leaf, operator, value))
        scalar = _scalar(json_value, operator, value)
        return f"CASE WHEN left({json_value}, 1) IN ('{{', '[') THEN {within} ELSE {scalar} END"
    return _or_in_list(json_value, _scalar(json_value, operator, value), lambda item: _scalar(item, operator, value))


def _or_in_list(json_value: str, scalar: str, item: Callable[[str], str]) -> str:
    """A list matches when one of its values does."""
    items = f"list_bool_or(list_transform(json_extract({json_value}, '$[*]'), lambda i: coalesce({item('i')}, false)))"
    return f"({scalar} OR (left({json_value}, 1) = '[' AND coalesce({items}, false)))"


def _any_leaf(json_value: str, test: Callable[[str], str]) -> str:
    """Whether some value inside an object or a list, at any depth, or the value itself, passes."""
    leaves = f"list_append(json_extract({json_value}, '$..*'), {json_value})"
    tested = f"coalesce(left(v, 1) NOT IN ('{{', '[') AND {test('v')}, false)"
    return f"coalesce(list_bool_or(list_transform({leaves}, lambda v: {tested})), false)"


def _exact_strings(operator: str, value: Literal) -> str | None:
    """The JSON texts, as an SQL list, that an anchored pattern without anything special stands for."""
    found = _LITERAL_PATTERN.fullmatch(value.raw) if operator == "=~" else None
    if found is None or "." in value.raw:
        return None
    names = found["group"].split("|") if found["group"] else [found["one"]]
    return ", ".join(_text(json.dumps(name)) for name in names)


def _scalar(json_value: str, operator: str, value: Literal) -> str:
    """The comparison for one JSON value that is neither a list nor an object."""
    is_string = f"left({json_value}, 1) = '\"'"
    text = f"({json_value}->>'$')"
    if operator == "=~":
        if value.raw in _ANY_STRING:
            return is_string
        return f"({is_string} AND regexp_matches({text}, {_text(value.raw)}))"
    if operator == ":":
        return _contains(json_value, value.text)
    if operator == "=" and value.text == "NULL_VALUE" and not value.quoted:
        return f"{json_value} = 'null'"
    number = _number(value.text)
    if operator == "=":
        same = (
            f"lower({text}) = {_text(value.text.lower())}"
            if value.text != value.text.upper() or (value.text != value.text.lower())
            else f"{text} = {_text(value.text)}"
        )
        alike = f"({json_value} <> 'null' AND left({json_value}, 1) NOT IN ('{{', '[') AND {same})"
        if number is None:
            return alike
        return f"CASE WHEN {is_string} THEN {same} ELSE {_is_number(json_value, f'= {number!r}')} END"
    if number is not None and not value.quoted:
        return _is_number(json_value, f"{operator} {number!r}")
    ordered = f"lower({text}) {operator} {_text(value.text.lower())}"
    numeric = _is_number(json_value, f"{operator} {number!r}") if number is not None else "false"
    return f"CASE WHEN {is_string} THEN {ordered} ELSE {numeric} END"


def _is_number(json_value: str, test: str) -> str:
    # A JSON string, true, false and null all fail the cast, so only numbers are compared.
    return f"TRY_CAST({json_value}::VARCHAR AS DOUBLE) {test}"


def _contains(json_value: str, text: str) -> str:
    return f"({json_value} <> 'null' AND contains(lower({json_value}->>'$'), {_text(text.lower())}))"


def _severity(json_value: str, operator: str, value: Literal) -> str:
    wanted = SEVERITIES.get(value.text.upper(), int(value.text) if value.text.isdigit() else 0)
    if operator in ("=~", ":"):
        name = f"coalesce({json_value}->>'$', 'DEFAULT')"
        if operator == "=~":
            return f"regexp_matches({name}, {_text(value.raw)})"
        return f"contains(lower({name}), {_text(value.text.lower())})"
    tests = {"=": wanted.__eq__, "<": wanted.__gt__, "<=": wanted.__ge__, ">": wanted.__lt__, ">=": wanted.__le__}
    names = [json.dumps(name) for name, level in SEVERITIES.items() if tests[operator](level)]
    missing = f" OR {json_value} IS NULL" if '"DEFAULT"' in names else ""
    return f"({json_value} IN ({', '.join(map(_text, names)) or 'NULL'}){missing})"


def _timestamp(json_value: str, operator: str, value: Literal) -> str:
    if operator in ("=~", ":"):
        return _scalar(json_value, operator, value)
    instant = datetime.fromisoformat(value.text)
    instant = instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant
    return f"TRY_CAST({json_value}->>'$' AS TIMESTAMPTZ) {operator} {_text(instant.isoformat())}::TIMESTAMPTZ"


def _numeric(sql_number: str, operator: str, value: Literal) -> str:
    number = _number(value.text.removesuffix("s"))
    if number is None or operator not in {"=", *_ORDER}:
        return "false"
    return f"{sql_number} {operator} {number!r}"


def _function(function: Function, column: Column) -> str:
    json_value = column(function.field)
    if function.name == "log_id":
        return f"coalesce(ends_with({json_value}->>'$', {_text('/logs/' + quote(function.text, safe=''))}), false)"
    if function.name == "ip_in_net":
        inside = _in_network(f"({json_value}->>'$')", function.text)
        return f"coalesce({inside}, false)"
    words = [word for word in re.split(r"[^\w]+", function.text.lower()) if word]
    return "(" + (" AND ".join(_has_word(json_value, word) for word in words) or "true") + ")"


def _has_word(json_value: str, word: str) -> str:
    return _any_leaf(
        json_value, lambda leaf: f"list_contains(regexp_split_to_array(lower({leaf}->>'$'), '[^\\w]+'), {_text(word)})"
    )


def _in_network(text: str, network: str) -> str:
    address, _, bits = network.partition("/")
    octets = [int(part) for part in address.split(".")]
    base, shift = sum(octet << 8 * (3 - index) for index, octet in enumerate(octets)), 32 - int(bits)
    parts = [f"TRY_CAST(split_part({text}, '.', {index}) AS BIGINT) * {256 ** (4 - index)}" for index in range(1, 5)]
    is_address = f"regexp_full_match({text}, '(\\d{{1,3}}\\.){{3}}\\d{{1,3}}')"
    return f"({is_address} AND (({' + '.join(parts)}) // {2**shift}) = {base >> shift})"


def _number(text: str) -> float | None:
    if not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", text):
        return None
    number = float(text)
    return number if math.isfinite(number) else None


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
