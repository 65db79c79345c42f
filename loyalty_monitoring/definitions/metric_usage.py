"""Say which log-based metrics a query, an alert or a chart reads."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from loyalty_monitoring.definitions.model import Definitions, LogMetric
from loyalty_monitoring.query_languages.promql.cloud_monitoring import SUFFIXES
from loyalty_monitoring.query_languages.promql.quoted_names import words


def series_names(metric: LogMetric) -> tuple[str, ...]:
    """Return the PromQL names of a metric's time series, of which a distribution has three.

    Source: https://cloud.google.com/monitoring/promql/promql-mapping
    """
    suffixes = SUFFIXES if metric.is_distribution else ("",)
    return tuple(metric.promql_name + suffix for suffix in suffixes)


def series_in_queries(metrics: Sequence[LogMetric], queries: Iterable[str]) -> frozenset[str]:
    """Return the PromQL names of our metrics that the queries mention, `_count`, `_sum` and `_bucket` included."""
    mentioned = {word for query in queries for word in words(query)}
    return frozenset(name for metric in metrics for name in series_names(metric) if name in mentioned)


@dataclass(frozen=True)
class Readers:
    """Alert policies by name, and charts as "dashboard / chart"."""

    alerts: tuple[str, ...]
    charts: tuple[str, ...]


def readers(definitions: Definitions) -> dict[str, Readers]:
    """Return the readers of each metric, by the metric's file name."""
    alerts = [(policy.name, _series_named(policy.query)) for policy in definitions.alert_policies]
    charts = [
        (f"{dashboard.body['displayName']} / {tile['widget'].get('title', '')}", _series_named(tile["widget"]))
        for dashboard in definitions.dashboards
        for tile in dashboard.body["mosaicLayout"]["tiles"]
    ]
    return {
        metric.name: Readers(
            tuple(dict.fromkeys(alert for alert, named in alerts if named & series)),
            tuple(dict.fromkeys(chart for chart, named in charts if named & series)),
        )
        for metric, series in ((metric, _all_names(metric)) for metric in definitions.log_metrics)
    }


def _all_names(metric: LogMetric) -> set[str]:
    """Return the names in PromQL, and the metric type in Monitoring filters."""
    return {*series_names(metric), f"logging.googleapis.com/user/{metric.api_name}"}


def _series_named(value: Any) -> set[str]:
    """Return the names of series in all texts, as PromQL writes them, and types of metrics, as a time series filter
    does.
    """
    if isinstance(value, dict | list):
        return set().union(*map(_series_named, value.values() if isinstance(value, dict) else value))
    return set(re.findall(r"logging\.googleapis\.com/user/[\w/.-]+", str(value))) | words(str(value))
