"""Regular expressions are RE2: DuckDB's own, which will run them, says whether one is valid."""

from __future__ import annotations

import atexit
from functools import cache, lru_cache

from loyalty_monitoring.common.database import Connection, DatabaseError, connect, quoted


@lru_cache(maxsize=4096)
def error_in(pattern: str) -> str | None:
    """Return RE2's error for a pattern that is none, or None."""
    try:
        _cursor().execute(f"SELECT regexp_matches('', {quoted(pattern)})")
    except DatabaseError as error:
        return str(error).split(": ", 1)[-1].split("\n")[0]
    return None


def has_one_group(pattern: str) -> bool:
    """Return whether a valid pattern has exactly one capture group."""
    return _has_groups(pattern, 1) and not _has_groups(pattern, 2)


def _has_groups(pattern: str, count: int) -> bool:
    names = [f"group{index}" for index in range(count)]
    try:
        _cursor().execute(f"SELECT regexp_extract('', {quoted(pattern)}, {names})")
    except DatabaseError:
        return False
    return True


def _cursor() -> Connection:
    # One for each question: a connection answers one thread at a time, and refuses the others.
    return _database().cursor()


@cache
def _database() -> Connection:
    context = connect(threads=1)
    connection = context.__enter__()
    atexit.register(context.__exit__, None, None, None)
    return connection
