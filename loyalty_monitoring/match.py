"""The entries of log files that match a filter: what stands behind `loyalty-monitoring match`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from loyalty_monitoring.filter_language import parse_filter, referenced_fields, to_sql
from loyalty_monitoring.replay.database import Connection, connect
from loyalty_monitoring.replay.entries import entry_columns, load_entries
from loyalty_monitoring.replay.fields import ENTRY

_BATCH = 1_000


def count_matches(filter_text: str, files: Sequence[Path], *, strict: bool = False) -> int:
    """How many entries match. Errors: UserError for the filter, a file, and with `strict` a line."""
    with _matching(filter_text, files, strict, whole=False) as (con, condition):
        row = con.execute(f"SELECT count(*) FROM entries WHERE {condition}").fetchone()
    return int(row[0]) if row else 0


def matching_entries(filter_text: str, files: Sequence[Path], *, strict: bool = False) -> Iterator[str]:
    """The matching entries as JSON, one line each, in the order of the files."""
    with _matching(filter_text, files, strict, whole=True) as (con, condition):
        found = con.execute(f"SELECT {entry_columns(con)(ENTRY)}::VARCHAR FROM entries WHERE {condition}")
        while rows := found.fetchmany(_BATCH):
            for (entry,) in rows:
                yield entry


@contextmanager
def _matching(
    filter_text: str, files: Sequence[Path], strict: bool, *, whole: bool
) -> Iterator[tuple[Connection, str]]:
    parsed = parse_filter(filter_text)
    fields = referenced_fields(parsed) | ({ENTRY} if whole else set())
    with connect() as con:
        load_entries(con, files, fields, strict=strict)
        yield con, to_sql(parsed, entry_columns(con))
