"""The entries of log files that match a filter: for `loyalty-monitoring match`, and for the logs panels of a report."""

from __future__ import annotations

import heapq
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loyalty_monitoring.common.database import connect, quoted
from loyalty_monitoring.common.errors import UserError
from loyalty_monitoring.query_languages.logging_filter import Filter, parse_filter, referenced_fields, to_sql
from loyalty_monitoring.replay.entries.filtering import refuse_undecided
from loyalty_monitoring.replay.entries.load import entry_batches
from loyalty_monitoring.replay.entries.newest import Places, Search, batches_with
from loyalty_monitoring.replay.entries.tables import entry_columns, number_of

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
    searches: Iterable[Search], files: Sequence[Path], places: Mapping[Search, Places] | None = None
) -> dict[Search, Matches]:
    """Return the newest entries that each search finds, the last of equal ones first as their text is ordered.

    Of searches whose `places` are known only those are read, of others all files. Errors: UserError for a file.
    """
    found: dict[Search, Matches] = {}
    parsed: dict[Search, Filter] = {}
    for search in searches:
        try:
            parsed[search] = parse_filter(search.filter)
        except UserError as error:
            found[search] = Matches(0, (), error.message)
    if not parsed:
        return found
    places = places or {}
    only = batches_with({one: places[one] for one in parsed}) if parsed.keys() <= places.keys() else None
    totals = dict.fromkeys(parsed, 0)
    newest: dict[Search, list[tuple[int, str]]] = {search: [] for search in parsed}
    with connect() as con:
        fields = {(field,) for field in _SHOWN}.union(*map(referenced_fields, parsed.values()))
        for _ in entry_batches(con, files, fields, only=only):
            column = entry_columns(con)
            entry = ", ".join(f"{quoted(field)}: {column((field,))}" for field in _SHOWN)
            for search, of_search in parsed.items():
                try:
                    refuse_undecided(con, of_search, column)
                except UserError as error:
                    found[search] = Matches(0, (), error.message)
                    continue
                rows = con.execute(
                    f"SELECT epoch_us(time) AS instant, to_json({{{entry}}})::VARCHAR AS entry, count(*) OVER () "
                    f"FROM entries WHERE {search.window} AND ({to_sql(of_search, column)}) "
                    f"ORDER BY instant DESC, entry DESC LIMIT {max(search.most, 1)}"
                ).fetchall()
                totals[search] += rows[0][2] if rows else 0
                newest[search] = heapq.nlargest(search.most, newest[search] + [(time, one) for time, one, _ in rows])
    for search in [search for search in parsed if search not in found]:
        present = (
            {key: value for key, value in json.loads(one).items() if value is not None} for _, one in newest[search]
        )
        total = places[search].total if search in places else totals[search]
        found[search] = Matches(total, tuple(present))
    return found


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
