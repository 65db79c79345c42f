"""The result of a replay, as plain frozen data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from loyalty_monitoring.definitions.model import Priority
from loyalty_monitoring.query_languages.promql.comparisons import MEETS
from loyalty_monitoring.replay.entries.counts import EntryCounts, Rejected
from loyalty_monitoring.replay.entries.match import Matches
from loyalty_monitoring.replay.entries.newest import Search


@dataclass(frozen=True)
class MetricSummary:
    """One metric: entries its filter matched, distinct label sets, and points (a series and minute; zeros included)."""

    matched: int
    series: int
    points: int


@dataclass(frozen=True)
class Points:
    """Entries and points of a replay. `metrics` maps a metric's API name to its summary, `newest` what was searched to
    the matches.
    """

    entries: EntryCounts
    metrics: Mapping[str, MetricSummary]
    newest: Mapping[Search, Matches] = field(default_factory=dict)


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
class Margin:
    """The distance of a condition's value from its threshold, below or beyond it.

    `value` is the extreme of the window, `at` and `labels` where it was; None where nothing was to be compared.
    `met_seconds` is the longest time for which the condition was met at a stretch, None for one that has no duration;
    it opens after `needed_seconds`.
    """

    operator: str
    threshold: float
    value: float | None
    at: datetime | None
    labels: Mapping[str, str]
    opened: bool
    met_seconds: int | None
    needed_seconds: int = 0

    @property
    def is_met(self) -> bool:
        """Return whether the value is beyond the threshold."""
        return self.value is not None and MEETS[self.operator](self.value, self.threshold)


@dataclass(frozen=True)
class ReplayResult:
    """Incidents, margins and counts of a replay.

    `policies` are the evaluated ones, `metrics` maps a metric's API name to what it found; `incidents` are ordered by
    when they opened, then by policy and labels; `margins` are by policy, without those that compare nothing.
    `entries_from` and `entries_to` are the times of the first and the last entry, None of an empty log.
    `why_nothing_matched` are sentences, where no metric matched and the entries say why. `concerned` are the metrics
    that are told to a person: where policies were chosen, those that they read.
    `late` and `closing` are what was asked for, as on the command line.
    """

    window_from: datetime
    window_to: datetime
    entries_read: int
    entries_rejected: int
    first_rejected: tuple[Rejected, ...]
    metrics: Mapping[str, MetricSummary]
    policies: Mapping[str, Priority]
    incidents: tuple[Incident, ...]
    margins: Mapping[str, Margin] = field(default_factory=dict)
    entries_from: datetime | None = None
    entries_to: datetime | None = None
    why_nothing_matched: tuple[str, ...] = ()
    concerned: frozenset[str] | None = None
    late: str | None = None
    closing: str = "delayed"
