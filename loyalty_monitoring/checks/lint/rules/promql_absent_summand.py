"""promql-absent-summand: a sum of counts has a value as long as one of them has.

`failed / (ok + failed) > 0.5` is empty when everything failed, and `total - failed` when nothing did. Silent where both
sides are read from the same entries.

Source: https://prometheus.io/docs/prometheus/latest/querying/operators/#vector-matching; see also
loyalty_monitoring/checks/lint/absence.py
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from loyalty_monitoring.checks.lint.absence import is_total, minds_absence, there_with
from loyalty_monitoring.checks.lint.conditions import promql_conditions
from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource, Rule
from loyalty_monitoring.query_languages.promql.expressions import nodes, operation


def check(policy: Resource, project: Project) -> Iterator[Problem]:
    for condition in promql_conditions(policy):
        if condition.expression is None or minds_absence(condition.expression):
            continue
        if any(_may_lose(node, project) for node in nodes(condition.expression)):
            yield Problem(
                (*condition.path, "query"),
                "adds or subtracts counts of different log entries; while one of them has none, the whole has no value "
                "rather than the other count",
                "give each count a zero: `(... or vector(0)) + (... or vector(0))`, or count both by one selector",
            )


def _may_lose(expression: Any, project: Project) -> bool:
    found = operation(expression)
    if found is None or found[0] not in ("+", "-"):
        return False
    operator, left, right = found
    if not (is_total(left) and is_total(right)):
        return False
    return not there_with(right, left, project) or (operator == "+" and not there_with(left, right, project))


RULE = Rule(
    "promql-absent-summand",
    "alert_policy",
    "warning",
    "A sum or difference of counts has no value when one of them has none",
    check,
)
