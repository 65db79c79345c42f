"""The simulated clock: weeks of logs take seconds to write."""

from __future__ import annotations

from datetime import UTC, datetime

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


class SimulatedClock:
    """The simulated time, in whole microseconds since 1970 (integers, so that equal runs are equal to the bit)."""

    def __init__(self, start: datetime) -> None:
        self.now = microseconds(start)

    def set(self, now: int) -> None:
        self.now = now

    def spend(self, seconds: float) -> None:
        """Let work take its time."""
        self.now += round(seconds * SECOND)

    def time(self) -> float:
        """Return Unix seconds, as `time.time()` gives; Celery also measures its tasks' runtimes with it."""
        return self.now / SECOND


def microseconds(moment: datetime) -> int:
    return round(moment.timestamp()) * SECOND + moment.microsecond


def rfc3339(now: int) -> str:
    """Return a time as `2026-11-02T03:00:07.120Z`: milliseconds, the precision of the contract's example."""
    whole_seconds = datetime.fromtimestamp(now // SECOND, UTC).isoformat().removesuffix("+00:00")
    return f"{whole_seconds}.{now % SECOND // 1000:03d}Z"
