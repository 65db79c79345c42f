"""promql-lookback-interval: a condition that looks back far is evaluated as seldom as that takes, and is not retested.

Source: https://docs.cloud.google.com/monitoring/alerts/using-promql#restrictions (the table of look-backs)
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from loyalty_monitoring.checks.lint.conditions import promql_conditions
from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource, Rule, at
from loyalty_monitoring.query_languages.promql.cloud_monitoring import reads_log_based_metric
from loyalty_monitoring.query_languages.promql.expressions import look_back

_RETESTED = timedelta(hours=25)
# Up to this look-back: the shortest interval, in seconds.
_SHORTEST = (
    (timedelta(hours=25), 30),
    (timedelta(days=8), 300),
    (timedelta(days=16), 3600),
    (timedelta(days=32), 7200),
)


def check(policy: Resource, project: Project) -> Iterator[Problem]:
    for condition in promql_conditions(policy):
        # Over log-based metrics nothing may look back that far: promql-lookback.
        if condition.expression is None or reads_log_based_metric(condition.expression):
            continue
        reach = look_back(condition.expression)
        days = f"{reach.total_seconds() / 86_400:.3g} days"
        shortest = next((seconds for most, seconds in _SHORTEST if reach <= most), _SHORTEST[-1][1])
        given = at(policy.body, *condition.path, "evaluationInterval") is not None
        # Without the field the interval follows from the look-back.
        if given and condition.interval_seconds and condition.interval_seconds < shortest:
            yield Problem(
                (*condition.path, "evaluationInterval"),
                f"looks back {days} every {condition.interval_seconds:g} s; so far back, Cloud Monitoring evaluates "
                f"every {shortest} s at the most",
                f"write evaluationInterval: {shortest}s or more, or leave it out",
            )
        if reach > _RETESTED and condition.duration_seconds:
            yield Problem(
                (*condition.path, "duration"),
                f"must hold for {condition.duration_seconds:g} s, but a condition that looks back {days} has no "
                "retest window; beyond 25 hours there is none",
                "write duration: 0s",
            )


RULE = Rule(
    "promql-lookback-interval",
    "alert_policy",
    "error",
    "A PromQL condition that looks back far is evaluated too often, or has a retest window",
    check,
)
