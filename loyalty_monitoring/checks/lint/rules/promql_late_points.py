"""promql-late-points: a condition over a log-based metric looks back long enough for its points to have come.

Sources: https://docs.cloud.google.com/logging/docs/logs-based-metrics (points are up to 10 minutes late) and
https://github.com/open-telemetry/opentelemetry-collector-contrib/issues/48465 (they settle 1 to 4 minutes late)
"""

from __future__ import annotations

from collections.abc import Iterator

from loyalty_monitoring.checks.lint.conditions import promql_conditions
from loyalty_monitoring.checks.lint.promql_checks import log_based_name
from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource, Rule
from loyalty_monitoring.checks.lint.rules.threshold_late_points import SETTLED_AFTER
from loyalty_monitoring.query_languages.promql.expressions import reads


def check(policy: Resource, project: Project) -> Iterator[Problem]:
    for condition in promql_conditions(policy):
        if condition.expression is None:
            continue
        for read in reads(condition.expression):
            name = log_based_name(read.selector)
            reach = (read.window + read.offset).total_seconds()
            if name is not None and 0 < reach <= SETTLED_AFTER:
                yield Problem(
                    (*condition.path, "query"),
                    f"looks at {reach:g} s of {name}, whose points come 1 to 4 minutes late and more: a window that is "
                    "empty when it is evaluated opens nothing",
                    "read a window of 5 minutes or more, or keep a short one in sight: max_over_time((...)[12m:1m])",
                )
                break


RULE = Rule(
    "promql-late-points",
    "alert_policy",
    "warning",
    "A condition looks at a window of a log-based metric that may have no points yet",
    check,
)
