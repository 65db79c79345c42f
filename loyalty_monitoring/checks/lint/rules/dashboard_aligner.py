"""dashboard-aligner: aligners and reducers of a chart's filter fit the kind and value type of its log-based metric.

A log-based metric is DELTA, of INT64 or of distributions. A chart may also draw a distribution, as a heat map.

Source: https://docs.cloud.google.com/monitoring/api/ref_v3/rest/v1/projects.dashboards#aggregation and #aligner, see
aggregations.yaml
"""

from __future__ import annotations

from collections.abc import Iterator

from loyalty_monitoring.checks.lint.filter_checks import aligned
from loyalty_monitoring.checks.lint.filter_conditions import log_based_filters_of_charts
from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource, Rule


def check(dashboard: Resource, project: Project) -> Iterator[Problem]:
    for one in log_based_filters_of_charts(dashboard, project):
        found = aligned(one)
        if isinstance(found, Problem):
            yield found


RULE = Rule(
    "dashboard-aligner",
    "dashboard",
    "error",
    "An aligner or reducer of a chart does not fit the kind and value type of its log-based metric",
    check,
)
