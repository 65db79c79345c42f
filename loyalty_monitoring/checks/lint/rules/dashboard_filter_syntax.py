"""dashboard-filter-syntax: the filter of a chart is in the language of Monitoring filters, with variables in it or not.

Sources: https://docs.cloud.google.com/monitoring/api/v3/filters and, for variables,
https://docs.cloud.google.com/monitoring/dashboards/filter-permanent
"""

from __future__ import annotations

from collections.abc import Iterator

from loyalty_monitoring.checks.lint.filter_checks import syntax_problem_of
from loyalty_monitoring.checks.lint.filter_conditions import filters_of_charts
from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource, Rule


def check(dashboard: Resource, project: Project) -> Iterator[Problem]:
    for path, written in filters_of_charts(dashboard):
        yield from syntax_problem_of(written, path)


RULE = Rule("dashboard-filter-syntax", "dashboard", "error", "The filter of a chart cannot be read", check)
