"""Log entries: from files into the table `entries`, with nothing lost: read = used + rejected.

Entries come in batches (log_files.py), and two ways lead from a batch to the table. The quick one (typed_columns.py)
reads typed columns at once and stops at anything unusual. Then the careful one (single_lines.py) takes the batch again,
line by line, and says what is wrong where (judging.py). Tests hold the two to the same result. A batch reaches the
database as a file in memory that has no name.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import accumulate, count, groupby
from pathlib import Path
from typing import Literal

from loyalty_monitoring.common.database import Connection, Progress
from loyalty_monitoring.common.errors import Position, UserError
from loyalty_monitoring.query_languages.logging_filter import FieldPath
from loyalty_monitoring.replay.entries.counts import FIRST_REJECTED, NOTHING, EntryCounts, Rejected, added, checked
from loyalty_monitoring.replay.entries.fields import ENTRY
from loyalty_monitoring.replay.entries.layout import Layout, layout_of
from loyalty_monitoring.replay.entries.log_files import Batch, open_source
from loyalty_monitoring.replay.entries.memory_files import in_memory
from loyalty_monitoring.replay.entries.runs import Placed, Run, read_ahead, runs_of
from loyalty_monitoring.replay.entries.single_lines import load_carefully
from loyalty_monitoring.replay.entries.tables import (
    BATCHES_OF_A_FILE,
    PLACES_OF_A_FILE,
    empty_tables,
    make_tables,
    with_table,
)
from loyalty_monitoring.replay.entries.typed_columns import load_quickly
from loyalty_monitoring.replay.entries.unreadable import hint

_WHOLE_BYTES = 2 * 2**20
_RUN_BYTES = 128 * 2**20  # that one statement loads


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

    Columns: `time` TIMESTAMP (UTC, microseconds), `kind` INTEGER, `resource` INTEGER and `decided` BOOLEAN[] (yet to be
    filled), and a JSON column for each field, which `entry_columns` names. `fields` with () keep the whole entry.
    `with_places` adds a column `place` BIGINT, which `positions` turns into file and line in the end, and which rises
    in the order of files and lines; without it, rows are in any order. `with_batches` adds a column `batch` BIGINT,
    which `batch_of` turns into the place of the file and the batch's number in it. `evaluable` rejects entries of years
    in which Prometheus evaluates nothing.

    Without `take`, `entries` holds all of them in the end. With it, memory stays bounded, however many there are:
    `take` is called whenever the text of the table's entries has `least` bytes (a quarter of it, where entries are
    large), and in the end, and the table is emptied after it. It is handed the last batch, which is the only one in the
    table when `least` is 0.

    What is rejected is told in the log, and in the result. Errors: UserError for a file that cannot be read, when no
    entry could be used of what was read, and with `strict` also for the first line that is no LogEntry. Without
    `is_checked`, what was read is neither told nor judged: `checked` does that, for several results together.
    """
    layout = replace(
        layout_of(frozenset(fields)), with_places=with_places, with_batches=with_batches, evaluable=evaluable
    )
    counts = NOTHING
    for part in _parts(con, files, _Asked(layout, strict, None if take is None else least), progress):
        if take is not None and part.last is not None:
            take(part.last)
        counts = part.counts
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
    asked = _Asked(replace(layout_of(frozenset(fields)), with_places=with_places), strict, 0, only, keeps_starts=False)
    counts = NOTHING
    for part in _parts(con, files, asked, progress):
        if part.last is not None:
            yield part.last
        counts = part.counts
    if only is None:
        checked(counts)


@dataclass(frozen=True)
class _Asked:
    """The entries to read.

    `least` are the bytes of text of a part; None is all that there is, 0 is each batch by itself.
    `only` are the batches to look at, None is all of them.
    """

    layout: Layout
    strict: bool
    least: int | None
    only: Collection[tuple[int, int]] | None = None
    keeps_starts: bool = True

    @property
    def run_size(self) -> int:
        """Bytes that are loaded together."""
        return 0 if self.least == 0 or ENTRY in self.layout.leaves else _RUN_BYTES


@dataclass(frozen=True)
class _Part:
    """The table as it is filled: `last` is the last of its batches, None where there is none.

    `counts` are those of all that was read so far.
    """

    last: Batch | None
    counts: EntryCounts


def _parts(
    con: Connection, files: Sequence[Path | Literal["-"]], asked: _Asked, progress: Progress | None
) -> Iterator[_Part]:
    """Fill the table, part by part; it is emptied after each of them but the last."""
    make_tables(con, asked.layout)
    counts, held, last = NOTHING, 0, None
    names: list[str] = []
    for run in _runs(files, asked, names, progress):
        counts = added((counts, _load(con, run, asked, counts)))
        held, last = held + run.weight, run.batches[-1]
        if asked.least is not None and held >= asked.least:
            counts = with_table(con, asked.layout, counts)
            yield _Part(last, counts)
            empty_tables(con, asked.layout)
            held, last = 0, None
    yield _Part(last, replace(with_table(con, asked.layout, counts), files=tuple(names)))


