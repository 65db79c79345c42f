"""promql-counter-function: a log-based metric counts by the minute; functions for counters that only grow do not fit.

That covers `_count`, `_sum` and `_bucket` of a distribution too: all of them are DELTA. Over a subquery of sums, whose
values may be anything, the functions are no finding.

Source: https://docs.cloud.google.com/logging/docs/logs-based-metrics (log-based metrics are DELTA) and
https://prometheus.io/docs/prometheus/latest/querying/functions/ (resets and extrapolation)
"""

from __future__ import annotations

from collections.abc import Iterator

from loyalty_monitoring.checks.lint.conditions import promql_conditions
from loyalty_monitoring.checks.lint.promql_checks import counter_functions
from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource, Rule


def check(policy: Resource, project: Project) -> Iterator[Problem]:
    for condition in promql_conditions(policy):
        if condition.expression is not None:
            for message, remedy in dict.fromkeys(counter_functions(condition.expression)):
                yield Problem((*condition.path, "query"), message, remedy)


RULE = Rule(
    "promql-counter-function",
    "alert_policy",
    "warning",
    "A condition reads a log-based metric, which counts by the minute, as a counter that only grows",
    check,
)
