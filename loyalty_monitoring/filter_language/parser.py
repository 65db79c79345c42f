"""Parses a filter of the Logging query language, or says where and why it cannot."""

from __future__ import annotations

import re
import warnings
from datetime import datetime
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from lark import Lark, Token, Transformer
from lark.exceptions import UnexpectedCharacters, UnexpectedEOF, UnexpectedInput, UnexpectedToken, VisitError

from loyalty_monitoring.errors import Position, UserError, nearest
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

MAX_CHARACTERS = 20_000
_MAX_DEPTH = 100

# cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry
TOP_LEVEL = frozenset(
    [
        "logName",
        "resource",
        "timestamp",
        "receiveTimestamp",
        "severity",
        "insertId",
        "httpRequest",
        "labels",
        "metadata",
        "operation",
        "trace",
        "spanId",
        "traceSampled",
        "sourceLocation",
        "split",
        "errorGroups",
        "apphub",
        "apphubDestination",
        "apphubSource",
        "textPayload",
        "jsonPayload",
        "protoPayload",
    ]
)
SEVERITIES = {
    name: level * 100
    for level, name in enumerate(
        ["DEFAULT", "DEBUG", "INFO", "NOTICE", "WARNING", "ERROR", "CRITICAL", "ALERT", "EMERGENCY"]
    )
}
TIMESTAMPS = frozenset({("timestamp",), ("receiveTimestamp",)})

_UNSUPPORTED = {
    "sample": "which entries it takes is Google's secret",
    "source": "which ancestor wrote an entry does not stand in the entry",
    "cast": "it is not implemented",
    "regexp_extract": "it is not implemented",
}
_ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", '"': '"', "'": "'", "\\": "\\"}
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|x[0-9a-fA-F]{2}|[0-7]{3}|.)", re.DOTALL)
_FIELD_TEXT = r'[^\s()"=<>!~:,.]+(?:\.(?:[^\s()"=<>!~:,.]+|"(?:\\.|[^"\\])*"))*'
_NOT_IN_RE2 = re.compile(r"\(\?(?:=|!|<=|<!|>)|\\[1-9]|[*+?}]\+")


class FilterError(UserError):
    """A filter that is not in the language, or not supported; `position` counts in the filter's own text."""


@lru_cache(maxsize=512)
def parse_filter(text: str) -> Filter:
    """Parse a filter. Errors: FilterError that names the construct, its line and column, and what was expected."""
    if len(text) > MAX_CHARACTERS:
        raise FilterError(f"the filter has more than {MAX_CHARACTERS:,} characters; shorten it")
    if "\0" in text:
        raise FilterError("the filter holds a NUL character; remove it")
    _check_depth(text)
    try:
        tree = _parser().parse(text)
        expression: Expression | None = _ToSyntax().transform(tree)
    except VisitError as error:
        if isinstance(error.orig_exc, FilterError):
            raise error.orig_exc from error
        raise
    except UnexpectedInput as error:
        raise _syntax_error(error, text) from error
    return Filter(text, expression)


def referenced_fields(parsed: Filter) -> frozenset[FieldPath]:
    """The fields that decide whether an entry matches; () is the entry as a whole."""

    def fields(expression: Expression) -> frozenset[FieldPath]:
        match expression:
            case Comparison(field=field) | Function(field=field):
                return frozenset({field})
            case Search():
                return frozenset({()})
            case Not(part):
                return fields(part)
            case And(parts) | Or(parts):
                return frozenset[FieldPath]().union(*map(fields, parts))

    return fields(parsed.expression) if parsed.expression else frozenset()


@cache
def _parser() -> Lark:
    grammar = Path(__file__).with_name("grammar.lark").read_text()
    return Lark(grammar, parser="lalr", lexer="contextual", propagate_positions=False)


def _check_depth(text: str) -> None:
    depth, quoted = 0, None
    for index, character in enumerate(text):
        if quoted:
            if character == quoted and text[index - 1] != "\\":
                quoted = None
        elif character in "\"'":
            quoted = character
        else:
            depth += (character == "(") - (character == ")")
            if depth > _MAX_DEPTH:
                raise FilterError(
                    f"parentheses are nested deeper than {_MAX_DEPTH}; flatten the filter", _at(text, index)
                )


def _at(text: str, index: int) -> Position:
    before = text[:index]
    return Position("filter", before.count("\n") + 1, index - (before.rfind("\n") + 1) + 1)


def _place(token: Token) -> Position:
    return Position("filter", token.line or 1, token.column or 1)


def _syntax_error(error: UnexpectedInput, text: str) -> FilterError:
    if isinstance(error, UnexpectedEOF) or (isinstance(error, UnexpectedToken) and error.token.type == "$END"):
        return FilterError(
            "the filter ends too early; close its parentheses and complete its last comparison", _at(text, len(text))
        )
    if isinstance(error, UnexpectedCharacters) and text[error.pos_in_stream or 0] in "\"'":
        return FilterError(
            "the quoted text is not closed; add the missing quote", Position("filter", error.line, error.column)
        )
    found = error.token if isinstance(error, UnexpectedToken) else text[error.pos_in_stream or 0]
    return FilterError(
        f"{str(found)!r} is not expected here; put texts in double quotes, write AND, OR and NOT in capitals, and "
        "close every parenthesis",
        Position("filter", error.line, error.column),
    )


