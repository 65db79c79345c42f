"""Parses a filter of the Logging query language, or says where and why it cannot."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from lark import Lark, Token, Transformer, Tree
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken, VisitError

from loyalty_monitoring.common.errors import nearest
from loyalty_monitoring.query_languages import nesting
from loyalty_monitoring.query_languages.logging_filter import functions, literals
from loyalty_monitoring.query_languages.logging_filter.log_entry import SEVERITIES, FieldPath, Kind
from loyalty_monitoring.query_languages.logging_filter.syntax import (
    And,
    Anywhere,
    Comparison,
    Expression,
    Filter,
    IsNull,
    Not,
    Operand,
    Or,
    Present,
)
from loyalty_monitoring.query_languages.logging_filter.tokens import (
    FilterError,
    NeverMatches,
    Node,
    NotSupported,
    at,
    error,
    field_of,
    pattern_of,
    text_of,
)

MAX_CHARACTERS = 20_000  # the documentation's own limit


@lru_cache(maxsize=512)
def parse_filter(text: str) -> Filter:
    """Parse a filter. Errors: FilterError that names the construct, its line and column, and the remedy."""
    _check_characters(text)
    _check_depth(text)
    try:
        tree = _parser().parse(text)
    except UnexpectedInput as problem:
        raise _syntax_error(problem, text) from problem
    try:
        expression: Expression | None = _ToSyntax().transform(tree)
    except VisitError as problem:
        if isinstance(problem.orig_exc, FilterError):
            raise problem.orig_exc from None
        raise
    return Filter(text, expression)


def parse_field(text: str) -> FieldPath:
    """Return the path of a field such as `jsonPayload.order_id` or `labels."a.b"`. Errors: FilterError."""
    return field_of(Token("WORD", text, line=1, column=1))


@cache
def _parser() -> Lark:
    grammar = Path(__file__).with_name("grammar.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", lexer="contextual", propagate_positions=True)


def _check_characters(text: str) -> None:
    if len(text) > MAX_CHARACTERS:
        raise FilterError(
            f"the filter has {len(text):,} characters, more than {MAX_CHARACTERS:,}; shorten it, or split it in two",
            at(text, MAX_CHARACTERS),
        )
    if found := re.search("[\0\ud800-\udfff]", text):
        raise FilterError(f"the character {found[0]!r} cannot stand in a filter; remove it", at(text, found.start()))


def _check_depth(text: str) -> None:
    index = nesting.too_deep(text, nesting.COMMENT, nesting.DOUBLE_QUOTED)
    if index is not None:
        raise FilterError(nesting.TOO_DEEP, at(text, index))


def _syntax_error(problem: UnexpectedInput, text: str) -> FilterError:
    if isinstance(problem, UnexpectedCharacters):
        index = problem.pos_in_stream or 0
        place, found = at(text, index), text[index]
        if found == '"':
            return FilterError("the quoted text is not closed; add the missing quote", place)
        return FilterError(f"{found!r} is not expected here; put texts that contain it in double quotes", place)
    assert isinstance(problem, UnexpectedToken)
    token = problem.token
    match token.type:
        case "$END":
            message = "the filter ends too early; complete its last comparison and close every parenthesis"
            return FilterError(message, at(text, len(text)))
        case "OPERATOR":
            remedy = (
                f"a field stands before an operator and one value after it; a text that contains {token[0]!r} stands "
                "in double quotes"
            )
        case "_AND" | "_OR":
            remedy = f'it stands between two comparisons; to search for the word, write "{token}"'
        case "NOT":
            remedy = "write it before the field, as in NOT field = value"
        case "RPAR":
            remedy = "remove it, or write what is missing before it"
        case _:
            remedy = "put texts in double quotes, and complete the comparison before it"
    return error(f"{str(token)!r} is not expected here; {remedy}", token)


class _ToSyntax(Transformer[Token, Any]):
    """Bottom up, from lark's tree to `syntax`. In a list of values the leaves stay tokens until the field is known."""

    def start(self, parts: list[Any]) -> Expression | None:
        return parts[0] if parts else None

    def conjunction(self, parts: list[Any]) -> Any:
        return And(tuple(parts))

    def disjunction(self, parts: list[Any]) -> Any:
        return Or(tuple(parts))

    def negation(self, parts: list[Any]) -> Any:
        *signs, part = parts
        return Not(part) if len(signs) % 2 else part

    all_values, any_value, one_value = conjunction, disjunction, negation

    def search(self, parts: list[Token]) -> Expression:
        (token,) = parts
        if token.type == "WORD" and "." in token and literals.number(token) is None:
            raise error(
                f'{token} is neither a comparison nor a word; write {token}:* to ask for the field, "{token}" to '
                "search for the text",
                token,
            )
        return Anywhere(text_of(token))

    def restriction(self, parts: list[Tree[Token]]) -> Expression:
        return functions.restriction(parts[0])

    def comparison(self, parts: list[Any]) -> Expression:
        where, operator, values = parts
        left = functions.operand(where) if isinstance(where, Tree) else field_of(where)
        return _distributed(left, where, str(operator), values)