def _runs(
    files: Sequence[Path | Literal["-"]], asked: _Asked, names: list[str], progress: Progress | None
) -> Iterator[Run]:
    """Yield the batches that are asked for, together; `names` become those of the files and of the archives' members.

    Small files share a run, since each costs as much as megabytes do, and there may be one for each hour.
    """
    places = count(step=PLACES_OF_A_FILE)
    numbered = list(zip(count(), files, _shares(files, progress), strict=False))
    for is_file, some in groupby(numbered, key=lambda one: _size(one[1]) is not None):
        placed = _placed(list(some), asked, places, names)
        runs = runs_of(placed, asked.run_size)
        yield from read_ahead(runs) if is_file and asked.run_size > 0 else runs


def _shares(files: Sequence[Path | Literal["-"]], progress: Progress | None) -> list[Progress | None]:
    """Return what tells the progress of each file as a share of the bytes of all."""
    sizes = [_size(file) or 0 for file in files]
    total = sum(sizes)
    if progress is None or not total:
        return [progress] * len(files)

    def share_of(before: int, size: int) -> Progress:
        return lambda text, done: progress(text, (before + done * size) / total)

    return [share_of(before, size) for before, size in zip(accumulate(sizes, initial=0), sizes, strict=False)]


def _size(file: Path | Literal["-"]) -> int | None:
    """Return the bytes of a file on the disk, None of anything else."""
    try:
        status = os.stat(file) if str(file) != "-" else None
    except (OSError, ValueError):  # whoever opens it says what is wrong
        status = None
    return status.st_size if status is not None and stat.S_ISREG(status.st_mode) else None


def _placed(
    files: Iterable[tuple[int, Path | Literal["-"], Progress | None]],
    asked: _Asked,
    places: Iterator[int],
    names: list[str],
) -> Iterator[Placed]:
    """Yield the batches of the files, which come with their number, that are asked for."""
    for file_number, file, progress in files:
        wanted = None if asked.only is None else {number for of_file, number in asked.only if of_file == file_number}
        if wanted is None or wanted:
            with open_source(file, progress) as inside:
                numbers = count()
                for found in inside:
                    names.append(found.name)
                    place = next(places)
                    for batch, number in _numbered(found.batches, file_number, numbers, wanted, asked):
                        yield Placed(batch, found.name, place, number)


def _numbered(
    batches: Iterator[Batch], place: int, numbers: Iterator[int], wanted: Collection[int] | None, asked: _Asked
) -> Iterator[tuple[Batch, int]]:
    """Yield the batches of a file that have these numbers, None is all of them, each with its value in `batch`.

    They are cut where entries are kept whole: searches over all their fields take many times their size.
    """
    for batch in batches:
        number = next(numbers)
        if wanted is None or number in wanted:
            for piece in batch.pieces(_WHOLE_BYTES) if ENTRY in asked.layout.leaves else (batch,):
                yield piece, place * BATCHES_OF_A_FILE + number
        if wanted is not None and number >= max(wanted):
            return


def _load(con: Connection, run: Run, asked: _Asked, before: EntryCounts) -> EntryCounts:
    """Load a run, and return its counts; `before` are those of what was read before it."""
    with ExitStack() as stack:
        paths = [stack.enter_context(in_memory(batch.raw)) for batch in run.batches]
        if read := load_quickly(con, paths, run, asked.layout):
            _keep_starts(con, run, asked)
            return replace(NOTHING, read=read, size=run.size)
    counts = NOTHING
    for one in run.singly() if len(run.batches) > 1 else ():
        counts = added((counts, _load(con, one, asked, added((before, counts)))))
    return counts if len(run.batches) > 1 else _load_lines(con, run, asked, before)


def _load_lines(con: Connection, run: Run, asked: _Asked, before: EntryCounts) -> EntryCounts:
    """Load a run of one batch line by line. Errors: UserError for a line that is no entry, when asked for."""
    (placed,) = run.placed
    batch = placed.batch
    most_named = 1 if asked.strict else FIRST_REJECTED - len(before.first_rejected)
    with in_memory(batch.text) as path:
        used, rejected, named = load_carefully(con, path, run, asked.layout, most_named)
    _keep_starts(con, run, asked)
    first_rejected = tuple(
        Rejected(placed.file, batch.line(number), reason, hint(line)) for number, reason, line in named
    )
    if asked.strict and first_rejected:
        first = first_rejected[0]
        raise UserError(
            f"{first.reason}{first.hint}; mend the line, or leave out --strict to count such lines and go on",
            Position(first.file, first.line),
        )
    return replace(
        NOTHING, read=used + rejected, rejected=rejected, first_rejected=first_rejected, size=len(batch.text)
    )


def _keep_starts(con: Connection, run: Run, asked: _Asked) -> None:
    """Remember on which lines of the file values begin whose number does not say it."""
    if not (asked.layout.with_places and asked.keeps_starts):
        return
    for one in run.placed:
        if one.batch.starts is not None:
            con.execute(
                "INSERT INTO entry_starts SELECT unnest(range($first, $first + len($lines))), unnest($lines)",
                {"first": one.place + one.batch.first, "lines": list(one.batch.starts)},
            )
