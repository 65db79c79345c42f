"""log-match-filter-words: for log matches, what filter-precedence, -lower-case and -project-id say of metrics.

Source: https://docs.cloud.google.com/logging/docs/view/logging-query-language
"""

from __future__ import annotations

from collections.abc import Iterator

from loyalty_monitoring.checks.lint.filters import problems_of_log_matches
from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource, Rule
from loyalty_monitoring.checks.lint.rules import filter_lower_case, filter_precedence, filter_project_id


def check(policy: Resource, project: Project) -> Iterator[Problem]:
    checks = [rule.RULE.check for rule in (filter_lower_case, filter_precedence, filter_project_id)]
    yield from problems_of_log_matches(policy, project, checks)


RULE = Rule(
    "log-match-filter-words", "alert_policy", "warning", "The filter of a log match may mean something else", check
)
