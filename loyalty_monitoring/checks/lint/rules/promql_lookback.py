"""promql-lookback: over a log-based metric, range, offset and duration together are at most 25 hours.

Source: https://docs.cloud.google.com/monitoring/alerts/using-promql#restrictions
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from loyalty_monitoring.checks.lint.conditions import promql_conditions
from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource, Rule
from loyalty_monitoring.query_languages.promql.cloud_monitoring import reads_log_based_metric
from loyalty_monitoring.query_languages.promql.expressions import look_back

_MOST = timedelta(hours=25)


def check(policy: Resource, project: Project) -> Iterator[Problem]:
    for condition in promql_conditions(policy):
        if condition.expression is None or not reads_log_based_metric(condition.expression):
            continue
        reach = look_back(condition.expression) + timedelta(seconds=condition.duration_seconds or 0)
        if reach > _MOST:
            yield Problem(
                (*condition.path, "query"),
                f"looks back {reach.total_seconds() / 3600:g} h over a log-based metric, ranges, offsets and duration "
                "together; Cloud Monitoring takes at most 25 h",
                "log a fresh value on a short cadence and compare that value in a short window",
            )


RULE = Rule(
    "promql-lookback",
    "alert_policy",
    "error",
    "A PromQL condition over a log-based metric looks back more than 25 hours",
    check,
)
