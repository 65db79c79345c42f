"""promql-duration-gaps: what a log-based metric reports can hold for the condition's duration.

A lone entry is seen for as long as the window that it is read in. A condition that must hold for as long or longer
starts anew at every gap. `or vector(0)` does not help where the condition is met by more, not by less: a zero does not
meet it. Safe are windows longer than the duration, and conditions that are met at zero.

Source: https://docs.cloud.google.com/logging/docs/logs-based-metrics (minutes without entries write no points) and
https://docs.cloud.google.com/monitoring/alerts/concepts-indepth (a condition resets its duration when it is not met)
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from loyalty_monitoring.checks.lint.absence import has_operator, minds_absence
from loyalty_monitoring.checks.lint.conditions import promql_conditions
from loyalty_monitoring.checks.lint.promql_checks import log_based_name
from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource, Rule
from loyalty_monitoring.query_languages.promql.comparisons import Comparison, deciding_comparisons
from loyalty_monitoring.query_languages.promql.expressions import reads


def check(policy: Resource, project: Project) -> Iterator[Problem]:
    for condition in promql_conditions(policy):
        if condition.expression is None or not condition.duration_seconds or minds_absence(condition.expression):
            continue
        compared = deciding_comparisons(condition.expression)
        windows = [window for one in compared if (window := _shortest(one)) is not None]
        if windows and min(windows).total_seconds() <= condition.duration_seconds:
            minutes, needed = min(windows).total_seconds() / 60, condition.duration_seconds / 60
            yield Problem(
                (*condition.path, "duration"),
                f"must hold for {needed:g} min, but an entry of a log-based metric is seen for {minutes:g} min, its "
                "window; every gap between entries starts the wait anew",
                "write `duration: 0s` and say all in the window, or read a window longer than the duration",
            )


def _shortest(comparison: Comparison) -> timedelta | None:
    """Return the shortest window over a log-based metric, if that has to report for the comparison to hold."""
    value = comparison.expression
    if comparison.operator not in (">", ">=") or (has_operator(value, "or") and has_operator(value, "-")):
        return None
    windows = [one.window for one in reads(value) if log_based_name(one.selector) and one.window]
    return min(windows, default=None)


RULE = Rule(
    "promql-duration-gaps",
    "alert_policy",
    "warning",
    "A condition must hold for longer than an entry of its log-based metric is seen",
    check,
)
