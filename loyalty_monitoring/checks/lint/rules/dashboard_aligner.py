"""dashboard-aligner: aligners and reducers of a chart's filter fit the kind and value type of its log-based metric.

A log-based metric is DELTA, of INT64 or of distributions. A chart may also draw a distribution, as a heat map.

A reducer needs an aligner in the first aggregation, whatever the metric. In `secondaryAggregation`, whose series are
aligned already, dashboards that Google publishes have reducers alone: ten of 3,344 aggregations, all of them secondary.

Source: https://docs.cloud.google.com/monitoring/api/ref_v3/rest/v1/projects.dashboards#aggregation and #aligner, see
aggregations.yaml
"""

from __future__ import annotations

from collections.abc import Iterator

from loyalty_monitoring.checks.lint.filter_checks import aligned, unaligned_reducer
from loyalty_monitoring.checks.lint.filter_conditions import filters_of_charts, log_based_filters_of_charts
from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource, Rule, at


def check(dashboard: Resource, project: Project) -> Iterator[Problem]:
    for path, _ in filters_of_charts(dashboard):
        place = (*path[:-1], "aggregation")
        yield from unaligned_reducer(place, at(dashboard.body, *place))
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
