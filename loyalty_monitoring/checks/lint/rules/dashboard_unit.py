"""dashboard-unit: a chart says in which unit its numbers are.

PromQL answers with bare numbers, and so does a filter over a log-based metric without a unit; `unitOverride` or the
label of the axis says what they are. Source:
https://docs.cloud.google.com/monitoring/api/ref_v3/rest/v1/projects.dashboards#timeseriesquery
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource, Rule, at, text
from loyalty_monitoring.checks.lint.widgets import Query, queries
from loyalty_monitoring.query_languages.promql.cloud_monitoring import promql_name

_LOG_BASED = re.compile(r'metric\.type\s*=\s*"logging\.googleapis\.com/user/([^"]+)"')
_AXES = {"Y2": "y2Axis"}
# A pie chart shows shares.
_TYPES = ("xyChart", "scorecard", "timeSeriesTable")


def check(dashboard: Resource, project: Project) -> Iterator[Problem]:
    for query in queries(dashboard):
        if query.chart.type in _TYPES and not _says(query) and _has_none(query, project):
            yield Problem(
                query.path,
                f"the {query.chart.type} does not say in which unit its numbers are",
                'write `unitOverride`, such as s, By, 10^2.% or "1" for a count, or label the axis',
            )


def _says(query: Query) -> bool:
    axis = _AXES.get(text(query.data_set.get("targetAxis")), "yAxis")
    return bool(query.body.get("unitOverride") or text(at(query.chart.body, axis, "label")).strip())


def _has_none(query: Query, project: Project) -> bool:
    if text(query.body.get("prometheusQuery")).strip():
        return True
    found = _LOG_BASED.search(text(at(query.body, "timeSeriesFilter", "filter")))
    metric = project.metrics.get(promql_name(found[1])) if found else None
    return metric is not None and not at(metric.body, "metricDescriptor", "unit")


RULE = Rule("dashboard-unit", "dashboard", "warning", "A chart does not say in which unit its numbers are", check)
