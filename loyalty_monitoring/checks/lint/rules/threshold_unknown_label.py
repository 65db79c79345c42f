"""threshold-unknown-label: a threshold or absence names labels that its log-based metric and resource have.

Judged are only metrics that the same files define, and resource types whose labels are known.

Sources: https://docs.cloud.google.com/logging/docs/reference/v2/rest/v2/projects.metrics (labelExtractors) and
https://docs.cloud.google.com/monitoring/api/v3/filters
"""

from __future__ import annotations

from collections.abc import Iterator

from loyalty_monitoring.checks.lint.filter_checks import unknown_labels_of
from loyalty_monitoring.checks.lint.filter_conditions import log_based_filters
from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource, Rule


def check(policy: Resource, project: Project) -> Iterator[Problem]:
    for one in log_based_filters(policy, project):
        yield from unknown_labels_of(one)


RULE = Rule(
    "threshold-unknown-label",
    "alert_policy",
    "error",
    "A threshold or absence matches or groups by a label that its log-based metric does not have",
    check,
)
