"""The entries of log files that match a filter: for `loyalty-monitoring match`, and for the logs panels of a report."""

from __future__ import annotations

import heapq
import json
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from loyalty_monitoring.common.database import connect, quoted
from loyalty_monitoring.common.errors import UserError
from loyalty_monitoring.query_languages.logging_filter import Filter, parse_filter, referenced_fields, to_sql
from loyalty_monitoring.replay.entries.filtering import refuse_undecided
from loyalty_monitoring.replay.entries.load import entry_batches, entry_columns, number_of

# Strings, and the white space between what is none, which may be a line's end in the file.
_WHITE = re.compile(rb'("[^"\\]*+(?:\\.[^"\\]*+)*+")|[ \t]+')
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
    """Return the newest entries that each filter matches from `start` up to `end`, in one pass over the files. Errors:
    UserError for a file.
    """
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
    totals = dict.fromkeys(parsed, 0)
    newest: dict[str, list[tuple[int, str]]] = {text: [] for text in parsed}
    with connect() as con:
        fields = shown.union(*map(referenced_fields, parsed.values()))
        for _ in entry_batches(con, files, fields):
            column = entry_columns(con)
            entry = ", ".join(f"{quoted(field)}: {column((field,))}" for field in _SHOWN)
            window = f"time >= {_instant(start)} AND time < {_instant(end)}"
            for text, of_text in parsed.items():
                try:
                    refuse_undecided(con, of_text, column)
                except UserError as error:
                    found[text] = Matches(0, (), error.message)
                    continue
                rows = con.execute(
                    f"SELECT epoch_us(time), to_json({{{entry}}})::VARCHAR, count(*) OVER () FROM entries "
                    f"WHERE {window} AND ({to_sql(of_text, column)}) ORDER BY time DESC LIMIT {max(most, 1)}"
                ).fetchall()
                totals[text] += rows[0][2] if rows else 0
                of_both = newest[text] + [(time, found) for time, found, _ in rows]
                newest[text] = heapq.nlargest(most, of_both, key=lambda one: one[0])
    for text in [text for text in parsed if text not in found]:
        present = (
            {key: value for key, value in json.loads(one).items() if value is not None} for _, one in newest[text]
        )
        found[text] = Matches(totals[text], tuple(present))
    return found


def _instant(instant: datetime) -> str:
    return f"make_timestamp({int(instant.timestamp() * 1_000_000)})"


def count_matches(filter_text: str, files: Sequence[Path], *, strict: bool = False) -> int:
    """Count the entries that match. Errors: UserError for the filter, a file, and with `strict` a line."""
    parsed = parse_filter(filter_text)
    found = 0
    with connect() as con:
        for _ in entry_batches(con, files, referenced_fields(parsed), strict=strict):
            column = entry_columns(con)
            refuse_undecided(con, parsed, column)
            row = con.execute(f"SELECT count(*) FROM entries WHERE {to_sql(parsed, column)}").fetchone()
            found += int(row[0]) if row else 0
    return found


def matching_entries(filter_text: str, files: Sequence[Path], *, strict: bool = False) -> Iterator[bytes]:
    """Yield the matching entries as JSON in UTF-8, one line each, in the order of the files; errors as above, at any
    time.
    """
    parsed = parse_filter(filter_text)
    with connect() as con:
        for batch in entry_batches(con, files, referenced_fields(parsed), strict=strict, with_places=True):
            column = entry_columns(con)
            refuse_undecided(con, parsed, column)
            rows = con.execute(f"SELECT place FROM entries WHERE {to_sql(parsed, column)} ORDER BY place").fetchall()
            lines = batch.text.split(b"\n") if rows else []
            for (place,) in rows:
                line = lines[number_of(place) - batch.first]
                yield line if batch.starts is None else _WHITE.sub(rb"\1", line)
