"""Regular expressions are RE2: DuckDB's own, which will run them, says whether one is valid."""

from __future__ import annotations

from functools import lru_cache

from loyalty_monitoring.common.database import DatabaseError, quoted, small_questions


@lru_cache(maxsize=4096)
def error_in(pattern: str) -> str | None:
    """Return RE2's error for a pattern that is none, or None."""
    try:
        small_questions().execute(f"SELECT regexp_matches('', {quoted(pattern)})")
    except DatabaseError as error:
        return str(error).split(": ", 1)[-1].split("\n")[0]
    return None


@lru_cache(maxsize=4096)
def has_one_group(pattern: str) -> bool:
    """Return whether a valid pattern has exactly one capture group."""
    return _has_groups(pattern, 1) and not _has_groups(pattern, 2)


def _has_groups(pattern: str, count: int) -> bool:
    names = [f"group{index}" for index in range(count)]
    try:
        small_questions().execute(f"SELECT regexp_extract('', {quoted(pattern)}, {names})")
    except DatabaseError:
        return False
    return True
