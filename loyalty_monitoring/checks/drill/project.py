"""Ask a project for what a drill needs, each call within a time limit."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from loyalty_monitoring.checks.drill.scenarios import LOG, Entry
from loyalty_monitoring.google_cloud.log_entries import list_entries
from loyalty_monitoring.google_cloud.project_incidents import Told, read_incidents

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
    """Access to a project's APIs: `timeout` are the seconds that a drill may take in all, `every` those between two
    polls.

    The endpoints (HOST:PORT) stand for Google's gRPC and REST servers, without encryption and credentials. With the
    first alone, nobody is asked for alerts.
    """

    timeout: float
    every: float = 15.0
    endpoint: str | None = None
    rest_endpoint: str | None = None


def one_call(left: float) -> float:
    """Return the seconds that one call may take, when so many are left for all."""
    return max(min(left, _ONE_CALL), 0.001)


def told(project: str, start: datetime, end: datetime | None, timeout: float, access: Access) -> Told:
    """Ask for the incidents that were open from `start` to `end`, or to now. A refusal is no error, but told."""
    return read_incidents(
        project, start, end, timeout=timeout, endpoint=access.endpoint, rest_endpoint=access.rest_endpoint
    )


def drill_lines(project: str, start: datetime, timeout: float, access: Access) -> list[Entry]:
    """Return the lines that drills wrote from `start` on, as the project has them. Errors: UserError."""
    query = f'logName = "projects/{project}/logs/{LOG}" AND timestamp >= "{as_text(start)}"'
    return list_entries(project, query, most=_MOST_ENTRIES, timeout=timeout, endpoint=access.endpoint)


def as_text(instant: datetime) -> str:
    """Return the time as RFC 3339 in UTC."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")
