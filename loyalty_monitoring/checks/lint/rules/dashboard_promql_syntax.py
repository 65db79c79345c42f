"""dashboard-promql-syntax: a chart's PromQL can be read, with its variables filled in, and has only known functions.

Variables: https://docs.cloud.google.com/monitoring/dashboards/filter-permanent. Functions:
https://cloud.google.com/stackdriver/docs/managed-prometheus/promql-differences
"""

from __future__ import annotations

from collections.abc import Iterator

from loyalty_monitoring.checks.lint.promql_checks import newer_functions, parse_error
from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource, Rule
from loyalty_monitoring.checks.lint.widgets import promql_queries


def check(dashboard: Resource, project: Project) -> Iterator[Problem]:
    for query in promql_queries(dashboard):
        if query.expression is None:
            if error := parse_error(query.query):
                yield Problem(
                    query.path, f"the query cannot be read: {error}", "mend it; the chart stays empty otherwise"
                )
            continue
        for message, remedy in newer_functions(query.expression):
            yield Problem(query.path, message, remedy)


RULE = Rule(
    "dashboard-promql-syntax",
    "dashboard",
    "error",
    "A chart's PromQL cannot be read, or has a function that Cloud Monitoring does not have",
    check,
)
