"""Filters over log-based metrics: those of threshold and absence conditions, and those of charts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from loyalty_monitoring.checks.lint.log_based import value_type
from loyalty_monitoring.checks.lint.monitoring_filters import log_based_metric, resource_type
from loyalty_monitoring.checks.lint.placeholders import has_placeholder
from loyalty_monitoring.checks.lint.policies import typed_conditions
from loyalty_monitoring.checks.lint.rule import Project, Resource, at, items, text
from loyalty_monitoring.checks.lint.widgets import queries
from loyalty_monitoring.common.yaml_documents import Path_
from loyalty_monitoring.definitions.model import Body
from loyalty_monitoring.query_languages.promql.cloud_monitoring import promql_name

_FILTERS = (("filter", "aggregations"), ("denominatorFilter", "denominatorAggregations"))
_RATIO = "timeSeriesFilterRatio"
_CHART_FILTERS = (("timeSeriesFilter",), (_RATIO, "numerator"), (_RATIO, "denominator"))


@dataclass(frozen=True)
class LogBasedFilter:
    """A filter that selects one log-based metric, and its aggregations, each with the path to it.

    `metric` is the project's, None where the project does not define it; `resource` is "" for several types.
    """

    condition: Body
    filter: str
    path: Path_
    name: str
    metric: Resource | None
    resource: str
    aggregations: tuple[tuple[Path_, Any], ...]

    @property
    def value_type(self) -> str:
        """The metric's value type, INT64 where it has no descriptor; "" where it is not known."""
        if self.metric is None:
            return ""
        written = value_type(self.metric) or "INT64"
        return "" if has_placeholder(written) or isinstance(self.metric.body.get("metricDescriptor"), str) else written


def filters_of_conditions(policy: Resource) -> Iterator[tuple[Path_, str]]:
    """Yield the Monitoring filters of a policy's threshold and absence conditions, each with the path to it."""
    for condition in typed_conditions(policy, "conditionThreshold", "conditionAbsent"):
        for key, _ in _FILTERS:
            if written := text(condition.body.get(key)):
                yield (*condition.path, key), written


def filters_of_charts(dashboard: Resource) -> Iterator[tuple[Path_, str]]:
    """Yield the Monitoring filters of a dashboard's charts, each with the path to it."""
    for query in queries(dashboard):
        for place in _CHART_FILTERS:
            if written := text(at(query.body, *place, "filter")):
                yield (*query.path, *place, "filter"), written


def log_based_filters(policy: Resource, project: Project) -> Iterator[LogBasedFilter]:
    """Yield the filters of a policy's threshold and absence conditions."""
    for condition in typed_conditions(policy, "conditionThreshold", "conditionAbsent"):
        for key, of_key in _FILTERS:
            aggregations = tuple(
                ((*condition.path, of_key, index), one) for index, one in enumerate(items(condition.body.get(of_key)))
            )
            yield from _log_based(condition.body, (*condition.path, key), aggregations, project)


def log_based_filters_of_charts(dashboard: Resource, project: Project) -> Iterator[LogBasedFilter]:
    """Yield the filters of a dashboard's charts: `timeSeriesFilter`, and both parts of a `timeSeriesFilterRatio`."""
    for query in queries(dashboard):
        for place in _CHART_FILTERS:
            body, path = at(query.body, *place), (*query.path, *place)
            if isinstance(body, dict):
                keys = [key for key in ("aggregation", "secondaryAggregation") if isinstance(body.get(key), dict)]
                aggregations = tuple(((*path, key), body[key]) for key in keys)
                yield from _log_based(body, (*path, "filter"), aggregations, project)


def _log_based(
    body: Body, path: Path_, aggregations: tuple[tuple[Path_, Any], ...], project: Project
) -> Iterator[LogBasedFilter]:
    written = text(at(body, path[-1]))
    name = log_based_metric(written)
    if name is not None:
        metric, resource = project.metrics.get(promql_name(name)), resource_type(written) or ""
        yield LogBasedFilter(body, written, path, name, metric, resource, aggregations)
