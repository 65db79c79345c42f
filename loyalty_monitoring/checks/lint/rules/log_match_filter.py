"""log-match-filter: what filter-syntax and filter-types say of metrics, for policies that match log entries.

Source: https://docs.cloud.google.com/logging/docs/view/logging-query-language
"""

from __future__ import annotations

from collections.abc import Iterator

from loyalty_monitoring.checks.lint.filters import problems_of_log_matches
from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource, Rule
from loyalty_monitoring.checks.lint.rules import filter_syntax, filter_types


def check(policy: Resource, project: Project) -> Iterator[Problem]:
    checks = [rule.RULE.check for rule in (filter_syntax, filter_types)]
    yield from problems_of_log_matches(policy, project, checks)


RULE = Rule(
    "log-match-filter", "alert_policy", "error", "The filter of a log match cannot be read, or can never match", check
)
