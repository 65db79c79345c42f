"""Guess why an incident is only in the replay, or only in what fired.

None of this is a proof, but for a snooze that was read, a title that differs, and entries that are not there. Each text
begins with the reason's name, and goes on with what speaks for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from loyalty_monitoring.definitions.model import AlertPolicy
from loyalty_monitoring.google_cloud.fired_incidents import FiredIncident, Snooze
from loyalty_monitoring.replay.result import Incident

# How long after its condition was last met an incident closes (docs/replay-fidelity.md, E5): what opens within that is
# the same incident.
_CLOSING = timedelta(seconds=270)


@dataclass(frozen=True)
class Evidence:
    """Everything of one policy. `pairs` maps places in `replayed` to places in `fired`."""

    policy: AlertPolicy
    title: str
    window_from: datetime
    window_to: datetime
    allowance: timedelta
    replayed: Sequence[Incident]
    fired: Sequence[FiredIncident]
    pairs: Mapping[int, int]
    anything_fired: bool
    snoozes: Sequence[Snooze]
    has_entries: Callable[[AlertPolicy, datetime], bool] | None

    def other_title(self, at: datetime) -> str | None:
        """Return the title of the fired incident nearest to the moment, where the definition has another one today."""
        opened = [one for one in self.fired if one.title and one.opened is not None]
        nearest = min(opened, key=lambda one: abs((one.opened or at) - at), default=None)
        return nearest.title if nearest is not None and nearest.title != self.title else None


def why_not_fired(incident: Incident, known: Evidence) -> str:
    """Return the likely reason why an incident of the replay did not fire."""
    for snooze in known.snoozes:
        if snooze.begins <= incident.opened < snooze.ends:
            name = f"{snooze.name!r}, " if snooze.name else ""
            return f"a snooze: {name}{_minute(snooze.begins)} to {_minute(snooze.ends)} UTC"
    if not known.anything_fired:
        return (
            "no entry in the export: it names no incident of any policy; give what fired with --incidents, or export "
            "the violation logs as well"
        )
    if (other := known.other_title(incident.opened)) is not None:
        return f"another definition deployed then: its title was {other!r}"
    part_of = _neighbour(incident, known)
    if part_of is not None:
        return (
            f"lateness: what fired at {_minute(part_of)} UTC lasted longer, and openings near each other are one "
            "incident"
        )
    length = (incident.closed or known.window_to) - incident.opened
    paired = [known.replayed[place] for place in known.pairs]
    if not paired:
        if known.fired:
            return "another definition deployed then: the policy fired at other times only"
        return "a disabled policy, or a snooze: nothing of it fired in all this time; or it was not deployed yet"
    if length <= known.allowance and all((one.closed or known.window_to) - one.opened > length for one in paired):
        return (
            f"lateness: the condition was met for {_span(length)} only, and points can be {_span(known.allowance)} late"
        )
    return "a snooze, or a disabled policy for a while: what it opened at other times did fire"


def why_not_replayed(incident: FiredIncident, known: Evidence) -> str:
    """Return the likely reason why an incident that fired is not in the replay."""
    opened = incident.opened
    if opened is None or opened < known.window_from:
        return "no entry in the export: it opened before the export begins"
    if known.has_entries is not None and not known.has_entries(known.policy, opened):
        return "no entry in the export: none that the policy's metrics count comes before it"
    if incident.title and incident.title != known.title:
        return f"another definition deployed then: its title was {incident.title!r}"
    for place, other in enumerate(known.replayed):
        same = incident.labels is None or other.labels == incident.labels
        if (
            place in known.pairs
            and same
            and other.opened <= opened <= (other.closed or known.window_to) + known.allowance
        ):
            return f"lateness: late points closed the incident of {_minute(other.opened)} UTC and opened it again"
    if incident.closed is not None and incident.closed - opened <= known.allowance + _CLOSING:
        return (
            f"lateness: it was open for {_span(incident.closed - opened)} only, and points can be "
            f"{_span(known.allowance)} late; or another definition deployed then"
        )
    return "another definition deployed then: by today's, the condition was not met"


def _neighbour(incident: Incident, known: Evidence) -> datetime | None:
    """Return the opening time of the fired incident of the same labels that this one may be a part of."""
    for ours, theirs in known.pairs.items():
        paired, fired = known.replayed[ours], known.fired[theirs]
        ends = max((fired.closed or known.window_to), (paired.closed or known.window_to))
        if paired.labels == incident.labels and paired.opened <= incident.opened <= ends + _CLOSING:
            return fired.opened or paired.opened
    return None


def _minute(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%d %H:%M")


def _span(length: timedelta) -> str:
    minutes = round(length.total_seconds() / 60)
    return f"{minutes} min" if minutes else f"{length.total_seconds():.0f} s"
