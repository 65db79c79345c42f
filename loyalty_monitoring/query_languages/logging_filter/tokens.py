"""Turn tokens of a filter into texts, patterns and fields, with errors that point to the token."""

from __future__ import annotations

import re

from lark import Token, Tree

from loyalty_monitoring.common.errors import Position, UserError
from loyalty_monitoring.query_languages.logging_filter import literals, re2
from loyalty_monitoring.query_languages.logging_filter.log_entry import FieldPath, resolved

Node = Token | Tree[Token]

_QUOTED = r'"(?:\\.|[^"\\])*"'
_KEY = rf'[^\s()"=<>!~:,.*/\\]+|{_QUOTED}'
_FIELD = re.compile(rf"(?:{_KEY})(?:\.(?:{_KEY}))*", re.DOTALL)
_KEYS = re.compile(_KEY, re.DOTALL)


class FilterError(UserError):
    """A filter that is not in the language; `position` counts in the filter's own text."""


class NeverMatches(FilterError):
    """A comparison of a field that no entry has, or with a value that the field's type does not have."""


class NotSupported(FilterError):
    """A construct that Cloud Logging takes and this project does not."""


def at(text: str, index: int) -> Position:
    before = text[:index]
    return Position("filter", before.count("\n") + 1, index - (before.rfind("\n") + 1) + 1)


def error(message: str | Exception, where: Node, kind: type[FilterError] = FilterError) -> FilterError:
    # The first argument, because str() of a KeyError is a repr.
    text = str(message.args[0]) if isinstance(message, Exception) else message
    place = where if isinstance(where, Token) else where.meta
    return kind(text, Position("filter", place.line or 1, place.column or 1))


def _check_word(token: Token) -> None:
    """Refuse a word that the lexer accepts and a reader would take for something else."""
    if token in ("AND", "OR", "NOT"):
        raise error(
            f"{str(token)!r} is not expected here; it stands before a comparison, AND and OR between two of them; to "
            f'search for the word, write "{token}"',
            token,
        )
    if "--" in re.sub(_QUOTED, "", token):
        raise error(
            "'--' within a word may be a comment or not; put the text in double quotes, or a space before", token
        )


def text_of(token: Token) -> str:
    """Return the text of a value. Without quotes it may hold dots, slashes and the like, as Google's own pages write
    them.
    """
    if token.type == "NUMBER":
        return str(token)
    if token.type == "STRING":
        return _unquoted(token, token)
    if token.startswith("'"):
        raise error("texts in single quotes are not supported; use double quotes", token, NotSupported)
    _check_word(token)
    special = re.search(r'^[+-]|[*"\\]', token)
    if special and literals.number(token) is None:
        raise error(f'a text with {special[0]!r} is not allowed without double quotes; write "..."', token)
    return str(token)


def pattern_of(node: Node) -> str:
    """Return the regular expression, which RE2 accepts."""
    if not isinstance(node, Token) or node.type != "STRING":
        raise error("a regular expression stands in double quotes; add them", node)
    pattern = literals.pattern(node)
    if problem := re2.error_in(pattern):
        raise error(f"the regular expression is not valid in RE2 ({problem}); mend it", node, NeverMatches)
    return pattern


def field_of(node: Node) -> FieldPath:
    """Return the path of a field that a LogEntry can have."""
    if not isinstance(node, Token):
        raise error("a function is not supported here; name a field", node, NotSupported)
    if node.type == "STRING":
        raise error(f"{node} is a text, where a field is expected; write it without quotes", node)
    _check_word(node)
    if node.startswith("-") or not _FIELD.fullmatch(node):
        raise error(
            f"{node} is no field; write keys with dots between, such as jsonPayload.order_id, and keys with other "
            'characters in double quotes, such as labels."k8s-pod/app"',
            node,
        )
    keys = _KEYS.findall(node)
    if keys[0].startswith('"'):
        raise error(f"{keys[0]} is a text, where a field is expected; write it without quotes", node)
    path = tuple(_unquoted(key, node) if key.startswith('"') else key for key in keys)
    if "" in path:
        raise error("a key of a field is empty; write its name", node)
    try:
        return resolved(path)
    except KeyError as problem:
        raise error(problem, node, NeverMatches) from problem


def _unquoted(text: str, where: Token) -> str:
    try:
        return literals.unquoted(text)
    except literals.UnsupportedEscape as problem:
        raise error(problem, where, NotSupported) from problem
    except ValueError as problem:
        raise error(problem, where) from problem
