"""Measure how late entries arrive: `receiveTimestamp - timestamp`, by event.

Both are fields of LogEntry (cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry). Points are later still: a
log-based metric counts an entry only once it was received.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from loyalty_monitoring.common.cache import Cache, key
from loyalty_monitoring.common.database import Connection, Progress, connect
from loyalty_monitoring.common.text import printable
from loyalty_monitoring.query_languages.logging_filter import FieldPath
from loyalty_monitoring.replay.entries.load import load_entries
from loyalty_monitoring.replay.entries.log_files import open_source
from loyalty_monitoring.replay.entries.tables import entry_columns
from loyalty_monitoring.replay.kept_files import Group, kept_json, program, put_json

NO_EVENT = "(no event)"
_RECEIVED: FieldPath = ("receiveTimestamp",)
_EVENT: FieldPath = ("jsonPayload", "event")
_LONGEST_NAME = 60
_MOST_EVENTS = 50  # events come from logs, so there can be any number; those of most entries are told
_PART_BYTES = 64 * 2**20
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True)
class Lateness:
    """Of the entries of one event that have a `receiveTimestamp`: how many, and how late they were.

    `median`, 95 of 100 and the most. A negative one is dated ahead of its arrival.
    """

    event: str
    entries: int
    median: timedelta
    most_of_them: timedelta
    most: timedelta

    @property
    def spans(self) -> tuple[timedelta, timedelta, timedelta]:
        """The three lengths of time."""
        return self.median, self.most_of_them, self.most


LATENESS_FIELDS: frozenset[FieldPath] = frozenset({_RECEIVED, _EVENT})


def kept_lateness(cache: Cache, groups: Sequence[Group], progress: Progress | None = None) -> tuple[Lateness, ...]:
    """Return what `lateness_of_files` finds in the files of the groups, or found in the same bytes before."""
    contents = [group.content for group in groups]
    name = None if None in contents else key("lateness", program(), contents)
    kept = kept_json(cache, "found", name)
    if kept is not None:
        return tuple(_lateness(*row) for row in kept)
    found = lateness_of_files([Path(file) for group in groups for file in group.files], progress)
    if all(group.is_unchanged() for group in groups):
        rows = [[one.event, one.entries, *(span // _MICROSECOND for span in one.spans)] for one in found]
        put_json(cache, "found", name, rows)
    return found


def lateness_of_files(files: Sequence[Path], progress: Progress | None = None) -> tuple[Lateness, ...]:
    """Return the lateness by event, the latest first. Files without a single `receiveTimestamp` are not read.

    Errors: those of `load_entries`.
    """
    received = [file for file in files if _names_arrival(file)]
    if not received:
        return ()
    with connect() as con:
        make_lateness(con)
        load_entries(
            con, received, LATENESS_FIELDS, take=lambda _: add_lateness(con), least=_PART_BYTES, progress=progress
        )
        return lateness(con)


def make_lateness(con: Connection) -> None:
    """Make the table that `add_lateness` fills and `lateness` reads."""
    con.execute("CREATE OR REPLACE TABLE entry_lateness (event VARCHAR, micros BIGINT)")


def add_lateness(con: Connection) -> None:
    """Take what the table `entries` holds, which needs LATENESS_FIELDS."""
    column = entry_columns(con)
    text = f"({column(_RECEIVED)}->>'$')"
    event = f"coalesce(left({column(_EVENT)}->>'$', {_LONGEST_NAME}), '{NO_EVENT}')"
    con.execute(
        f"INSERT INTO entry_lateness SELECT {event}, epoch_us(TRY_CAST({text} AS TIMESTAMPTZ)) - epoch_us(time) "
        f"FROM entries WHERE TRY_CAST({text} AS TIMESTAMPTZ) IS NOT NULL"
    )


def lateness(con: Connection) -> tuple[Lateness, ...]:
    """Return the lateness by event, the latest first."""
    rows = con.execute(
        "SELECT event, count(*), quantile_disc(micros, 0.5), quantile_disc(micros, 0.95), max(micros) "
        f"FROM entry_lateness GROUP BY event ORDER BY count(*) DESC, event LIMIT {_MOST_EVENTS}"
    ).fetchall()
    found = [_lateness(*row) for row in rows]
    return tuple(sorted(found, key=lambda one: (-one.most, one.event)))


def _lateness(event: str, entries: int, *spans: int) -> Lateness:
    """Return the lateness of an event of which the three spans are in microseconds."""
    return Lateness(event, entries, *(timedelta(microseconds=span) for span in spans))


def as_object(found: Iterable[Lateness]) -> dict[str, Any]:
    """Return lateness by event, in seconds."""
    return {
        one.event: {
            "entries": one.entries,
            "median_s": one.median.total_seconds(),
            "p95_s": one.most_of_them.total_seconds(),
            "most_s": one.most.total_seconds(),
        }
        for one in found
    }


def lines(found: Sequence[Lateness], allowance: timedelta) -> Iterator[str]:
    """Yield a line an event, and a warning for each whose entries come later than points may; nothing without any."""
    if not found:
        return
    yield f"{'arrived after':<34}{'entries':>10}{'median':>12}{'95%':>12}{'most':>12}"
    for one in found:
        spans = "".join(f"{shown(span):>12}" for span in one.spans)
        yield f"{printable(one.event):<34}{one.entries:>10,}{spans}"
    for one in exceeding(found, allowance):
        yield f"warning: {printable(one.event)}: {too_late(one, allowance)}"


def exceeding(found: Iterable[Lateness], allowance: timedelta) -> list[Lateness]:
    """Return the events with an entry that arrived later than `allowance`."""
    return [one for one in found if one.most > allowance]


def too_late(one: Lateness, allowance: timedelta) -> str:
    """Return the warning for events beyond the allowance, with the remedy."""
    return (
        f"an entry arrived {shown(one.most)} after its timestamp, and the alerts allow for {shown(allowance)} until "
        "its point is there; find what holds the lines back, or raise the parameter arrival_allowance"
    )


def shown(span: timedelta) -> str:
    """Return a length of time as one reads it: 0.4 s, 12 s, 4:10 min, 2:05 h."""
    seconds = span.total_seconds()
    if abs(seconds) < 60:
        return f"{seconds:.1f} s" if abs(seconds) < 10 else f"{seconds:.0f} s"
    sign, whole = "-" if seconds < 0 else "", abs(round(seconds))
    minutes, rest = divmod(whole, 60)
    return f"{sign}{minutes}:{rest:02} min" if minutes < 60 else f"{sign}{minutes // 60}:{minutes % 60:02} h"


def _names_arrival(file: Path) -> bool:
    """Return whether the first part of the file names a `receiveTimestamp`; each entry of an export has one, or none
    has.
    """
    with open_source(file) as inside:
        for found in inside:
            for batch in found.batches:
                return b'"receiveTimestamp"' in batch.text
    return False
