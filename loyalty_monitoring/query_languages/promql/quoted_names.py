"""Metric and label names in quotes, as PromQL has them since Prometheus 3, in the form that every Prometheus reads.

Cloud Monitoring documents {"a.b/c"}, {__name__="a.b/c"} and {"__name__"="a.b/c", "label"="x"}:
https://docs.cloud.google.com/monitoring/promql. How names map: https://cloud.google.com/monitoring/promql/promql-mapping.
Where labels are listed, they may be quoted as well: https://prometheus.io/docs/guides/utf8/.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

_TOKEN = re.compile(
    r"""(?P<skip>\s+|\#[^\n]*)
    |(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`)
    |(?P<variable>\$\{[^}]*\})
    |(?P<word>[a-zA-Z_:][a-zA-Z0-9_:]*)
    |(?P<operator>=~|!~|!=|=)
    |(?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
_MATCHING = frozenset(["=", "!=", "=~", "!~"])
_BEFORE_LABELS = frozenset(["by", "without", "on", "ignoring", "group_left", "group_right"])
_WORD = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-7]{3}|.)", re.DOTALL)
_ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


@lru_cache(maxsize=4096)
def legacy_name(name: str) -> str:
    """Return a metric's name as PromQL writes it without quotes: the first `/` is `:`, other special characters are
    `_`.
    """
    domain, slash, path = name.partition("/")
    if not slash:
        return re.sub(r"[^a-zA-Z0-9_:]", "_", name)
    return f"{legacy_label(domain)}:{legacy_label(path)}"


def legacy_label(name: str) -> str:
    return re.sub(r"[^a-zA-Z0-9_]", "_", name)


@lru_cache(maxsize=4096)
def legacy_names(query: str) -> str:
    """Return the query with all quoted names unquoted and mapped; what is no name stays as it is written.

    It need not be a valid query, and may hold template variables such as ${tenant}.
    """
    tokens = list(_TOKEN.finditer(query))
    written = [token[0] for token in tokens]
    solid = [index for index, token in enumerate(tokens) if token.lastgroup != "skip"]
    inside, label = "", ""
    for place, index in enumerate(solid):
        token, kind = tokens[index][0], tokens[index].lastgroup
        before = tokens[solid[place - 1]][0] if place else ""
        after = tokens[solid[place + 1]][0] if place + 1 < len(solid) else ""
        if kind == "other":
            if token == "{":
                inside = "{"
            elif token == "(" and before.lower() in _BEFORE_LABELS:
                inside = "("
            elif token in ("}", ")"):
                inside = ""
        elif kind == "text" and inside == "(":
            written[index] = legacy_label(_unquoted(token))
        elif inside == "{" and before in _MATCHING:
            if kind == "text" and label == "__name__" and before in ("=", "!="):
                written[index] = f'"{legacy_name(_unquoted(token))}"'
        elif inside == "{" and after in _MATCHING:
            label = _unquoted(token) if kind == "text" else token
            if kind == "text":
                written[index] = legacy_label(label)
        elif inside == "{" and kind == "text":
            written[index] = f'__name__="{legacy_name(_unquoted(token))}"'
    return "".join(written)


def renamed(query: str, names: Mapping[str, str]) -> str:
    """Return the query with other names for these metrics, wherever a name stands: not in texts and comments."""
    return "".join(names.get(piece, piece) if is_name else piece for piece, is_name in _pieces(query))


@lru_cache(maxsize=4096)
def _pieces(query: str) -> tuple[tuple[str, bool], ...]:
    """Return the query, unquoted, in pieces, and which of them may be a metric's name."""
    pieces: list[tuple[str, bool]] = []
    before = ("", "")
    for token in _TOKEN.finditer(legacy_names(query)):
        kind, text = token.lastgroup, token[0]
        if kind == "text" and before in (("__name__", "="), ("__name__", "!=")):
            pieces += [(text[0], False), (text[1:-1], True), (text[-1], False)]
        else:
            pieces.append((text, kind == "word"))
        if kind != "skip":
            before = (before[1], text)
    return tuple(pieces)


def words(query: str) -> set[str]:
    """Return the words of a query, among them the names of all metrics that it reads, mapped where they are quoted."""
    return set(_WORD.findall(legacy_names(query)))


def _unquoted(text: str) -> str:
    if text[0] == "`":
        return text[1:-1]

    def one(found: re.Match[str]) -> str:
        escape = found[1]
        if escape[0] in "xuU":
            return chr(min(int(escape[1:], 16), 0x10FFFF))
        return chr(int(escape, 8)) if escape.isdigit() else _ESCAPES.get(escape, escape)

    return _ESCAPE.sub(one, text[1:-1])
