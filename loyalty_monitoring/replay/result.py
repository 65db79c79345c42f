"""What a replay finds, as plain frozen data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from loyalty_monitoring.definitions.model import Priority
from loyalty_monitoring.replay.entries.load import Rejected


@dataclass(frozen=True)
class MetricSummary:
    """One metric: entries its filter matched, distinct label sets, and points (a series and minute; zeros included)."""

    matched: int
    series: int
    points: int


@dataclass(frozen=True)
class Incident:
    """`value` is the query's value when the incident opened; `closed` is None while it is open at the window's end."""

    policy: str
    priority: Priority
    labels: Mapping[str, str]
    opened: datetime
    closed: datetime | None
    value: float


@dataclass(frozen=True)
class ReplayResult:
    """What a replay found.

    `policies` are the evaluated ones, `metrics` maps a metric's API name to what it found; `incidents` are ordered by
    when they opened, then by policy and labels.
    """

    window_from: datetime
    window_to: datetime
    entries_read: int
    entries_rejected: int
    first_rejected: tuple[Rejected, ...]
    metrics: Mapping[str, MetricSummary]
    policies: Mapping[str, Priority]
    incidents: tuple[Incident, ...]
