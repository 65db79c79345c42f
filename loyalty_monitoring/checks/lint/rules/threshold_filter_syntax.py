"""threshold-filter-syntax: the filter of a threshold or absence is in the language of Monitoring filters.

Source: https://docs.cloud.google.com/monitoring/api/v3/filters
"""

from __future__ import annotations

from collections.abc import Iterator

from loyalty_monitoring.checks.lint.filter_checks import syntax_problem_of
from loyalty_monitoring.checks.lint.filter_conditions import filters_of_conditions
from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource, Rule


def check(policy: Resource, project: Project) -> Iterator[Problem]:
    for path, written in filters_of_conditions(policy):
        yield from syntax_problem_of(written, path)


RULE = Rule(
    "threshold-filter-syntax", "alert_policy", "error", "The filter of a threshold or absence cannot be read", check
)
