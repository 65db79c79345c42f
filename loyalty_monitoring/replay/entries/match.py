"""The entries of log files that match a filter: for `loyalty-monitoring match`, and for the logs panels of a report."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from loyalty_monitoring.common.database import Connection, connect, quoted
from loyalty_monitoring.common.errors import UserError
from loyalty_monitoring.query_languages.logging_filter import Filter, parse_filter, referenced_fields, to_sql
from loyalty_monitoring.replay.entries.fields import ENTRY
from loyalty_monitoring.replay.entries.filtering import refuse_undecided
from loyalty_monitoring.replay.entries.load import entry_columns, load_entries

_BATCH = 1_000
# cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry, without what a person never reads in a list
_SHOWN = (
    "timestamp",
    "severity",
    "resource",
    "labels",
    "textPayload",
    "jsonPayload",
    "protoPayload",
    "insertId",
    "trace",
)


@dataclass(frozen=True)
class Matches:
    """`total` entries match; `newest` are the last of them, newest first. `error` says why a filter cannot be read."""

    total: int
    newest: tuple[dict[str, Any], ...]
    error: str | None = None


def newest_matches(
    filters: Collection[str], files: Sequence[Path], start: datetime, end: datetime, most: int
) -> dict[str, Matches]:
    """What each filter matches from `start` up to `end`, in one pass over the files. Errors: UserError for a file."""
    found: dict[str, Matches] = {}
    parsed: dict[str, Filter] = {}
    for text in filters:
        try:
            parsed[text] = parse_filter(text)
        except UserError as error:
            found[text] = Matches(0, (), error.message)
    if not parsed:
        return found
    shown = {(field,) for field in _SHOWN}
    with connect() as con:
        load_entries(con, files, shown.union(*map(referenced_fields, parsed.values())))
        column = entry_columns(con)
        entry = ", ".join(f"{quoted(field)}: {column((field,))}" for field in _SHOWN)
        window = f"time >= {_instant(start)} AND time < {_instant(end)}"
        for text, of_text in parsed.items():
            try:
                refuse_undecided(con, of_text, column)
            except UserError as error:
                found[text] = Matches(0, (), error.message)
                continue
            matching = f"FROM entries WHERE {window} AND ({to_sql(of_text, column)})"
            newest = f"SELECT to_json({{{entry}}})::VARCHAR {matching} ORDER BY time DESC LIMIT {most}"
            entries = [json.loads(line) for (line,) in con.execute(newest).fetchall()]
            total = con.execute(f"SELECT count(*) {matching}").fetchone()
            present = ({key: value for key, value in one.items() if value is not None} for one in entries)
            found[text] = Matches(int(total[0]) if total else 0, tuple(present))
    return found


def _instant(instant: datetime) -> str:
    return f"make_timestamp({int(instant.timestamp() * 1_000_000)})"


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
        column = entry_columns(con)
        refuse_undecided(con, parsed, column)
        yield con, to_sql(parsed, column)