def _distributed(left: Operand, where: Node, operator: str, values: Any) -> Expression:
    """Turn `f = (a OR NOT b)` into `f = a OR NOT f = b`."""
    match values:
        case And(parts) | Or(parts):
            return type(values)(tuple(_distributed(left, where, operator, part) for part in parts))
        case Not(part):
            return Not(_distributed(left, where, operator, part))
        case Tree():
            raise error("a function as a value is not supported; write the value itself", values, NotSupported)
    return _compared(left, where, operator, values)


def _compared(left: Operand, where: Node, operator: str, value: Token) -> Expression:
    name = where if isinstance(where, Token) else f"{where.children[0]}(...)"
    kind = functions.kind_of_operand(left)
    if operator == ":" and value.type == "WORD" and value == "*":
        if not isinstance(left, tuple):
            raise error("':*' asks whether a field is there; compare a function with a value", value)
        return Present(left)
    if kind is Kind.OBJECT and operator != ":":
        raise error(f"{name} is an object; name a field in it, or search it with ':'", where)
    if operator in ("=~", "!~"):
        if kind not in (Kind.TEXT, Kind.DYNAMIC):
            raise error(f"{operator} is for texts, and {name} is {kind.value}; compare it with =", where, NeverMatches)
        return Comparison(left, operator, pattern_of(value), True)
    if value.type == "WORD" and value == "NULL_VALUE":
        return _null(left, kind, operator, value)
    text = text_of(value)
    try:
        _check_value(kind, text)
    except ValueError as problem:
        raise error(problem, value, NeverMatches) from problem
    return Comparison(left, operator, text, value.type == "STRING")


def _null(left: Operand, kind: Kind, operator: str, value: Token) -> Expression:
    if kind is not Kind.DYNAMIC or not isinstance(left, tuple):
        raise error("NULL_VALUE is for JSON fields; for a field that is not there, write NOT field:*", value)
    if operator == "=":
        return IsNull(left)
    if operator == "!=":
        return And((Present(left), Not(IsNull(left))))
    raise error(f"{operator} NULL_VALUE is not supported; write = or !=", value, NotSupported)


def _check_value(kind: Kind, text: str) -> None:
    """Refuse a value that can never be converted to the type of the field. Errors: ValueError."""
    match kind:
        case Kind.INT32 | Kind.INT64:
            literals.integer(text, 32 if kind is Kind.INT32 else 64)
        case Kind.NUMBER if literals.number(text) is None:
            raise ValueError(f"{text!r} is no number; write such as 12.5")
        case Kind.BOOLEAN:
            literals.boolean(text)
        case Kind.TIME:
            literals.time(text)
        case Kind.DURATION:
            literals.duration(text)
        case Kind.SEVERITY if text.upper() not in SEVERITIES:
            raise ValueError(f"{text!r} is no severity{nearest(text.upper(), set(SEVERITIES))}")
