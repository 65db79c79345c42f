"""The table `entries`: made, given its kinds, and read."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC
from typing import Any

from loyalty_monitoring.common.database import Connection, identifier, release_memory
from loyalty_monitoring.common.errors import Position
from loyalty_monitoring.query_languages.logging_filter import FieldPath
from loyalty_monitoring.replay.entries.counts import LONGEST_ORIGIN, MOST_ORIGINS, EntryCounts
from loyalty_monitoring.replay.entries.fields import expression
from loyalty_monitoring.replay.entries.layout import LOGGER, TYPE, Layout, same_kind, stored

_MOST_OF_KINDS = 8 * 2**20  # bytes of the kinds that are kept from part to part: values that hardly repeat are no kinds
PLACES_OF_A_FILE = 2**40
BATCHES_OF_A_FILE = 2**32


def make_tables(con: Connection, layout: Layout) -> None:
    """Make the view `entries`: `entry_rows`, with the fields of its kind from `kinds`."""
    of_kind, of_entry = stored(layout.of_kind), stored(layout.of_entry)

    def typed(columns: Iterable[str]) -> str:
        return "".join(f", {column} JSON" for column in columns)

    con.execute("DROP VIEW IF EXISTS entries; DROP TABLE IF EXISTS entry_rows; DROP TABLE IF EXISTS kinds")
    con.execute("CREATE OR REPLACE TABLE entry_starts (place BIGINT, line BIGINT)")
    con.execute(f"CREATE TABLE kinds (kind INTEGER, resource INTEGER, decided BOOLEAN[]{typed(of_kind)})")
    place = ["place"] * layout.with_places + ["batch"] * layout.with_batches
    con.execute(
        f"CREATE TABLE entry_rows (time TIMESTAMP, kind INTEGER{''.join(f', {name} BIGINT' for name in place)}"
        f"{typed(of_kind)}{typed(of_entry)})"
    )
    shown = ["time", "kind", "resource", "decided", *place, *(f"kinds.{column}" for column in of_kind), *of_entry]
    con.execute(f"CREATE VIEW entries AS SELECT {', '.join(shown)} FROM entry_rows JOIN kinds USING (kind)")


def add_kinds(con: Connection, layout: Layout, keys: Sequence[str], relation: str) -> None:
    con.execute(
        "INSERT INTO kinds SELECT (row_number() OVER () + (SELECT count(*) FROM kinds))::INTEGER, NULL, NULL, * "
        f"FROM (SELECT DISTINCT {', '.join(keys)} FROM {relation}) AS found "
        f"WHERE NOT EXISTS (FROM kinds WHERE {same_kind(layout, [f'found.{key}' for key in keys])})"
    )


def find_kinds(con: Connection, layout: Layout) -> None:
    """Give the rows whose kind was not known its number."""
    if only_row(con, "SELECT count(*) FROM entry_rows WHERE kind IS NULL") == (0,):
        return
    columns = stored(layout.of_kind)
    add_kinds(con, layout, columns, "(FROM entry_rows WHERE kind IS NULL)")
    same = same_kind(layout, [f"entry_rows.{column}" for column in columns])
    con.execute(f"UPDATE entry_rows SET kind = kinds.kind FROM kinds WHERE entry_rows.kind IS NULL AND {same}")


def empty_tables(con: Connection, layout: Layout) -> None:
    """Remove the entries, and the kinds where they are no longer few."""
    con.execute("TRUNCATE entry_rows")
    size = " + ".join(f"coalesce(strlen({column}), 0)" for column in stored(layout.of_kind))
    (of_kinds,) = only_row(con, f"SELECT coalesce(sum({size}), 0) FROM kinds")
    if of_kinds > _MOST_OF_KINDS:
        con.execute("TRUNCATE kinds")
    release_memory(con)


def with_table(con: Connection, layout: Layout, counts: EntryCounts) -> EntryCounts:
    """Return the counts with the times and origins of what the table holds."""
    first, last = only_row(con, "SELECT min(time), max(time) FROM entry_rows")
    times = [time.replace(tzinfo=UTC) for time in (first, last) if time is not None]
    kind, logger = stored((TYPE, LOGGER))
    logger = f"left(coalesce({logger}->>'$', ''), {LONGEST_ORIGIN})" if LOGGER in layout.of_kind else "''"
    rows = con.execute(
        f"SELECT left({kind}->>'$', {LONGEST_ORIGIN}), {logger}, sum(number)::BIGINT "
        "FROM (SELECT kind, count(*) AS number FROM entry_rows GROUP BY kind) JOIN kinds USING (kind) GROUP BY ALL"
    ).fetchall()
    origins = dict(counts.origins)
    for found, name, number in rows:
        if (found, name) in origins or len(origins) < MOST_ORIGINS:
            origins[found, name] = origins.get((found, name), 0) + int(number)
    return replace(
        counts,
        first_timestamp=min([time for time in (counts.first_timestamp, *times) if time], default=None),
        last_timestamp=max([time for time in (counts.last_timestamp, *times) if time], default=None),
        origins=origins,
    )


def only_row(con: Connection, sql: str) -> tuple[Any, ...]:
    row = con.execute(sql).fetchone()
    assert row is not None
    return row


def entry_columns(con: Connection) -> Callable[[FieldPath], str]:
    """Return the SQL expression of type JSON for a field of the table `entries`; NULL where the entry has no such
    field.

    Errors: KeyError for a field that was not asked for in `load_entries`.
    """
    names = [str(row[0]) for row in con.execute("DESCRIBE entries").fetchall()]
    leaves = {tuple(json.loads(name)): identifier(name) for name in names if name.startswith("[")}
    return lambda path: expression(leaves, path)


def batch_of(value: int) -> tuple[int, int]:
    """Return of a value of `batch` the place of the file among the files, and the batch's number in it, from 0."""
    return divmod(value, BATCHES_OF_A_FILE)


def number_of(place: int) -> int:
    """Return the number of the value in its file, as `Batch` counts."""
    return place % PLACES_OF_A_FILE


def positions(con: Connection, counts: EntryCounts, places: Iterable[int]) -> dict[int, Position]:
    """Return the file and line of the entries with these values of `place`; `counts` is what `load_entries`
    returned.
    """
    wanted = sorted(set(places))
    rows = con.execute("SELECT place, line FROM entry_starts WHERE list_contains($places, place)", {"places": wanted})
    lines = dict(rows.fetchall())
    return {
        place: Position(counts.files[place // PLACES_OF_A_FILE], lines.get(place, number_of(place))) for place in wanted
    }
