"""dashboard-counter-function: a chart adds up the counts of a log-based metric, instead of reading them as a counter.

Source: https://docs.cloud.google.com/logging/docs/logs-based-metrics (metric kind DELTA)
"""

from __future__ import annotations

from collections.abc import Iterator

from loyalty_monitoring.checks.lint.promql_checks import counter_functions
from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource, Rule
from loyalty_monitoring.checks.lint.widgets import promql_queries


def check(dashboard: Resource, project: Project) -> Iterator[Problem]:
    for query in promql_queries(dashboard):
        if query.expression is not None:
            for message, remedy in counter_functions(query.expression):
                yield Problem(query.path, message, remedy)


RULE = Rule(
    "dashboard-counter-function",
    "dashboard",
    "warning",
    "A chart reads a log-based metric with a function for counters",
    check,
)
