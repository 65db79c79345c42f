"""The kinds of fields of the log contract, as types."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args, get_origin


@dataclass(frozen=True)
class FieldKind:
    """The type of a field: a test for values, and words for errors."""

    words: str
    test: Callable[[Any], bool]

    def fits(self, value: object) -> bool:
        """Return whether the value is of this kind; objects that cannot even be asked are not."""
        try:
            return self.test(value)
        except Exception:
            return False


def is_number(value: object) -> bool:
    """Return whether the value is a finite number; True and False are none.

    >>> is_number(0.5), is_number(float("nan")), is_number(True)
    (True, False, False)
    """
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_rate(value: Any) -> bool:
    return is_number(value) and 0 <= value <= 1


Count = Annotated[int, FieldKind("a whole number, 0 or more", _is_count)]
Number = Annotated[float, FieldKind("a finite number", is_number)]
Rate = Annotated[float, FieldKind("a number from 0 to 1", _is_rate)]

_PLAIN = {
    str: FieldKind("a string", lambda value: isinstance(value, str)),
    bool: FieldKind("True or False", lambda value: isinstance(value, bool)),
}


def kind_of(annotation: Any) -> FieldKind:
    """Return the kind that a parameter's annotation stands for.

    >>> kind_of(Count).fits(-1), kind_of(Literal["google", "apple"]).words
    (False, "one of 'google', 'apple'")
    """
    if annotation in _PLAIN:
        return _PLAIN[annotation]
    if get_origin(annotation) is Literal:
        values = get_args(annotation)
        return FieldKind(f"one of {', '.join(map(repr, values))}", lambda value: value in values)
    kind = annotation.__metadata__[0]
    assert isinstance(kind, FieldKind)
    return kind


def loggable(value: object) -> object:
    """Return the value, or its text where JSON has no place for it: a line with a field that is no JSON would be lost.

    >>> loggable({"points": 3}), loggable(float("nan")), loggable(b"c-9931")
    ({'points': 3}, 'nan', "b'c-9931'")
    """
    try:
        json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
    except Exception:
        try:
            return str(value).encode(errors="backslashreplace").decode()
        except Exception:
            return f"<{type(value).__name__}>"
    return value
