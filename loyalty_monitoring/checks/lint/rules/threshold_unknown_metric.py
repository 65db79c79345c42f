"""threshold-unknown-metric: a threshold or absence reads a log-based metric that its files define.

Where the files define no log-based metric at all, the metrics live elsewhere, and this rule says nothing.

Source: https://docs.cloud.google.com/logging/docs/logs-based-metrics (how a metric's type is made of its name)
"""

from __future__ import annotations

from collections.abc import Iterator

from loyalty_monitoring.checks.lint.filter_conditions import log_based_filters
from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource, Rule
from loyalty_monitoring.common.errors import nearest

# Looking for the nearest name among hundreds, for hundreds of names, would take minutes.
_COMPARED = 50


def check(policy: Resource, project: Project) -> Iterator[Problem]:
    if not project.metrics or project.has_unknown_metrics:
        return
    for one in log_based_filters(policy, project):
        if one.metric is None:
            names = {metric.metric_name for metric in project.of("log_metric")}
            hint = nearest(one.name, names if len(names) <= _COMPARED else set[str]())
            yield Problem(
                one.path,
                f"no log-based metric of these files is named {one.name!r}",
                f"define it, or name one that is defined{hint}",
            )


RULE = Rule(
    "threshold-unknown-metric",
    "alert_policy",
    "error",
    "A threshold or absence reads a log-based metric that is not defined",
    check,
)
