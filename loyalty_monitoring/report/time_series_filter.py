"""Monitoring filters of charts (timeSeriesFilter, timeSeriesFilterRatio) as PromQL over the replayed metrics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from loyalty_monitoring.model import LogMetric


class NotEvaluated(ValueError):
    """Says in one sentence why a query has no data here."""


def promql_of_filter(query: Mapping[str, Any], metrics: Sequence[LogMetric]) -> str:
    """The PromQL that gives what the console would draw. Errors: NotEvaluated."""
    raise NotEvaluated("only PromQL queries are evaluated")
