"""Words of a filter that look like operators and are none: the entry must hold them.

Source: https://docs.cloud.google.com/logging/docs/view/logging-query-language#boolean_operators
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

# Texts and comments first, so that nothing inside them is taken for a word; a text that is not closed goes to the end.
_TOKEN = re.compile(r'"(?:\\.|[^"\\])*(?:"|\Z)|--[^\n]*|[()]|!=|=~|!~|>=|<=|[=<>:]|[^\s()"=<>!~:]+|\S', re.DOTALL)
_OPERATORS = frozenset(["=", "!=", "=~", "!~", ">=", "<=", "<", ">", ":"])
_MEANT = {"AND": "AND", "OR": "OR", "NOT": "NOT", "&&": "AND", "&": "AND", "||": "OR", "|": "OR"}


@dataclass(frozen=True)
class StrayOperator:
    """A word that is searched for. `remedy` says what to write."""

    word: str
    remedy: str

    @property
    def message(self) -> str:
        return f"{self.word!r} is a word to search for, not an operator"


def stray_operators(text: str) -> list[StrayOperator]:
    """Find and, or, not in lower case, &&, || and a lone |, each once, in alphabetical order."""
    found = {word for word in words(text) if word.upper() in _MEANT and word not in _MEANT.values()}
    return [StrayOperator(word, _remedy(word)) for word in sorted(found)]


def words(text: str) -> Iterator[str]:
    """Yield the parentheses of a filter, and its words that are neither values nor inside quotes and comments."""
    before = ""
    for token in _TOKEN.findall(text):
        if token.startswith("--"):
            continue
        if token in ("(", ")") or before not in _OPERATORS:
            yield token
        before = token


def _remedy(word: str) -> str:
    if word == "|":
        return 'write OR, or remove the | of a YAML block that was copied along; to search for it, write "|"'
    return f'write {_MEANT[word.upper()]}; to search for the word, write "{word}"'
