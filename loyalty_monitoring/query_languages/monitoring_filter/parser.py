"""Parses a Monitoring filter, or says where and why it cannot.

Source: https://docs.cloud.google.com/monitoring/api/v3/filters
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from lark import Lark, Token, Transformer, Tree
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken, VisitError

from loyalty_monitoring.common.errors import Position, UserError, nearest
from loyalty_monitoring.query_languages import nesting
from loyalty_monitoring.query_languages.monitoring_filter.syntax import (
    FUNCTIONS,
    SELECTIONS,
    And,
    Comparison,
    Expression,
    Not,
    Or,
    Selection,
    Variable,
)

_KEY = re.compile(r"""[\w-]+|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'""", re.DOTALL)
_REGEX = "monitoring.regex.full_match"


class MonitoringFilterError(UserError):
    """A filter that is not in the language; `position` counts in the filter's own text."""


@lru_cache(maxsize=4096)
def parse_monitoring_filter(text: str) -> Expression | None:
    """Return the filter's expression, None for an empty one. Errors: MonitoringFilterError with the place and the
    remedy.
    """
    _check_depth(text)
    try:
        tree = _parser().parse(text)
    except UnexpectedInput as problem:
        raise _syntax_error(problem, text) from problem
    try:
        expression: Expression | None = _ToSyntax(text).transform(tree)
    except VisitError as problem:
        if isinstance(problem.orig_exc, MonitoringFilterError):
            raise problem.orig_exc from None
        raise
    return expression


@cache
def _parser() -> Lark:
    grammar = Path(__file__).with_name("grammar.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", lexer="contextual", propagate_positions=True)


def _error(message: str, text: str, index: int) -> MonitoringFilterError:
    before = text[:index]
    line, column = before.count("\n") + 1, index - (before.rfind("\n") + 1) + 1
    return MonitoringFilterError(message, Position("filter", line, column))


def _check_depth(text: str) -> None:
    index = nesting.too_deep(text, nesting.DOUBLE_QUOTED, nesting.SINGLE_QUOTED)
    if index is not None:
        raise _error(nesting.TOO_DEEP, text, index)


def _syntax_error(problem: UnexpectedInput, text: str) -> MonitoringFilterError:
    if isinstance(problem, UnexpectedCharacters):
        index = problem.pos_in_stream or 0
        if text[index] in "\"'":
            return _error("the quoted text is not closed; add the missing quote", text, index)
        return _error(f"{text[index]!r} is not expected here; put texts in double quotes", text, index)
    assert isinstance(problem, UnexpectedToken)
    if problem.token.type == "$END":
        message = "the filter ends too early; complete its last comparison and close every parenthesis"
        return _error(message, text, len(text))
    remedy = 'write comparisons such as metric.labels.code = "500", joined by AND, OR and NOT'
    return _error(f"{str(problem.token)!r} is not expected here; {remedy}", text, problem.token.start_pos or 0)


class _ToSyntax(Transformer[Token, Any]):
    """Bottom up, from lark's tree to `syntax`."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def start(self, parts: list[Any]) -> Expression | None:
        return parts[0] if parts else None

    def conjunction(self, parts: list[Expression]) -> Expression:
        return And(tuple(parts))

    def disjunction(self, parts: list[Expression]) -> Expression:
        return Or(tuple(parts))

    def negation(self, parts: list[Any]) -> Expression:
        *signs, part = parts
        return Not(part) if len(signs) % 2 else part

    def variable(self, parts: list[Token]) -> Expression:
        (token,) = parts
        if token.endswith(".value}"):
            raise self._wrong(f"{token} is a value; write metric.labels.LABEL = {token}, or ${{NAME}} alone", token)
        return Variable(token[2:-1])

    def selection(self, parts: list[Tree[Token]]) -> Expression:
        (call,) = parts
        name, *arguments = call.children
        assert isinstance(name, Token)
        if name not in SELECTIONS:
            known = {*SELECTIONS, *FUNCTIONS}
            remedy = f"; write such as metric.labels.LABEL = {name}(...)" if name in FUNCTIONS else nearest(name, known)
            raise self._wrong(f"{name} selects no series{remedy}", name)
        texts = tuple(_text_of(str(one)) for one in arguments if one is not None)
        return Selection(str(name), texts, self._text[name.start_pos : _end(call)])

    def comparison(self, parts: list[Any]) -> Expression:
        selector, operator, value = parts
        path = tuple(_text_of(key) if key[0] in "\"'" else key for key in _KEY.findall(selector))
        if len(path) > 1 and path[1] == "label":
            path = (path[0], "labels", *path[2:])
        written = self._text[selector.start_pos : _end(value)]
        if isinstance(value, Token):
            return Comparison(path, str(operator), None, (_text_of(value),), written)
        name, *arguments = value.children
        if name not in FUNCTIONS:
            raise self._wrong(f"there is no function {name}{nearest(str(name), set(FUNCTIONS))}", name)
        if operator not in ("=", "!="):
            raise self._wrong(f"{name} is not compared with {operator}; write = or !=", operator)
        texts = tuple(_pattern_of(one) if name == _REGEX else _text_of(one) for one in arguments if one is not None)
        if not texts:
            raise self._wrong(f'{name} has no text to compare with; write such as {name}("a")', name)
        if name != "one_of" and len(texts) > 1:
            raise self._wrong(f"{name} takes one text; write one, or one_of for several", name)
        return Comparison(path, str(operator), str(name), texts, written)

    def _wrong(self, message: str, token: Token) -> MonitoringFilterError:
        return _error(message, self._text, token.start_pos or 0)


def _end(value: Token | Tree[Token]) -> int | None:
    return value.end_pos if isinstance(value, Token) else value.meta.end_pos


def _text_of(token: str) -> str:
    return re.sub(r"\\(.)", r"\1", token[1:-1], flags=re.DOTALL) if token[0] in "\"'" else str(token)


def _pattern_of(token: str) -> str:
    r"""Return a regular expression: `\\` and `\"` are escapes of the text, others belong to RE2."""
    return re.sub(r"\\([\\\"'])", r"\1", token[1:-1]) if token[0] in "\"'" else str(token)
