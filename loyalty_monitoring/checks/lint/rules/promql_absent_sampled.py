"""promql-absent-sampled: absence is judged over several samples, since samples come seldom and late.

Sources: https://docs.cloud.google.com/monitoring/api/metrics_gcp ("Sampled every 60 seconds. After sampling, data is
not visible for up to 240 seconds") and https://prometheus.io/docs/prometheus/latest/querying/functions/#absent
"""

from __future__ import annotations

from collections.abc import Iterator

from loyalty_monitoring.checks.lint.conditions import promql_conditions
from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource, Rule
from loyalty_monitoring.query_languages.promql.expressions import applied, children, nodes, reads

# A sample a minute, up to 4 minutes late: the newest that is visible can be 5 minutes old.
_OLDEST_SAMPLE = 300
_INSTANT = 300  # how far a selector without a range sees


def check(policy: Resource, project: Project) -> Iterator[Problem]:
    for condition in promql_conditions(policy):
        if condition.expression is None:
            continue
        for node in nodes(condition.expression):
            function = applied(node)
            if function not in ("absent", "absent_over_time") or not children(node):
                continue
            windows = [read.window.total_seconds() or _INSTANT for read in reads(node)]
            seen = min(windows, default=0.0) + (condition.duration_seconds or 0)
            if windows and seen <= _OLDEST_SAMPLE:
                yield Problem(
                    (*condition.path, "query"),
                    f"{function}() looks at {seen:g} s, but a gauge is sampled once a minute or more seldom, and a "
                    "sample can take 4 minutes to be visible: it is met while all is well",
                    "ask absent_over_time(...[15m]), longer than a few samples take, or hold it by `duration`",
                )
                break


RULE = Rule(
    "promql-absent-sampled",
    "alert_policy",
    "warning",
    "Absence is judged over a time in which no sample needs to be visible",
    check,
)