class _ToSyntax(Transformer[Token, Any]):
    """Bottom up, from lark's tree to `syntax`."""

    def start(self, parts: list[Any]) -> Expression | None:
        return parts[0] if parts else None

    def conjunction(self, parts: list[Any]) -> Any:
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def disjunction(self, parts: list[Any]) -> Any:
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def negated(self, parts: list[Any]) -> Any:
        return Not(parts[0])

    value_conjunction, value_disjunction, value_negated = conjunction, disjunction, negated

    def group(self, parts: list[Any]) -> Any:
        return parts[0]

    def value(self, parts: list[Token]) -> Token:
        return parts[0]

    def argument(self, parts: list[Token]) -> Token:
        return parts[0]

    def search(self, parts: list[Token]) -> Search:
        return Search(_literal(parts[0]).text)

    def comparison(self, parts: list[Any]) -> Expression:
        field = _field(parts[0])
        return _distributed(field, str(parts[1]), parts[2])

    def compared_function(self, parts: list[Any]) -> Expression:
        name: Token = parts[0]
        why = _UNSUPPORTED.get(name.lower(), "its result is true or false already")
        raise FilterError(f"the function {name} is not supported before an operator: {why}; leave it out", _place(name))

    def function(self, parts: list[Token]) -> Function:
        name, arguments = parts[0], [part for part in parts[1:] if part is not None]
        if str(name) == "log_id" and len(arguments) == 1:
            return Function("log_id", ("logName",), _literal(arguments[0]).text)
        if str(name) == "ip_in_net" and len(arguments) == 2:
            return Function("ip_in_net", _field(arguments[0]), _network(arguments[1]))
        if str(name) == "SEARCH" and len(arguments) in (1, 2):
            field = _field(arguments[0]) if len(arguments) == 2 else ()
            return Function("SEARCH", field, _literal(arguments[-1]).text)
        if name.lower() in _UNSUPPORTED:
            why = _UNSUPPORTED[name.lower()]
            raise FilterError(f"the function {name} is not supported, because {why}; leave it out", _place(name))
        known = {"log_id", "ip_in_net", "SEARCH"}
        raise FilterError(
            f"{name}() with {len(arguments)} arguments is no function of the language{nearest(name, known)}",
            _place(name),
        )


def _distributed(field: FieldPath, operator: str, operand: Any) -> Expression:
    """`f = (a OR NOT b)` is `f = a OR NOT f = b`."""
    match operand:
        case And(parts):
            return And(tuple(_distributed(field, operator, part) for part in parts))
        case Or(parts):
            return Or(tuple(_distributed(field, operator, part) for part in parts))
        case Not(part):
            return Not(_distributed(field, operator, part))
    literal = _literal(operand)
    _check_value(field, operator, literal, operand)
    return Comparison(field, operator, literal)


def _check_value(field: FieldPath, operator: str, literal: Literal, token: Token) -> None:
    presence = operator == ":" and literal.text == "*" and not literal.quoted
    if operator in ("=~", "!~"):
        _check_pattern(literal.raw, token)
    elif (
        field == ("severity",)
        and not presence
        and literal.text.upper() not in SEVERITIES
        and not literal.text.isdigit()
    ):
        raise FilterError(
            f"{literal.text!r} is no severity{nearest(literal.text.upper(), set(SEVERITIES))}", _place(token)
        )
    elif field in TIMESTAMPS and not presence:
        try:
            datetime.fromisoformat(literal.text)
        except ValueError as error:
            raise FilterError(
                f"{literal.text!r} is no time; write RFC 3339, such as 2026-11-02T03:00:00Z", _place(token)
            ) from error


def _check_pattern(pattern: str, token: Token) -> None:
    if found := _NOT_IN_RE2.search(pattern):
        raise FilterError(f"RE2 has no {found[0]!r} in regular expressions; write it without", _place(token))
    try:
        with warnings.catch_warnings(action="ignore"):
            re.compile(pattern)
    except re.error as error:
        # RE2 knows classes such as \\pL and [[:alpha:]], which Python does not; with them, DuckDB's RE2 has the word.
        if not re.search(r"\\[pPzQEC]|\[:|\(\?", pattern):
            raise FilterError(f"{pattern!r} is no regular expression ({error}); mend it", _place(token)) from error


def parse_field(text: str) -> FieldPath:
    """The path of a field such as `jsonPayload.store_id` or `labels."a.b"`. Errors: FilterError."""
    if not re.fullmatch(_FIELD_TEXT, text):
        raise FilterError(f"{text!r} is no field; write such as jsonPayload.store_id")
    return _field(Token("FIELD", text, line=1, column=1))


def _field(token: Token) -> FieldPath:
    parts = tuple(
        _unescaped(part[1:-1]) if part.startswith('"') else part
        for part in re.findall(r'"(?:\\.|[^"\\])*"|[^."]+', str(token))
    )
    if parts[0] not in TOP_LEVEL:
        raise FilterError(f"a LogEntry has no field {parts[0]!r}{nearest(parts[0], TOP_LEVEL)}", _place(token))
    return parts


def _literal(token: Token) -> Literal:
    text = str(token)
    if text[:1] in "\"'" and len(text) > 1:
        return Literal(_unescaped(text[1:-1]), True, text[1:-1].replace('\\"', '"'))
    return Literal(text, False, text)


def _unescaped(text: str) -> str:
    def one(found: re.Match[str]) -> str:
        escape = found[1]
        if escape[0] in "uUx" and len(escape) > 1:
            code = int(escape[1:], 16)
            return chr(code) if code <= 0x10FFFF and not 0xD800 <= code < 0xE000 else found[0]
        if len(escape) == 3:
            return chr(int(escape, 8))
        return _ESCAPES.get(escape, found[0])

    return _ESCAPE.sub(one, text)


def _network(token: Token) -> str:
    import ipaddress

    text = _literal(token).text
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError as error:
        raise FilterError(f"{text!r} is no network; write such as 10.0.0.0/8", _place(token)) from error
    if network.version == 6:
        raise FilterError("ip_in_net with an IPv6 network is not supported; leave it out", _place(token))
    return str(network)
