"""The arrivals under which every case must hold, and what is not there yet under each."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

from loyalty_monitoring.proof.alerts.cases import Entry
from loyalty_monitoring.replay.arrival import Arrival, EntryDelay, RandomDelay, SameDelay

_USUAL = (60, 120, 240)  # what people see: 1 to 4 minutes
_SEEDS = (1, 2, 3)
_MINUTE = timedelta(minutes=1)


def arrivals(allowance: int) -> tuple[Arrival, ...]:
    """Return the arrivals: all points late by the same, each by its own random delay, and minutes that grow; at most
    `allowance` seconds.
    """
    same = sorted({min(usual, allowance) for usual in _USUAL} | {allowance})
    return (*map(SameDelay, same), *(RandomDelay(allowance, seed) for seed in _SEEDS), EntryDelay())


def longest(arrival: Arrival, allowance: int) -> timedelta:
    """Return the longest possible delay of a point."""
    return timedelta(seconds=arrival.seconds if isinstance(arrival, SameDelay) else allowance)


def in_words(arrival: Arrival) -> str:
    """Return the arrival as a sentence has it."""
    match arrival:
        case SameDelay():
            return f"all points {arrival} late"
        case RandomDelay():
            return f"points late by random ({arrival})"
        case EntryDelay():
            return "minutes that grow (entries)"


def received_late(entries: Iterable[Entry], allowance: int) -> Iterator[Entry]:
    """Yield the entries with a `receiveTimestamp` that is 0 to `allowance` seconds after the end of their minute."""
    chance = random.Random(0)
    for entry in entries:
        minute = datetime.fromisoformat(entry["timestamp"]).astimezone(UTC).replace(second=0, microsecond=0)
        received = minute + _MINUTE + timedelta(seconds=chance.randint(0, allowance))
        yield {**entry, "receiveTimestamp": received.isoformat().replace("+00:00", "Z")}
