"""Incidents: what Cloud Monitoring makes of the answers of a PromQL condition over time.

Sources: https://docs.cloud.google.com/monitoring/alerts/using-promql and
https://docs.cloud.google.com/monitoring/alerts/concepts-indepth; what goes beyond them stands in
docs/replay-fidelity.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

from loyalty_monitoring.definitions.model import AlertPolicy
from loyalty_monitoring.replay.prometheus import Series
from loyalty_monitoring.replay.result import Incident

Sample = tuple[int, float]


def evaluation_instants(start: datetime, end: datetime, interval_seconds: int) -> tuple[int, int]:
    """The first and the last evaluation inside the window, as unix seconds: whole multiples of the interval."""
    first = -(-int(start.timestamp()) // interval_seconds) * interval_seconds
    last = int(end.timestamp()) // interval_seconds * interval_seconds
    return first, last


def incidents(policy: AlertPolicy, series: Iterable[Series], last_instant: int) -> list[Incident]:
    """The incidents of one policy.

    `series` are the query's answers, sampled at every evaluation instant up to `last_instant` (unix seconds). A label
    set that is in the answer has its condition met. An incident opens at the first instant at which that has lasted
    for `duration`, and closes at the first instant at which the label set is missing.
    """
    found = []
    interval, duration = policy.evaluation_interval_seconds, policy.duration_seconds
    for one in series:
        for run in _unbroken_runs(one.samples, interval):
            since, until = run[0][0], run[-1][0]
            opening = next((sample for sample in run if sample[0] - since >= duration), None)
            if opening is not None:
                closed = None if until + interval > last_instant else _time(until + interval)
                found.append(Incident(policy.name, policy.priority, one.labels, _time(opening[0]), closed, opening[1]))
    return found


def longest_run(series: Iterable[Series], interval: int) -> int:
    """For how many seconds the condition of a label set was met at a stretch, at the most."""
    return max((run[-1][0] - run[0][0] for one in series for run in _unbroken_runs(one.samples, interval)), default=0)


def _unbroken_runs(samples: Sequence[Sample], interval: int) -> Iterator[Sequence[Sample]]:
    start = 0
    for index in range(1, len(samples) + 1):
        if index == len(samples) or samples[index][0] - samples[index - 1][0] != interval:
            yield samples[start:index]
            start = index


def _time(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
