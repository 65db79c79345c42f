"""Say where a PromQL query stops being one.

The parser names a place for some mistakes only; of others it says "invalid promql query". Those are found by asking for
the longest beginning of the query that could still become one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from loyalty_monitoring.query_languages.promql.expressions import parsed

_NO_PLACE = "invalid promql query"
_TOKEN = re.compile(
    r"""#[^\n]*|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`|\d[\w.]*|[\w:.]+|==|!=|=~|!~|>=|<=|\S""", re.DOTALL
)
_CLOSING = {"(": ")", "[": "]", "{": "}"}
# With one of these, and with whatever is still open closed, each beginning of a query is a query.
_GOES_ON = ("", "x", '"x"', "5m", "(x)", "(x)(x)", "[5m]", "1", "x[5m]", " x")
_GOES_ON_IN_BRACES = ("", '"x"', '="x"', 'x="x"')
_ENDS = ("", " x", "(x)")
# Where it is one, but asks for what there is not, the parser says so in other words.
_UNFINISHED = (_NO_PLACE, "unclosed", "unexpected", "bad number", "no valid", "missing", "unterminated")
_MOST_TOKENS = 400
_SHOWN = 20


def mistake_in(query: str) -> str | None:
    """Say why the query does not parse, with the place where the parser names none; None where it parses.

    The place is a line and column of the query, counted from 1.
    """
    try:
        parsed(query)
    except ValueError as error:
        message = " ".join(str(error).split())
    else:
        return None
    if message != _NO_PLACE:
        place = _named_place(query, message)
        return f"{_at(query, place)}: {message}" if place is not None else message
    tokens = [found for found in _TOKEN.finditer(query) if not found[0].startswith("#")]
    if len(tokens) > _MOST_TOKENS:
        return message
    first, behind = 0, len(tokens)
    while first < behind:  # the first token with which the beginning of the query cannot become one
        middle = (first + behind) // 2
        if _can_go_on(query[: tokens[middle].end()]):
            first = middle + 1
        else:
            behind = middle
    if first == len(tokens):
        return "the query ends too early"
    token = tokens[first]
    return f"{_at(query, token.start())}: {token[0][:_SHOWN]!r} cannot stand there{_hint(token[0])}"


def _hint(token: str) -> str:
    return {"=": ", == compares", "&": ", write `and`", "|": ", write `or`", "!": ", write `unless` or !="}.get(
        token, ""
    )


def _at(query: str, place: int) -> str:
    before = query[:place]
    return f"line {before.count(chr(10)) + 1}, column {place - before.rfind(chr(10))} of the query"


def _named_place(query: str, message: str) -> int | None:
    """Return the first place of the word that the parser complains of; of a character only if it stands
    nowhere else.
    """
    if "parenthesis" in message:
        return _lone_parenthesis(query)
    named = re.search(r"'([^']+)'|syntax: (\S+)", message)
    word = (named[1] or named[2]) if named else None
    return query.find(word) if word and word in query and (word in "&|" or query.count(word) == 1) else None


def _lone_parenthesis(query: str) -> int | None:
    """Return the place of the first parenthesis that has no other half."""
    still_open: list[int] = []
    for found in _TOKEN.finditer(query):
        if found[0] == "(":
            still_open.append(found.start())
        elif found[0] == ")":
            if not still_open:
                return found.start()
            still_open.pop()
    return still_open[0] if still_open else None


def _can_go_on(beginning: str) -> bool:
    closing = "".join(_open(beginning))
    goes_on = _GOES_ON_IN_BRACES if closing.startswith("}") else _GOES_ON
    return any(_is_grammatical(f"{beginning}{more}{closing}{end}") for more in goes_on for end in _ENDS)


def _open(beginning: str) -> Iterator[str]:
    """Return the closing brackets for those that are open, the innermost first."""
    stack: list[str] = []
    for found in _TOKEN.finditer(beginning):
        if found[0] in _CLOSING:
            stack.append(_CLOSING[found[0]])
        elif stack and found[0] == stack[-1]:
            stack.pop()
    yield from reversed(stack)


def _is_grammatical(query: str) -> bool:
    try:
        parsed(query)
    except ValueError as error:
        return not str(error).startswith(_UNFINISHED)
    return True
