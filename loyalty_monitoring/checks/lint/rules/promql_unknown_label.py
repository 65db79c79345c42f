"""promql-unknown-label: a condition names labels that its log-based metrics have.

Source: https://docs.cloud.google.com/logging/docs/reference/v2/rest/v2/projects.metrics (labelExtractors)
"""

from __future__ import annotations

from collections.abc import Iterator

from loyalty_monitoring.checks.lint.conditions import promql_conditions
from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource, Rule
from loyalty_monitoring.checks.lint.unknown_labels import unknown_labels


def check(policy: Resource, project: Project) -> Iterator[Problem]:
    for condition in promql_conditions(policy):
        if condition.expression is not None:
            for message, remedy in unknown_labels(condition.expression, project):
                yield Problem((*condition.path, "query"), message, remedy)


RULE = Rule(
    "promql-unknown-label",
    "alert_policy",
    "error",
    "A condition matches or groups by a label that its log-based metric does not have",
    check,
)
