"""The newest entries that filters match: found while the entries are counted, and read only where they are.

Counting needs few fields of an entry, and showing one needs all of them. So counting remembers in which batch of which
file the newest matches stand, and a second look reads these batches alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from loyalty_monitoring.common.database import Connection
from loyalty_monitoring.common.errors import UserError
from loyalty_monitoring.query_languages.logging_filter import (
    FieldPath,
    Filter,
    parse_filter,
    referenced_fields,
    undecided,
)
from loyalty_monitoring.replay.entries.fields import ENTRY
from loyalty_monitoring.replay.entries.filtering import conditions, filter_fields
from loyalty_monitoring.replay.entries.judging import EVALUABLE
from loyalty_monitoring.replay.entries.tables import batch_of, entry_columns


@dataclass(frozen=True)
class Search:
    """The newest `most` entries that a filter matches, from `start` up to `end`; None is as far as can be evaluated."""

    filter: str
    start: datetime | None
    end: datetime | None
    most: int

    @property
    def window(self) -> str:
        """The window as SQL over `entries`."""
        return f"time >= {_instant(self.start or EVALUABLE[0])} AND time < {_instant(self.end or EVALUABLE[1])}"


@dataclass(frozen=True, order=True)
class Place:
    """Matches of one instant (microseconds since 1970) in one batch of a file. `file` is its place among the files."""

    time: int
    file: int
    batch: int
    matches: int


@dataclass(frozen=True)
class Places:
    """The places of the newest matches: `newest` are those of the `most` newest instants and batches, or more."""

    total: int
    newest: tuple[Place, ...]


def found_in_passing(search: Search) -> Filter | None:
    """Return the filter when few fields of an entry decide it, those that it names; None otherwise."""
    try:
        parsed = parse_filter(search.filter)
    except UserError:
        return None
    needs_all = ENTRY in referenced_fields(parsed) or undecided(parsed, lambda _: "NULL::JSON") is not None
    return None if needs_all else parsed


class Searching:
    """Searches over entries that come in parts."""

    def __init__(self, searches: Iterable[Search]) -> None:
        self._parsed = {one: parsed for one in searches if (parsed := found_in_passing(one)) is not None}
        self._parts: dict[Search, list[Places]] = {one: [] for one in self._parsed}

    @property
    def fields(self) -> frozenset[FieldPath]:
        """The fields that `load_entries` must keep."""
        return frozenset().union(*map(filter_fields, self._parsed.values()))

    def add(self, con: Connection) -> None:
        """Look at what the table `entries` holds now, with its batches."""
        column = entry_columns(con)
        for search, matches in zip(self._parsed, conditions(con, list(self._parsed.values()), column), strict=True):
            if matches is None:
                self._parts[search].append(Places(0, ()))
                continue
            hits = f"SELECT time, batch FROM entries WHERE {search.window} AND {matches}"
            con.execute(f"CREATE OR REPLACE TEMP TABLE hits AS {hits}")
            rows = con.execute(
                "WITH newest AS (SELECT time FROM hits ORDER BY time DESC LIMIT $most) "
                "SELECT epoch_us(time), batch, count(*), (SELECT count(*) FROM hits) FROM hits "
                "WHERE time >= (SELECT min(time) FROM newest) GROUP BY ALL",
                {"most": search.most},
            ).fetchall()
            newest = tuple(Place(time, *batch_of(batch), number) for time, batch, number, _ in rows)
            self._parts[search].append(Places(rows[0][3] if rows else 0, newest))
        con.execute("DROP TABLE IF EXISTS hits")

    def found(self) -> dict[Search, Places]:
        return {search: together(search.most, parts) for search, parts in self._parts.items()}


def together(most: int, parts: Sequence[Places]) -> Places:
    """Return the places of all parts: of the `most` newest matches, and of all that are as old as the last of them."""
    places = sorted((place for part in parts for place in part.newest), reverse=True)
    kept: list[Place] = []
    matches = 0
    for place in places:
        if matches >= most and place.time < kept[-1].time:
            break
        kept.append(place)
        matches += place.matches
    return Places(sum(part.total for part in parts), tuple(kept))


def batches_with(places: Mapping[Search, Places]) -> set[tuple[int, int]]:
    """Return the batches to read, each as the place of its file and its number."""
    return {(one.file, one.batch) for found in places.values() for one in found.newest}


def _instant(instant: datetime) -> str:
    return f"make_timestamp({int(instant.timestamp() * 1_000_000)})"
