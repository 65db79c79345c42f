"""Which log-based metrics a query reads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from loyalty_monitoring.definitions.model import LogMetric
from loyalty_monitoring.query_languages.promql.quoted_names import words


def series_names(metric: LogMetric) -> tuple[str, ...]:
    """The PromQL names of a metric's time series (gcp-facts 3): a distribution has three."""
    suffixes = ("_count", "_sum", "_bucket") if metric.is_distribution else ("",)
    return tuple(metric.promql_name + suffix for suffix in suffixes)


def series_in_queries(metrics: Sequence[LogMetric], queries: Iterable[str]) -> frozenset[str]:
    """The PromQL names of our metrics that the queries mention, `_count`, `_sum` and `_bucket` included."""
    mentioned = {word for query in queries for word in words(query)}
    return frozenset(name for metric in metrics for name in series_names(metric) if name in mentioned)
