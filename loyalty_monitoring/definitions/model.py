"""The definitions as plain frozen data: what the files say, once parameters are in.

`body` is always the Google API's own REST resource as JSON-like data (dicts, lists, strings, numbers, booleans),
complete but for what only a deployment knows (a policy's notification channels). `parameters` are the names of those
that were put in, `source` is the file.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from loyalty_monitoring.query_languages.promql.cloud_monitoring import promql_name

Body = dict[str, Any]
Priority = Literal["P0", "P1", "P2"]
PRIORITIES: tuple[Priority, ...] = ("P0", "P1", "P2")


@dataclass(frozen=True)
class LogMetric:
    """A log-based metric (Logging API v2, LogMetric). `name` is the file's name, `body["name"]` the API's."""

    name: str
    rows: tuple[str, ...]
    body: Body
    source: Path
    parameters: frozenset[str] = frozenset()

    @property
    def api_name(self) -> str:
        """The metric's name in the Logging API, `MODULE/NAME`, with the stack's prefix between them."""
        return str(self.body["name"])

    @property
    def promql_name(self) -> str:
        """The metric's name in PromQL: first `/` becomes `:`, other specials become `_`.

        Source: https://cloud.google.com/monitoring/promql/promql-mapping
        """
        return promql_name(self.api_name)

    @property
    def is_distribution(self) -> bool:
        return bool(self.body["metricDescriptor"]["valueType"] == "DISTRIBUTION")


@dataclass(frozen=True)
class AlertPolicy:
    """An alert policy (Monitoring API v3, AlertPolicy) with its one PromQL condition."""

    name: str
    rows: tuple[str, ...]
    priority: Priority
    body: Body
    source: Path
    parameters: frozenset[str] = frozenset()

    @property
    def condition(self) -> Body:
        """The `conditionPrometheusQueryLanguage` object: query, duration, evaluationInterval."""
        condition: Body = self.body["conditions"][0]["conditionPrometheusQueryLanguage"]
        return condition

    @property
    def query(self) -> str:
        return str(self.condition["query"])

    @property
    def duration_seconds(self) -> int:
        """Seconds for which the query must hold before an incident opens."""
        return int(seconds(self.condition["duration"]))

    @property
    def evaluation_interval_seconds(self) -> int:
        return int(seconds(self.condition["evaluationInterval"]))


@dataclass(frozen=True)
class Dashboard:
    """A dashboard (Monitoring dashboards API v1, Dashboard)."""

    name: str
    rows: tuple[str, ...]
    body: Body
    source: Path
    parameters: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Definitions:
    """All definitions of one stack, each kind ordered by name."""

    log_metrics: tuple[LogMetric, ...]
    alert_policies: tuple[AlertPolicy, ...]
    dashboards: tuple[Dashboard, ...]


def seconds(duration: str) -> float:
    """Return the seconds of a Duration in the API's JSON, such as "90s" or "90.5s".

    Source: https://protobuf.dev/programming-guides/json (Duration).
    """
    return float(duration.removesuffix("s"))
