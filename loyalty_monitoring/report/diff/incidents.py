"""Pair the incidents of two replays of the same logs: the same, moved, or without a counterpart."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from loyalty_monitoring.replay.result import Incident

Kind = Literal["appears", "vanishes", "moves", "stays"]
_NEVER = datetime.max.replace(tzinfo=UTC)
_Key = tuple[str, tuple[tuple[str, str], ...]]


@dataclass(frozen=True)
class IncidentChange:
    """`old` or `new` is None where there is no counterpart; both are given for an incident that moves or stays."""

    kind: Kind
    old: Incident | None
    new: Incident | None

    @property
    def incident(self) -> Incident:
        """The one that there is; the new one of two."""
        found = self.new or self.old
        assert found is not None
        return found


def incident_changes(old: Sequence[Incident], new: Sequence[Incident]) -> list[IncidentChange]:
    """Return pairs of incidents that overlap in time, policy and labels, and those left alone; in order of time."""
    by_key: dict[_Key, tuple[list[Incident], list[Incident]]] = defaultdict(lambda: ([], []))
    for side, incidents in enumerate((old, new)):
        for incident in incidents:
            by_key[incident.policy, tuple(sorted(incident.labels.items()))][side].append(incident)
    found = [change for before, after in by_key.values() for change in _paired(before, after)]
    return sorted(
        found, key=lambda one: (one.incident.opened, one.incident.policy, sorted(one.incident.labels.items()))
    )


def _paired(old: Sequence[Incident], new: Sequence[Incident]) -> list[IncidentChange]:
    """Pair two lists in order of time, in each of which none overlaps another."""
    found: list[IncidentChange] = []
    before, after = 0, 0
    while before < len(old) and after < len(new):
        one, other = old[before], new[after]
        if (one.closed or _NEVER) <= other.opened:
            found.append(IncidentChange("vanishes", one, None))
            before += 1
        elif (other.closed or _NEVER) <= one.opened:
            found.append(IncidentChange("appears", None, other))
            after += 1
        else:
            same = (one.opened, one.closed) == (other.opened, other.closed)
            found.append(IncidentChange("stays" if same else "moves", one, other))
            before, after = before + 1, after + 1
    found += [IncidentChange("vanishes", one, None) for one in old[before:]]
    found += [IncidentChange("appears", None, one) for one in new[after:]]
    return found
