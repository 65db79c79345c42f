"""Reading values: quoted texts, numbers, times and durations. Errors are ValueError with a text for the user."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal

NANOSECONDS = {"ns": 1, "us": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}

_ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", '"': '"', "'": "'", "\\": "\\"}
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|x[0-9a-fA-F]{2}|[0-7]{3}|.)", re.DOTALL)
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_SPECIAL_NUMBER = re.compile(r"nan|[+-]?infinity", re.IGNORECASE)
_TIME = re.compile(
    r"(?P<date>\d{4}-\d\d-\d\d)(?:[Tt](?P<time>\d\d:\d\d:\d\d)(?:\.(?P<fraction>\d{1,9}))?"
    r"(?P<zone>[Zz]|[+-]\d\d:\d\d)?)?",
    re.ASCII,
)
_DURATION = re.compile(r"(?P<number>[+-]?(?:\d+\.?\d*|\.\d+))(?P<unit>ns|us|ms|s|m|h)", re.ASCII)


class UnsupportedEscape(ValueError):
    """An escape that Cloud Logging takes and this project does not."""


def unquoted(token: str) -> str:
    """Return the text that a quoted string stands for. An escape that the documentation does not know is an error."""

    def one(found: re.Match[str]) -> str:
        escape = found[1]
        if len(escape) == 1:
            if escape not in _ESCAPES:
                raise ValueError(f"the text has an unknown escape {found[0]!r}; write \\\\ for a backslash")
            return _ESCAPES[escape]
        code = int(escape[1:], 16) if escape[0] in "uUx" else int(escape, 8)
        if escape[0] not in "uU" and code > 127:
            raise UnsupportedEscape(f"the byte {found[0]!r} is not supported; write the character itself")
        if code > 0x10FFFF or 0xD800 <= code < 0xE000 or code == 0:
            raise UnsupportedEscape(
                f"the escape {found[0]!r} is not supported; write a character of Unicode other than NUL"
            )
        return chr(code)

    return _ESCAPE.sub(one, token[1:-1])


def pattern(token: str) -> str:
    r"""Return the regular expression in a quoted string: `\\` and `\"` are escapes of the string, others belong to RE2.

    The documentation writes "\\d+" in REGEXP_EXTRACT; filters in use write "\d+": both are the same here.
    """
    return re.sub(r'\\([\\"])', r"\1", token[1:-1])


def number(text: str) -> float | None:
    """Return a double, as a query may write it, or None."""
    return float(text) if _NUMBER.fullmatch(text) or _SPECIAL_NUMBER.fullmatch(text) else None


def integer(text: str, bits: int) -> int:
    if not re.fullmatch(r"[+-]?\d{1,19}", text, re.ASCII) or not -(2 ** (bits - 1)) <= int(text) < 2 ** (bits - 1):
        raise ValueError(f"{text!r} is no {bits}-bit integer; write such as 200")
    return int(text)


def boolean(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError(f"{text!r} is neither true nor false; write one of them")
    return text.lower() == "true"


def time(text: str) -> int:
    """Return nanoseconds since 1970 of a date (its midnight in UTC) or an RFC 3339 time; without an offset, in UTC."""
    found = _TIME.fullmatch(text)
    try:
        if found is None:
            raise ValueError
        zone = (found["zone"] or "Z").upper().replace("Z", "+00:00")
        instant = datetime.fromisoformat(f"{found['date']}T{found['time'] or '00:00:00'}{zone}")
    except ValueError as error:
        raise ValueError(f"{text!r} is no time; write RFC 3339, such as 2026-11-02T03:00:00Z") from error
    since = instant - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 10**9 + int((found["fraction"] or "0").ljust(9, "0"))


def duration(text: str) -> int:
    """Return nanoseconds of a duration such as 1.5s."""
    found = _DURATION.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no duration; write a number and one of ns, us, ms, s, m, h, such as 1.5s")
    if len(found["number"]) > 20:
        raise ValueError(f"{text!r} is too long a number; write at most 20 digits")
    return int(Decimal(found["number"]) * NANOSECONDS[found["unit"]])
