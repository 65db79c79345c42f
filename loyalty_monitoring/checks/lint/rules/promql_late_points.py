"""promql-late-points: a condition over a log-based metric looks back long enough for its points to have come.

Sources: https://docs.cloud.google.com/logging/docs/logs-based-metrics/troubleshooting (points are up to 10 minutes
late) and https://github.com/open-telemetry/opentelemetry-collector-contrib/issues/48465 (they settle 1 to 4 minutes
late)
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from loyalty_monitoring.checks.lint.conditions import promql_conditions
from loyalty_monitoring.checks.lint.promql_checks import log_based_name
from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource, Rule
from loyalty_monitoring.checks.lint.rules.threshold_late_points import SETTLED_AFTER
from loyalty_monitoring.query_languages.promql.expressions import reads

_SETTLED = timedelta(seconds=SETTLED_AFTER)


def check(policy: Resource, project: Project) -> Iterator[Problem]:
    for condition in promql_conditions(policy):
        if condition.expression is None:
            continue
        too_short = [
            (read.window + read.offset, name)
            for read in reads(condition.expression)
            if (name := log_based_name(read.selector)) and read.window and read.window + read.offset <= _SETTLED
        ]
        if too_short:
            reach, name = min(too_short)
            yield Problem(
                (*condition.path, "query"),
                f"looks back {reach.total_seconds():g} s over {name}, whose points come 1 to 4 minutes after their "
                "minute, and up to 10: when they are there, no evaluation looks at them any more, and it never fires",
                "look back over 12 minutes or more; max_over_time((...)[12m:1m]) keeps each minute's own number",
            )


RULE = Rule(
    "promql-late-points",
    "alert_policy",
    "error",
    "A PromQL condition looks back less over a log-based metric than its points need to arrive",
    check,
)
