"""Findings of the comparison of replayed incidents with fired ones, as plain frozen data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True)
class Alike:
    """One incident in both. `opened` is replay's; the others say how much later what fired was, None where it is not
    known, or one of the two is still open.
    """

    policy: str
    labels: Mapping[str, str]
    opened: datetime
    opened_later: timedelta | None
    closed_later: timedelta | None


@dataclass(frozen=True)
class Alone:
    """An incident in one of the two only, and the likely `reason`. `opened` is None when it opened before what is
    known, `closed` when it is open still.
    """

    policy: str
    labels: Mapping[str, str]
    opened: datetime | None
    closed: datetime | None
    reason: str


@dataclass(frozen=True)
class IncidentComparison:
    """Replay beside what fired, each part in the order of opening.

    `others` counts incidents by the title of a policy that is not among the definitions. `read` is the number of fired
    incidents in the window, those included.
    """

    window_from: datetime
    window_to: datetime
    alike: tuple[Alike, ...]
    only_in_replay: tuple[Alone, ...]
    only_in_fired: tuple[Alone, ...]
    others: Mapping[str, int]
    read: int

    @property
    def holds(self) -> bool:
        """Whether nothing is in one of the two only."""
        return not self.only_in_replay and not self.only_in_fired
