"""threshold-late-points: a threshold over a log-based metric looks back long enough for its points to have come.

Sources: https://docs.cloud.google.com/logging/docs/logs-based-metrics (points are up to 10 minutes late) and
https://github.com/open-telemetry/opentelemetry-collector-contrib/issues/48465 (they settle 1 to 4 minutes late)
"""

from __future__ import annotations

from collections.abc import Iterator

from loyalty_monitoring.checks.lint.conditions import seconds
from loyalty_monitoring.checks.lint.filter_conditions import log_based_filters
from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource, Rule, at

# What settles 4 minutes late is seen by a window of 5.
SETTLED_AFTER = 240


def check(policy: Resource, project: Project) -> Iterator[Problem]:
    for one in log_based_filters(policy, project):
        periods = [(path, seconds(at(aggregation, "alignmentPeriod"))) for path, aggregation in one.aggregations]
        known = [(path, period) for path, period in periods if period]
        if not known or len(known) < len(periods):
            continue
        reach = sum(period for _, period in known) + (seconds(one.condition.get("duration")) or 0)
        if reach <= SETTLED_AFTER:
            yield Problem(
                (*known[0][0], "alignmentPeriod"),
                f"looks at {reach:g} s of {one.name!r}, whose points come 1 to 4 minutes late and more: a window "
                "that is empty when it is evaluated opens nothing",
                "write alignmentPeriod: 300s or more",
            )


RULE = Rule(
    "threshold-late-points",
    "alert_policy",
    "warning",
    "A threshold looks at a window of a log-based metric that may have no points yet",
    check,
)
