"""Watch how late points are: ask for each metric's newest point again and again, and note when a newer one is there."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

from loyalty_monitoring.common.database import Progress
from loyalty_monitoring.common.errors import UserError
from loyalty_monitoring.definitions.model import Definitions
from loyalty_monitoring.definitions.settings import Settings
from loyalty_monitoring.google_cloud.deployed import newest_points
from loyalty_monitoring.replay.lateness import shown

_ONE_LOOK = 20.0  # seconds
_MOST_FAILURES = 5  # looks in a row that fail


@dataclass
class Watch:
    """Observations so far, by metric: how late each new newest point was when it was first there.

    A point is late by the time from its end to the look that first saw it, so the figure is exact to the seconds
    between two looks. The newest points of the first look are of unknown lateness.
    """

    project: str
    allowance: timedelta
    every: float
    late: dict[str, list[timedelta]] = field(default_factory=dict)
    newest: dict[str, datetime | None] = field(default_factory=dict)
    looks: int = 0
    failures: list[str] = field(default_factory=list)

    def look(self, found: dict[str, datetime | None], now: datetime) -> None:
        """Take the newest points of one look."""
        self.looks += 1
        for metric, newest in found.items():
            before = self.newest.get(metric)
            late = self.late.setdefault(metric, [])
            if self.looks > 1 and newest is not None and (before is None or newest > before):
                late.append(now - newest)
            if newest is not None and (before is None or newest > before):
                self.newest[metric] = newest

    @property
    def exceeds(self) -> list[str]:
        """The metrics of which a point was later than the allowance, by more than the looks are apart."""
        limit = self.allowance + timedelta(seconds=self.every)
        return [metric for metric, late in self.late.items() if late and max(late) > limit]


def watch(
    settings: Settings,
    definitions: Definitions,
    seen: Watch,
    length: timedelta,
    *,
    endpoint: str | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    sleep: Callable[[float], None] = time.sleep,
    progress: Progress | None = None,
) -> None:
    """Look every `seen.every` seconds for so long. A look that fails is told; several in a row are a UserError."""
    metrics = [metric.api_name for metric in definitions.log_metrics]
    begun, failed = now(), 0
    while True:
        at = now()
        if progress is not None:
            progress(f"Watching {settings.project}", min((at - begun) / length, 1.0))
        try:
            found = newest_points(
                settings.project, metrics, settings.resource_type, now=at, timeout=_ONE_LOOK, endpoint=endpoint
            )
            seen.look(found, now())
            failed = 0
        except UserError as error:
            failed += 1
            seen.failures += [error.message] if error.message not in seen.failures else []
            if failed == _MOST_FAILURES or (seen.looks == 0 and failed == 1):
                raise
        left = (begun + length - now()).total_seconds()
        if left <= 0:
            return
        sleep(min(seen.every, left))


def lines(seen: Watch) -> Iterator[str]:
    """Yield a line a metric, those without a new point at the end, and what exceeds the allowance."""
    yield f"{'metric':<44}{'points':>8}{'median late':>13}{'most late':>13}{'allowance':>13}"
    for metric, late in sorted(seen.late.items(), key=lambda one: (not one[1], one[0])):
        columns = [shown(_median(late)), shown(max(late))] if late else ["-", "-"]
        yield f"{metric:<44}{len(late):>8}{columns[0]:>13}{columns[1]:>13}{shown(seen.allowance):>13}"
    for failure in seen.failures:
        yield f"warning: a look failed: {failure}"
    counted = sum(bool(late) for late in seen.late.values())
    yield (
        f"project {seen.project}: {seen.looks} looks, {seen.every:g} s apart; {counted} of {len(seen.late)} metrics "
        f"had new points, {len(seen.exceeds)} later than the allowance"
    )


def as_object(seen: Watch) -> dict[str, Any]:
    """Return the same as a JSON object, lengths in seconds."""
    return {
        "project": seen.project,
        "looks": seen.looks,
        "every_s": seen.every,
        "allowance_s": seen.allowance.total_seconds(),
        "metrics": {
            metric: {
                "points": len(late),
                "median_s": _median(late).total_seconds() if late else None,
                "most_s": max(late).total_seconds() if late else None,
            }
            for metric, late in seen.late.items()
        },
        "exceeded": seen.exceeds,
        "failures": seen.failures,
    }


def _median(late: Sequence[timedelta]) -> timedelta:
    return timedelta(seconds=median(one.total_seconds() for one in late))
