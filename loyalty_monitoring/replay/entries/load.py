"""Log entries: from files into the table `entries`, with nothing lost: read = used + rejected.

Entries come in batches (log_files.py), and two ways lead from a batch to the table. The quick one (typed_columns.py)
reads typed columns at once and stops at anything unusual. Then the careful one (single_lines.py) takes the batch again,
line by line, and says what is wrong where (judging.py). Tests hold the two to the same result. A batch reaches the
database as a file in memory that has no name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from loyalty_monitoring.common.database import Connection, Progress
from loyalty_monitoring.common.errors import Position, UserError
from loyalty_monitoring.query_languages.logging_filter import FieldPath
from loyalty_monitoring.replay.entries.counts import (
    FIRST_REJECTED,
    LONGEST_ORIGIN,
    MOST_ORIGINS,
    EntryCounts,
    Rejected,
    checked,
)
from loyalty_monitoring.replay.entries.fields import ENTRY
from loyalty_monitoring.replay.entries.layout import LOGGER, TYPE, layout_of, stored
from loyalty_monitoring.replay.entries.log_files import Batch, LogFile, open_source
from loyalty_monitoring.replay.entries.memory_files import in_memory
from loyalty_monitoring.replay.entries.single_lines import load_carefully
from loyalty_monitoring.replay.entries.tables import (
    BATCHES_OF_A_FILE,
    PLACES_OF_A_FILE,
    count_rows,
    make_tables,
    only_row,
)
from loyalty_monitoring.replay.entries.typed_columns import load_quickly
from loyalty_monitoring.replay.entries.unreadable import hint

_WHOLE_BYTES = 2 * 2**20
_MOST_OF_KINDS = 8 * 2**20  # bytes of the kinds that are kept from part to part: values that hardly repeat are no kinds


def load_entries(
    con: Connection,
    files: Sequence[Path | Literal["-"]],
    fields: Iterable[FieldPath],
    *,
    strict: bool = False,
    with_places: bool = False,
    with_batches: bool = False,
    evaluable: bool = False,
    take: Callable[[Batch], None] | None = None,
    least: int = 0,
    is_checked: bool = True,
    progress: Progress | None = None,
) -> EntryCounts:
    """Make `entries` of all files: the `fields`, the time, and what groups entries.

    Columns: `time` TIMESTAMP (UTC, microseconds), `kind` INTEGER, `resource` INTEGER (yet to be filled), and a JSON
    column for each field, which `entry_columns` names. `fields` with () keep the whole entry. `with_places` adds a
    column `place` BIGINT, which `positions` turns into file and line in the end, and which rises in the order of files
    and lines; without it, rows are in any order. `with_batches` adds a column `batch` BIGINT, which `batch_of` turns
    into the place of the file and the batch's number in it. `evaluable` rejects entries of years in which Prometheus
    evaluates nothing.

    Without `take`, `entries` holds all of them in the end. With it, memory stays bounded, however many there are:
    `take` is called whenever the table's fields have more than `least` bytes, and in the end, and the table is emptied
    after it. It is handed the last batch, which is the only one in the table when `least` is 0.

    What is rejected is told in the log, and in the result. Errors: UserError for a file that cannot be read, when no
    entry could be used of what was read, and with `strict` also for the first line that is no LogEntry. Without
    `is_checked`, what was read is neither told nor judged: `checked` does that, for several results together.
    """
    loading = _Loading(con, frozenset(fields), strict, with_places, evaluable, with_batches=with_batches)
    for batch in loading.batches(files, None if take is None else least, progress):
        if take is not None:
            take(batch)
    counts = loading.counts()
    return checked(counts) if is_checked else counts


def entry_batches(
    con: Connection,
    files: Sequence[Path | Literal["-"]],
    fields: Iterable[FieldPath],
    *,
    strict: bool = False,
    with_places: bool = False,
    only: Collection[tuple[int, int]] | None = None,
    progress: Progress | None = None,
) -> Iterator[Batch]:
    """Yield the batches of all files, while the table `entries` holds the entries of one; otherwise like
    `load_entries`.

    `only` are the batches to look at, as `batch_of` names them. What else the files hold was judged by whoever found
    them.
    """
    loading = _Loading(con, frozenset(fields), strict, with_places, evaluable=False, only=only, keeps_starts=False)
    yield from loading.batches(files, 0, progress)
    if only is None:
        checked(loading.counts())


class _Loading:
    """State of the reading so far."""

    def __init__(
        self,
        con: Connection,
        fields: frozenset[FieldPath],
        strict: bool,
        with_places: bool,
        evaluable: bool,
        *,
        with_batches: bool = False,
        only: Collection[tuple[int, int]] | None = None,
        keeps_starts: bool = True,
    ) -> None:
        self.only = only
        self.con, self.strict, self.keeps_starts = con, strict, keeps_starts
        self.layout = replace(layout_of(fields), with_places=with_places, evaluable=evaluable)
        if with_batches:
            self.layout = replace(self.layout, batch=0)
        self.read = self.rejected = self.held = self.size = 0
        self.first_rejected: list[Rejected] = []
        self.first_time: datetime | None = None
        self.last_time: datetime | None = None
        self.files: list[str] = []
        self.origins: Counter[tuple[str, str]] = Counter()
        make_tables(con, self.layout)

    def batches(
        self, files: Sequence[Path | Literal["-"]], least: int | None, progress: Progress | None
    ) -> Iterator[Batch]:
        """Fill the table. With `least`, yield whenever it holds more bytes than that, and empty it afterwards."""
        batch: Batch | None = None
        for place, file in enumerate(files):
            wanted = None if self.only is None else {number for of_file, number in self.only if of_file == place}
            if wanted is not None and not wanted:
                continue
            with open_source(file, progress) as inside:
                for batch in self._cut(self._wanted(inside, place, wanted)):
                    self._add(batch, measured=bool(least))
                    if least is not None and self.held >= least:
                        yield batch
                        self._empty()
                        batch = None
        if batch is not None:
            yield batch
        self._see_times()

    def _wanted(self, inside: Iterator[LogFile], place: int, wanted: Collection[int] | None) -> Iterator[Batch]:
        """Yield the batches of a file that have these numbers, None is all of them."""
        number = 0
        for found in inside:
            self.files.append(found.name)
            for batch in found.batches:
                if self.layout.batch is not None:
                    self.layout = replace(self.layout, batch=place * BATCHES_OF_A_FILE + number)
                if wanted is None or number in wanted:
                    yield batch
                number += 1
                if wanted is not None and number > max(wanted):
                    return

    def _cut(self, batches: Iterator[Batch]) -> Iterator[Batch]:
        """Return smaller batches where entries are kept whole: searches over all their fields take many times their
        size.
        """
        for batch in batches:
            yield from batch.pieces(_WHOLE_BYTES) if ENTRY in self.layout.leaves else (batch,)

    def counts(self) -> EntryCounts:
        """Return everything that was found."""
        return EntryCounts(
            read=self.read,
            rejected=self.rejected,
            first_rejected=tuple(self.first_rejected),
            first_timestamp=self.first_time and self.first_time.replace(tzinfo=UTC),
            last_timestamp=self.last_time and self.last_time.replace(tzinfo=UTC),
            files=tuple(self.files),
            size=self.size,
            origins=dict(self.origins),
        )

    def _add(self, batch: Batch, *, measured: bool) -> None:
        con, layout, first_place = self.con, self.layout, (len(self.files) - 1) * PLACES_OF_A_FILE
        before = count_rows(con)
        self.size += len(batch.text)
        with in_memory(batch.text) as path:
            if not load_quickly(con, path, batch, layout, first_place):
                wanted = 1 if self.strict else FIRST_REJECTED - len(self.first_rejected)
                rejected, named = load_carefully(con, path, batch, layout, first_place, wanted)
                self.rejected += rejected
                self.read += rejected
                self.first_rejected += [
                    Rejected(self.files[-1], batch.line(number), reason, hint(line)) for number, reason, line in named
                ]
        if self.strict and self.first_rejected:
            first = self.first_rejected[0]
            raise UserError(
                f"{first.reason}{first.hint}; mend the line, or leave out --strict to count such lines and go on",
                Position(first.file, first.line),
            )
        if batch.starts is not None and layout.with_places and self.keeps_starts:
            con.execute(
                "INSERT INTO entry_starts SELECT unnest(range($first, $first + len($lines))), unnest($lines)",
                {"first": first_place + batch.first, "lines": list(batch.starts)},
            )
        self.read += count_rows(con) - before
        if measured:
            # A kind that is new stands with its entries, too.
            size = " + ".join(f"coalesce(strlen({column}), 0)" for column in stored(layout.of_kind + layout.of_entry))
            (of_batch,) = only_row(con, f"SELECT sum({size}) FROM entry_rows WHERE rowid >= {before}")
            self.held += int(of_batch or 0)

    def _empty(self) -> None:
        self._see_times()
        self.con.execute("TRUNCATE entry_rows")
        size = " + ".join(f"coalesce(strlen({column}), 0)" for column in stored(self.layout.of_kind))
        (of_kinds,) = only_row(self.con, f"SELECT coalesce(sum({size}), 0) FROM kinds")
        if of_kinds > _MOST_OF_KINDS:
            self.con.execute("TRUNCATE kinds")
        self.held = 0

    def _see_times(self) -> None:
        first, last = only_row(self.con, "SELECT min(time), max(time) FROM entry_rows")
        self.first_time = min(filter(None, (self.first_time, first)), default=None)
        self.last_time = max(filter(None, (self.last_time, last)), default=None)
        kind, logger = stored((TYPE, LOGGER))
        logger = f"left(coalesce({logger}->>'$', ''), {LONGEST_ORIGIN})" if LOGGER in self.layout.of_kind else "''"
        rows = self.con.execute(
            f"SELECT left({kind}->>'$', {LONGEST_ORIGIN}), {logger}, sum(number)::BIGINT "
            "FROM (SELECT kind, count(*) AS number FROM entry_rows GROUP BY kind) JOIN kinds USING (kind) GROUP BY ALL"
        ).fetchall()
        for found, name, number in rows:
            if (found, name) in self.origins or len(self.origins) < MOST_ORIGINS:
                self.origins[found, name] += int(number)


# The two ways -------------------------------------------------------------------------------------------------------


# Kinds and rows -----------------------------------------------------------------------------------------------------


# What makes an entry ------------------------------------------------------------------------------------------------
