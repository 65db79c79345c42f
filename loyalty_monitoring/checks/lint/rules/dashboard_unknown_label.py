"""dashboard-unknown-label: a chart names labels that its log-based metrics have.

Source: https://docs.cloud.google.com/logging/docs/reference/v2/rest/v2/projects.metrics (labelExtractors)
"""

from __future__ import annotations

from collections.abc import Iterator

from loyalty_monitoring.checks.lint.filter_checks import unknown_labels_of
from loyalty_monitoring.checks.lint.filter_conditions import log_based_filters_of_charts
from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource, Rule
from loyalty_monitoring.checks.lint.unknown_labels import unknown_labels
from loyalty_monitoring.checks.lint.widgets import promql_queries


def check(dashboard: Resource, project: Project) -> Iterator[Problem]:
    for query in promql_queries(dashboard):
        if query.expression is not None:
            for message, remedy in unknown_labels(query.expression, project):
                yield Problem(query.path, message, remedy)
    for one in log_based_filters_of_charts(dashboard, project):
        yield from unknown_labels_of(one)


RULE = Rule(
    "dashboard-unknown-label",
    "dashboard",
    "error",
    "A chart matches or groups by a label that its log-based metric does not have",
    check,
)
