"""Batches that one statement of the database loads: what a statement costs does not depend on how much it reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from loyalty_monitoring.replay.entries.log_files import Batch

_LARGE, _LARGE_WEIGHS = 4096, 4  # bytes of an entry
_MOST_TOGETHER = 100  # each is an open file while it is loaded


@dataclass(frozen=True)
class Placed:
    """A batch, and where it is from.

    `file` is the name of its file, `place` what the column `place` of that file's values is counted from, and `number`
    is the batch's value in the column `batch`.
    """

    batch: Batch
    file: str = ""
    place: int = 0
    number: int = 0


@dataclass(frozen=True)
class Run:
    """Batches that follow each other, in one file or in several."""

    placed: tuple[Placed, ...]

    @property
    def batches(self) -> tuple[Batch, ...]:
        """The batches themselves."""
        return tuple(one.batch for one in self.placed)

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
        """The bytes of all batches, where those of large entries count more often."""
        return sum(map(_weight, self.batches))

    def singly(self) -> Iterator[Run]:
        """Yield each batch as a run of its own."""
        for one in self.placed:
            yield Run((one,))


def _weight(batch: Batch) -> int:
    """Return the bytes of a batch, four times those of large entries: the database holds 2,048 entries at a time,
    several times over.
    """
    return len(batch.raw) * (_LARGE_WEIGHS if len(batch.raw) > _LARGE * batch.lines else 1)


def runs_of(batches: Iterable[Placed], size: int) -> Iterator[Run]:
    """Yield runs of about the weight `size`, each of one batch or more; small files share one."""
    together: list[Placed] = []
    weight = 0
    for one in batches:
        together.append(one)
        weight += _weight(one.batch)
        if weight >= size or len(together) == _MOST_TOGETHER:
            yield Run(tuple(together))
            together, weight = [], 0
    if together:
        yield Run(tuple(together))


def read_ahead(runs: Iterator[Run]) -> Iterator[Run]:
    """Yield the same runs, while the next one is read in a thread. Only for files: nobody can interrupt such a reading.

    The database works without Python's lock, and so do the libraries that unpack.
    """
    with ThreadPoolExecutor(max_workers=1) as thread:
        reading = thread.submit(next, runs, None)
        while (run := reading.result()) is not None:
            reading = thread.submit(next, runs, None)
            yield run
