"""The plan of a drill and its observations, as plain frozen data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from loyalty_monitoring.checks.drill.scenarios import Entry, Scenario
from loyalty_monitoring.definitions.model import AlertPolicy, Body, Definitions, LogMetric
from loyalty_monitoring.definitions.settings import Settings


@dataclass(frozen=True)
class ExpectedIncident:
    """An incident that replay finds in a drill's lines. `chosen` says whether its alert was asked for."""

    policy: str
    labels: Mapping[str, str]
    opened: datetime
    closed: datetime | None
    value: float
    chosen: bool


@dataclass(frozen=True)
class DrillPlan:
    """A drill that may be carried out.

    `made` is when, and `spent` the seconds that it took. `alerts` are the chosen ones and `metrics` those that they
    read. `policy_ids` maps the ids of the stack's deployed policies to names of definitions, `notified` each policy
    that may open to the channels that are told. `history` are the lines of earlier drills that alerts can still see.
    """

    drill: str
    made: datetime
    spent: float
    settings: Settings
    definitions: Definitions
    scenarios: tuple[Scenario, ...]
    left_aside: frozenset[str]
    alerts: tuple[AlertPolicy, ...]
    metrics: tuple[LogMetric, ...]
    policy_ids: Mapping[str, str]
    lines: int
    expected: tuple[ExpectedIncident, ...]
    notified: Mapping[str, tuple[str, ...]]
    warnings: tuple[str, ...]
    history: tuple[Entry, ...]


@dataclass(frozen=True)
class IncidentEvidence:
    """One incident, by the replay of the very lines that were written, and as the project told it.

    What the project did not tell is None; `seen` is False when it told nothing at all.
    """

    expected: ExpectedIncident
    seen: bool
    labels: Mapping[str, str] | None = None
    opened: datetime | None = None
    closed: datetime | None = None
    value: float | None = None


@dataclass(frozen=True)
class PointEvidence:
    """The end of the minute of the fault's last line, and when a point of it was first seen; None if it was not."""

    metric: str
    minute: datetime
    visible: datetime | None


@dataclass(frozen=True)
class DrillEvidence:
    """Observations of a drill: its lines, its incidents, and what failed.

    `recovered` is when the lines that end the fault were written, None when there were none. `failures` are looks that
    failed. `entries` are the drill's lines as the project gave them back, with `violations`, the log entries of the
    incidents; `alerts` are the Alerts API's. All three are the API's JSON.
    """

    drill: str
    project: str
    stack: str
    written: datetime
    recovered: datetime | None
    ended: datetime
    lines: int
    incidents: tuple[IncidentEvidence, ...]
    points: tuple[PointEvidence, ...]
    failures: tuple[str, ...]
    entries: tuple[Entry, ...]
    violations: tuple[Entry, ...]
    alerts: tuple[Body, ...]

    @property
    def fault_ended(self) -> datetime:
        """Time at which the fault was over: of the lines that end it, or of its last line where none are needed."""
        return self.recovered or self.written

    @property
    def is_complete(self) -> bool:
        """Whether every incident of the chosen alerts opened and closed while the drill watched."""
        chosen = [one for one in self.incidents if one.expected.chosen]
        return bool(chosen) and all(one.opened is not None and one.closed is not None for one in chosen)
