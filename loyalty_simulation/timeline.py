"""Parse when a fault occurs, `wallet_outage@T+1h`, and tell whether it is on at a moment."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from loyalty_monitoring.common.errors import UserError, nearest
from loyalty_simulation.clock import SECOND, microseconds
from loyalty_simulation.faults import FAULTS, Fault

_LENGTH = r"(?=\d)(?:\d+d)?(?:\d+h)?(?:\d+m)?(?:\d+s)?"
_OCCURRENCE = re.compile(rf"(?P<name>\w+)@T(?:\+(?P<begins>{_LENGTH}))?(?:/(?P<lasts>{_LENGTH}))?")
_UNITS = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}


@dataclass(frozen=True)
class Occurrence:
    """A fault and when: `begins` counts from the start of the simulation."""

    fault: Fault
    begins: timedelta
    lasts: timedelta


def parse_occurrence(text: str) -> Occurrence:
    """Parse `NAME@T+1d2h`, or `NAME@T+1d2h/30m` for another length than the fault's own."""
    names = {fault.name: fault for fault in FAULTS}
    name = text.partition("@")[0]
    if name not in names:
        raise UserError(f"there is no fault {name!r}{nearest(name, set(names))}")
    found = _OCCURRENCE.fullmatch(text)
    if found is None:
        raise UserError(f"{text!r} does not say when; write it like {name}@T+1h, {name}@T+2d12h30m or {name}@T+1h/45m")
    fault = names[name]
    lasts = _length(found["lasts"]) if found["lasts"] else fault.lasts
    if not lasts:
        raise UserError(f"{text!r} lasts no time; write it like {name}@T+1h/45m")
    return Occurrence(fault, _length(found["begins"] or "0s"), lasts)


def _length(text: str) -> timedelta:
    return timedelta(**{_UNITS[unit]: int(number) for number, unit in re.findall(r"(\d+)([dhms])", text)})


class Timeline:
    """All occurrences; moments are microseconds since 1970."""

    def __init__(self, start: datetime, occurrences: Sequence[Occurrence]) -> None:
        self._periods: dict[Fault, list[tuple[int, int]]] = {}
        self._taken: set[tuple[Fault, int]] = set()
        for one in occurrences:
            begin = microseconds(start + one.begins)
            self._periods.setdefault(one.fault, []).append((begin, begin + round(one.lasts.total_seconds()) * SECOND))

    def periods(self, fault: Fault) -> Sequence[tuple[int, int]]:
        """Return beginning and end of each occurrence."""
        return self._periods.get(fault, ())

    def active(self, fault: Fault, now: float) -> bool:
        return any(begin <= now < end for begin, end in self.periods(fault))

    def first_time(self, fault: Fault, now: float) -> bool:
        """Return whether the fault is on and nobody has asked since it began."""
        for begin, end in self.periods(fault):
            if begin <= now < end and (fault, begin) not in self._taken:
                self._taken.add((fault, begin))
                return True
        return False
