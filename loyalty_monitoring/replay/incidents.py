"""Incidents: what Cloud Monitoring makes of the answers of a PromQL condition over time.

Sources: https://docs.cloud.google.com/monitoring/alerts/using-promql and
https://docs.cloud.google.com/monitoring/alerts/concepts-indepth; what goes beyond them stands in
docs/replay-fidelity.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Literal

from loyalty_monitoring.definitions.model import AlertPolicy
from loyalty_monitoring.replay.prometheus import Series
from loyalty_monitoring.replay.result import Incident

Sample = tuple[int, float]
# `delayed`: the first evaluation at least 270 s or two intervals after the condition was last met, as two independent
# sources of 2026 have it; `at-once`: the first evaluation at which it is not met. Row E5 of docs/replay-fidelity.md.
Closing = Literal["delayed", "at-once"]
CLOSINGS: tuple[Closing, ...] = ("delayed", "at-once")
_CLOSING_SECONDS = 270


def evaluation_instants(start: datetime, end: datetime, interval_seconds: int) -> tuple[int, int]:
    """Return the first and the last evaluation inside the window, as unix seconds: whole multiples of the interval."""
    whole = int(start.timestamp()) + (start.microsecond > 0)
    first = -(-whole // interval_seconds) * interval_seconds
    last = int(end.timestamp()) // interval_seconds * interval_seconds
    return first, last


def incidents(
    policy: AlertPolicy, series: Iterable[Series], last_instant: int, closing: Closing = "delayed"
) -> list[Incident]:
    """Return the incidents of one policy.

    `series` are the query's answers, sampled at every evaluation instant up to `last_instant` (unix seconds). A label
    set that is in the answer has its condition met. An incident opens at the first instant at which that has lasted
    for `duration`. It closes at the first instant that is `closing_delay` after the condition was last met; met again
    before, it goes on.
    """
    found = []
    interval, duration = policy.evaluation_interval_seconds, policy.duration_seconds
    delay = closing_delay(interval, closing)
    for one in series:
        opening: Sample | None = None
        last_met = 0
        for run in _unbroken_runs(one.samples, interval):
            since, until = run[0][0], run[-1][0]
            if opening is not None and since > last_met + delay:
                found.append(_incident(policy, one, opening, last_met + delay))
                opening = None
            if opening is None:
                opening = next((sample for sample in run if sample[0] - since >= duration), None)
            last_met = until
        if opening is not None:
            closed = last_met + delay
            found.append(_incident(policy, one, opening, None if closed > last_instant else closed))
    return found


def longest_run(series: Iterable[Series], interval: int) -> int:
    """Return the longest time in seconds for which the condition of a label set was met without a gap."""
    return max((run[-1][0] - run[0][0] for one in series for run in _unbroken_runs(one.samples, interval)), default=0)


def closing_delay(interval_seconds: int, closing: Closing) -> int:
    """Return seconds from the last evaluation at which a condition was met to the one that closes its incident."""
    if closing == "at-once":
        return interval_seconds
    rest = max(_CLOSING_SECONDS, 2 * interval_seconds)
    return -(-rest // interval_seconds) * interval_seconds


def _incident(policy: AlertPolicy, series: Series, opening: Sample, closed: int | None) -> Incident:
    end = None if closed is None else _time(closed)
    return Incident(policy.name, policy.priority, series.labels, _time(opening[0]), end, opening[1])


def _unbroken_runs(samples: Sequence[Sample], interval: int) -> Iterator[Sequence[Sample]]:
    start = 0
    for index in range(1, len(samples) + 1):
        if index == len(samples) or samples[index][0] - samples[index - 1][0] != interval:
            yield samples[start:index]
            start = index


def _time(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
