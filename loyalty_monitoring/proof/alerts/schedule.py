"""Schedule all cases on one timeline, far enough apart that no query sees two of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from loyalty_monitoring.proof.alerts.cases import Case, Entry, entries

_FIRST_DAY = datetime(2026, 1, 2, tzinfo=UTC)
# No query looks back further than 25 hours (docs/lint/promql-lookback.md), so no case sees the one before.
_APART = timedelta(hours=26)
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Placed:
    """A case and the moment its offsets count from; it is evaluated from `start` to `end`."""

    case: Case
    start: datetime

    @property
    def end(self) -> datetime:
        return self.start + self.case.until


def lay_out(cases: Iterable[Case]) -> tuple[Placed, ...]:
    """Give each case its place, each at the time of day that it asks for."""
    placed = []
    free_from = _FIRST_DAY
    for case in cases:
        offsets = [offset for lines in case.lines for offset in lines.offsets]
        start = _next_start(case, free_from - min([timedelta(0), *offsets]))
        placed.append(Placed(case, start))
        free_from = start + max([case.until, *offsets]) + _APART
    return tuple(placed)


def entries_of(placed: Iterable[Placed]) -> Iterator[Entry]:
    """Yield the log entries of all of them, within a case in the order of its file: as unordered as the case is."""
    for one in placed:
        yield from entries(one.case, one.start)


def _next_start(case: Case, earliest: datetime) -> datetime:
    start = earliest.replace(hour=0, minute=0, second=0, microsecond=0) + case.time_of_day
    while start < earliest or (case.month_end and (start + _DAY).month == start.month):
        start += _DAY
    return start
