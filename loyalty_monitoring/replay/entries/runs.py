"""Batches that one statement of the database loads: what a statement costs does not depend on how much it reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from loyalty_monitoring.replay.entries.log_files import Batch

_LARGE, _LARGE_WEIGHS = 4096, 4  # bytes of an entry


@dataclass(frozen=True)
class Run:
    """Batches that follow each other in a file.

    `place` is what the column `place` of the file's values is counted from, `batch` the first batch in the column of
    that name.
    """

    batches: tuple[Batch, ...]
    place: int = 0
    batch: int = 0

    @property
    def lines(self) -> int:
        """The number of lines in all batches."""
        return sum(batch.lines for batch in self.batches)

    @property
    def size(self) -> int:
        """The bytes of the text of all batches."""
        return sum(batch.size for batch in self.batches)

    @property
    def weight(self) -> int:
        """The bytes of all batches, where those of large entries count more often: the database holds 2,048 entries at
        a time, several times over.
        """
        return sum(len(one.raw) * (_LARGE_WEIGHS if len(one.raw) > _LARGE * one.lines else 1) for one in self.batches)

    def singly(self) -> Iterator[Run]:
        """Yield each batch as a run of its own."""
        for number, batch in enumerate(self.batches):
            yield Run((batch,), self.place, self.batch + number)


def runs_of(batches: Iterable[tuple[Batch, int]], place: int, size: int) -> Iterator[Run]:
    """Yield runs of about the weight `size`, each of one batch or more; the batches come with their numbers."""
    run = Run((), place)
    for batch, number in batches:
        run = Run((*run.batches, batch), place, run.batch if run.batches else number)
        if run.weight >= size:
            yield run
            run = Run((), place)
    if run.batches:
        yield run


def read_ahead(runs: Iterator[Run]) -> Iterator[Run]:
    """Yield the same runs, while the next one is read in a thread. Only for files: nobody can interrupt such a reading.

    The database works without Python's lock, and so do the libraries that unpack.
    """
    with ThreadPoolExecutor(max_workers=1) as thread:
        reading = thread.submit(next, runs, None)
        while (run := reading.result()) is not None:
            reading = thread.submit(next, runs, None)
            yield run
