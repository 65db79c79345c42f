"""The one error that a user of the project sees."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

_Value = TypeVar("_Value")
_Other = TypeVar("_Other")

# An apostrophe within a word quotes nothing.
_QUOTED_OR_SEMICOLON = re.compile(r"""(?<!\w)'(?:\\.|[^'\\])*'(?!\w)|"(?:\\.|[^"\\])*"|; """, re.DOTALL)

# Characters of a file's name that could rewrite a terminal, or make one line two.
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")


@dataclass(frozen=True)
class Position:
    """A place in a file: `line` and `column` count from 1; 0 means the file as a whole."""

    file: Path | str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        text = _UNSEEN.sub("?", str(self.file))
        if self.line:
            text += f":{self.line}"
        if self.column:
            text += f":{self.column}"
        return text


class UserError(Exception):
    """Something the user can mend: one message that ends with the remedy, and where it is.

    The command line prints `str(error)` on standard error and exits with 2.
    """

    def __init__(self, message: str, position: Position | None = None) -> None:
        self.message = message
        self.position = position
        super().__init__(f"{position}: {message}" if position else message)

    @property
    def problem(self) -> str:
        """Return the message without its remedy."""
        return self._parts[0]

    @property
    def remedy(self) -> str:
        """Return what to do, which follows the message's first semicolon outside of what it quotes; "" for none."""
        return self._parts[1]

    @property
    def _parts(self) -> tuple[str, str]:
        for found in _QUOTED_OR_SEMICOLON.finditer(self.message):
            if found[0] == "; ":
                return self.message[: found.start()], self.message[found.end() :]
        return self.message, ""


class UserErrors(UserError):
    """Several mistakes that were found together, in the order in which they are to be read."""

    def __init__(self, errors: Sequence[UserError]) -> None:
        self.errors = tuple(errors)
        super().__init__("\n".join(map(str, errors)))


def all_of(error: UserError) -> tuple[UserError, ...]:
    """Return the mistakes that an error stands for: itself, or all that were found together."""
    return error.errors if isinstance(error, UserErrors) else (error,)


def raise_all(errors: Sequence[UserError]) -> None:
    """Raise what was found: nothing, the one, or all together."""
    if errors:
        raise errors[0] if len(errors) == 1 else UserErrors(errors)


class Found:
    """Gathers mistakes, so that one hides no other."""

    def __init__(self) -> None:
        self.errors: list[UserError] = []

    def tried(self, read: Callable[[], _Value], otherwise: _Other) -> _Value | _Other:
        """Return what `read` returns, or `otherwise` where it finds a mistake."""
        try:
            return read()
        except UserError as error:
            self.errors += all_of(error)
            return otherwise


def nearest(name: str, known: list[str] | tuple[str, ...] | set[str] | frozenset[str]) -> str:
    """Return the words "; did you mean 'x'?" for the known name nearest to `name`, or a list of what there is."""
    from difflib import get_close_matches

    close = get_close_matches(name, sorted(known), n=1, cutoff=0.5)
    if close:
        return f"; did you mean {close[0]!r}?"
    return f"; expected one of: {', '.join(sorted(known))}" if known else ""
