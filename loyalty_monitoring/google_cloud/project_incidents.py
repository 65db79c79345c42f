"""Read what a project says of its incidents: its violation logs, and the Alerts API where that may be read."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime

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
_LAST = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Told:
    """The entries of violation logs and the alerts, as the API's JSON, and why one of them could not be read.

    `sources` is how many were asked.
    """

    violations: tuple[Body, ...] = ()
    alerts: tuple[Body, ...] = ()
    refused: tuple[str, ...] = ()
    sources: int = 0

    @property
    def fired(self) -> tuple[FiredIncident, ...]:
        """The incidents, each once."""
        labels = [{key: str(value) for key, value in entry.get("labels", {}).items()} for entry in self.violations]
        return together(from_violations(labels), from_alerts(self.alerts))

    @property
    def is_blind(self) -> bool:
        """Whether no source could be read."""
        return len(self.refused) == self.sources


def read_incidents(
    project: str,
    start: datetime,
    end: datetime | None,
    *,
    timeout: float,
    endpoint: str | None = None,
    rest_endpoint: str | None = None,
) -> Told:
    """Ask both sources for the incidents that were open from `start` to `end`, which is None for all that follow.

    A refusal is no error, but told. `timeout` is in seconds, for both together. The endpoints (HOST:PORT) stand for
    Google's gRPC and REST servers; with the first alone, nobody is asked for alerts.
    """
    until = f' AND timestamp <= "{_text(end)}"' if end else ""
    query = f'({VIOLATION_FILTER}) AND timestamp >= "{_text(start)}"' + until
    asks_for_alerts = endpoint is None or rest_endpoint is not None
    violations: Sequence[Body] = ()
    alerts: Sequence[Body] = ()
    refused = []
    # Both at once, so that one that does not answer leaves the other its time.
    with ThreadPoolExecutor(2) as pool:
        of_logs = pool.submit(list_entries, project, query, most=_MOST_ENTRIES, timeout=timeout, endpoint=endpoint)
        of_alerts = (
            pool.submit(read_alerts, project, start, end or _LAST, timeout=timeout, endpoint=rest_endpoint)
            if asks_for_alerts
            else None
        )
        try:
            violations = of_logs.result()
        except UserError as error:
            refused.append(f"the violation logs cannot be read: {error.message}")
        try:
            alerts = of_alerts.result() if of_alerts is not None else ()
        except UserError as error:
            refused.append(f"the alerts cannot be read: {error.message}")
    return Told(tuple(violations), tuple(alerts), tuple(refused), 2 if asks_for_alerts else 1)


def _text(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")
