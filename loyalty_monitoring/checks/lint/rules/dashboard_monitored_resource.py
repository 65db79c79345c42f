"""dashboard-monitored-resource: a chart says which resource type it reads, where a log-based metric may have several.

Source: https://cloud.google.com/monitoring/promql/promql-mapping
"""

from __future__ import annotations

from collections.abc import Iterator

from loyalty_monitoring.checks.lint.promql_checks import without_resource
from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource, Rule
from loyalty_monitoring.checks.lint.widgets import promql_queries


def check(dashboard: Resource, project: Project) -> Iterator[Problem]:
    for query in promql_queries(dashboard):
        if query.expression is not None:
            for message, remedy in without_resource(query.expression, project):
                yield Problem(query.path, message, remedy)


RULE = Rule(
    "dashboard-monitored-resource",
    "dashboard",
    "error",
    "A chart reads a log-based metric of any resource type without saying which",
    check,
)
