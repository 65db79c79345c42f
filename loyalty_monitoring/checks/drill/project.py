"""Ask a project for what a drill needs, each call within a time limit."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from loyalty_monitoring.checks.drill.scenarios import LOG, Entry
from loyalty_monitoring.common.errors import UserError
from loyalty_monitoring.definitions.model import Body
from loyalty_monitoring.google_cloud.alerts_api import read_alerts
from loyalty_monitoring.google_cloud.fired_incidents import (
    VIOLATION_FILTER,
    FiredIncident,
    from_alerts,
    from_violations,
    together,
)
from loyalty_monitoring.google_cloud.log_entries import list_entries

_MOST_ENTRIES = 20_000
_ONE_CALL = 20.0  # seconds


class Clock(Protocol):
    """The time, and how to let it pass."""

    def now(self) -> datetime: ...

    def sleep(self, seconds: float) -> None: ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


@dataclass(frozen=True)
class Access:
    """How a project is asked: `timeout` are the seconds that a drill may take in all, `every` those between two looks.

    The endpoints (HOST:PORT) stand for Google's gRPC and REST servers, without encryption and credentials. With the
    first alone, nobody is asked for alerts.
    """

    timeout: float
    every: float = 15.0
    endpoint: str | None = None
    rest_endpoint: str | None = None

    @property
    def asks_for_alerts(self) -> bool:
        return self.endpoint is None or self.rest_endpoint is not None


@dataclass(frozen=True)
class Told:
    """What the project says of its incidents: the entries of its violation logs, its alerts, and what was refused."""

    violations: tuple[Entry, ...] = ()
    alerts: tuple[Body, ...] = ()
    refused: tuple[str, ...] = field(default=())

    @property
    def fired(self) -> tuple[FiredIncident, ...]:
        labels = [{key: str(value) for key, value in entry.get("labels", {}).items()} for entry in self.violations]
        return together(from_violations(labels), from_alerts(self.alerts))


def one_call(left: float) -> float:
    """The seconds that one call may take, when so many are left for all."""
    return max(min(left, _ONE_CALL), 0.001)


def told(project: str, start: datetime, end: datetime, timeout: float, access: Access) -> Told:
    """Ask both sources for the incidents that were open from `start` to `end`. A refusal is no error, but told."""
    refused: list[str] = []
    violations: Sequence[Entry] = ()
    alerts: Sequence[Body] = ()
    try:
        violations = list_entries(
            project,
            f'({VIOLATION_FILTER}) AND timestamp >= "{as_text(start)}"',
            most=_MOST_ENTRIES,
            timeout=timeout,
            endpoint=access.endpoint,
        )
    except UserError as error:
        refused.append(f"the violation logs cannot be read: {error.message}")
    if access.asks_for_alerts:
        try:
            alerts = read_alerts(project, start, end, timeout=timeout, endpoint=access.rest_endpoint)
        except UserError as error:
            refused.append(f"the alerts cannot be read: {error.message}")
    return Told(tuple(violations), tuple(alerts), tuple(refused))


def drill_lines(project: str, start: datetime, timeout: float, access: Access) -> list[Entry]:
    """The lines that drills wrote from `start` on, as the project has them. Errors: UserError."""
    query = f'logName = "projects/{project}/logs/{LOG}" AND timestamp >= "{as_text(start)}"'
    return list_entries(project, query, most=_MOST_ENTRIES, timeout=timeout, endpoint=access.endpoint)


def as_text(instant: datetime) -> str:
    """RFC 3339 in UTC."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")
