"""Mutants of a regular expression (RE2), as a slip of the pen would leave it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

_TOKEN = re.compile(r"\(\?[a-zA-Z-]*:|\(\?P?<\w+>|[()|^$*+?]|\[\^?\]?(?:\\.|[^\]\\])*\]|\\.|[^\\()|^$*+?[]+", re.DOTALL)
_OTHER_QUANTIFIERS: Mapping[str, tuple[str, ...]] = {"*": ("+", "?"), "+": ("*", "", "?"), "?": ("", "*")}
_FORBIDDEN = "~"  # stands in no pattern and in no line, so what needs it matches nothing


def regex_mutants(pattern: str) -> Iterator[tuple[str, str]]:
    """Yield descriptions of changes, and the changed patterns.

    Each anchor is dropped, each alternative left out, each quantifier exchanged, each character class let any character
    in, and the last character of each literal text is another one.
    """
    if pattern == ".*":
        # It only asks for a text, of whatever length.
        yield "* -> +", ".+"
        return
    tokens = _TOKEN.findall(pattern)
    if "".join(tokens) != pattern:
        raise ValueError(
            f"the pattern {pattern!r} has a construct that no mutant is made of; teach it to regex_mutants"
        )
    for place, token in enumerate(tokens):
        for change, replacement in _replacements(
            token, is_quantifier=place > 0 and tokens[place - 1] not in ("(", "|")
        ):
            yield f"{change}{_nth(tokens, place)}", "".join([*tokens[:place], replacement, *tokens[place + 1 :]])
    for start, end in _alternatives(tokens):
        # The bar goes with the alternative: the one before it, or for the first the one behind it.
        first = start == 0 or tokens[start - 1] != "|"
        rest = [*tokens[:start], *tokens[end + 1 :]] if first else [*tokens[: start - 1], *tokens[end:]]
        yield f"alternative {''.join(tokens[start:end])} left out", "".join(rest)


def _replacements(token: str, *, is_quantifier: bool) -> Iterator[tuple[str, str]]:
    if token in ("^", "$"):
        yield f"{token} dropped", ""
    elif token in _OTHER_QUANTIFIERS and is_quantifier:
        for other in _OTHER_QUANTIFIERS[token]:
            yield f"{token} -> {other or 'nothing'}", other
    elif token.startswith("["):
        yield f"{token} -> .", "."
    elif token[0] not in "()|\\":
        text = token.rstrip(".") or token
        if text != ".":
            other = text[:-1] + _FORBIDDEN + token[len(text) :]
            yield f"{token} -> {other}", other


def _nth(tokens: Sequence[str], place: int) -> str:
    """Say which occurrence is meant, where the same text stands twice."""
    token = tokens[place]
    return f" ({tokens[: place + 1].count(token)})" if tokens.count(token) > 1 else ""


def _alternatives(tokens: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Return the ranges of the alternatives of each group, and of the whole; none where there is only one."""
    open_groups: list[list[int]] = [[0]]
    for place, token in enumerate([*tokens, ")"]):
        if token.startswith("("):
            open_groups.append([place + 1])
        elif token == "|":
            open_groups[-1].append(place + 1)
        elif token == ")":
            starts = open_groups.pop()
            ends = [*(start - 1 for start in starts[1:]), place]
            if len(starts) > 1:
                yield from zip(starts, ends, strict=True)
