"""dashboard-unknown-metric: the log-based metrics of a chart are defined, where the files define any.

Source: https://cloud.google.com/monitoring/promql/promql-mapping (how a metric is named in PromQL)
"""

from __future__ import annotations

from collections.abc import Iterator

from loyalty_monitoring.checks.lint.filter_checks import unknown_metric_of
from loyalty_monitoring.checks.lint.filter_conditions import log_based_filters_of_charts
from loyalty_monitoring.checks.lint.promql_checks import unknown_metrics
from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource, Rule
from loyalty_monitoring.checks.lint.widgets import promql_queries


def check(dashboard: Resource, project: Project) -> Iterator[Problem]:
    for query in promql_queries(dashboard):
        if query.expression is not None:
            for message, remedy in unknown_metrics(query.expression, project):
                yield Problem(query.path, message, remedy)
    for one in log_based_filters_of_charts(dashboard, project):
        yield from unknown_metric_of(one, project)


RULE = Rule(
    "dashboard-unknown-metric",
    "dashboard",
    "error",
    "A chart reads a log-based metric that the files do not define",
    check,
)
