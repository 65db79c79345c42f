"""promql-settling: numbers of several log-based metrics are compared once their points have come.

An `offset` or a `duration` lets them settle; in one metric a distribution's `_sum` and `_count` come together.

Sources: https://docs.cloud.google.com/logging/docs/logs-based-metrics/troubleshooting (points are up to 10 minutes
late) and https://github.com/open-telemetry/opentelemetry-collector-contrib/issues/48465 (they settle 1 to 4 minutes
late)
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from loyalty_monitoring.checks.lint.conditions import promql_conditions
from loyalty_monitoring.checks.lint.promql_checks import log_based_name
from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource, Rule
from loyalty_monitoring.checks.lint.rules.threshold_late_points import SETTLED_AFTER
from loyalty_monitoring.query_languages.promql.expressions import children, operation, reads

_SUFFIX = re.compile(r"_(?:count|sum|bucket)\Z")
_CALLED = {"/": "a ratio", "-": "a difference", "unless": "an exception"}


def check(policy: Resource, project: Project) -> Iterator[Problem]:
    for condition in promql_conditions(policy):
        if condition.expression is None or (condition.duration_seconds or 0) > SETTLED_AFTER:
            continue
        for called, names in _unsettled(condition.expression):
            yield Problem(
                (*condition.path, "query"),
                f"{called} of {' and '.join(names)}: the points of each arrive by themselves, minutes late, and the "
                "condition is evaluated while one is there and the other is not",
                "read both with `offset 10m`, or hold the condition by `duration: 600s`, or take both numbers from "
                "one distribution",
            )
            break


def _unsettled(expression: Any, moved: float = 0.0) -> Iterator[tuple[str, list[str]]]:
    """Yield operations over several log-based metrics of which one is read up to its newest points.

    `moved` is by how many seconds the offsets around the expression move it into the past.
    """
    found = operation(expression)
    if found is not None and found[0] in _CALLED:
        sides = [[read for read in reads(side) if log_based_name(read.selector)] for side in found[1:]]
        names = [{_SUFFIX.sub("", log_based_name(read.selector) or "") for read in side} for side in sides]
        fresh = any(read.offset.total_seconds() + moved <= SETTLED_AFTER for side in sides for read in side)
        if all(names) and fresh and len(names[0] | names[1]) > 1:
            yield _CALLED[found[0]], sorted(names[0] | names[1])
    offset = getattr(expression, "offset", None)
    for child in children(expression):
        yield from _unsettled(child, moved + (offset.total_seconds() if offset else 0.0))


RULE = Rule(
    "promql-settling",
    "alert_policy",
    "warning",
    "A ratio, difference or exception of several log-based metrics is judged before their points have settled",
    check,
)
