"""threshold-unknown-metric: a threshold or absence reads a log-based metric that its files define.

Where the files define no log-based metric at all, the metrics live elsewhere, and this rule says nothing.

Source: https://docs.cloud.google.com/logging/docs/logs-based-metrics (how a metric's type is made of its name)
"""

from __future__ import annotations

from collections.abc import Iterator

from loyalty_monitoring.checks.lint.filter_checks import unknown_metric_of
from loyalty_monitoring.checks.lint.filter_conditions import log_based_filters
from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource, Rule


def check(policy: Resource, project: Project) -> Iterator[Problem]:
    for one in log_based_filters(policy, project):
        yield from unknown_metric_of(one, project)


RULE = Rule(
    "threshold-unknown-metric",
    "alert_policy",
    "error",
    "A threshold or absence reads a log-based metric that is not defined",
    check,
)
