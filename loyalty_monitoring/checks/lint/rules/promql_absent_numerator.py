"""promql-absent-numerator: a ratio that is compared with `<` has its numerator, also when nothing is logged.

`a / b < x` and `1 - a / b > x` are empty where `a` is, just when the ratio is 0. For `a / b > x` that is right: nothing
failed, no incident. Silent where `a` is read from the entries of `b`, so that it is there whenever `b` is.

Source: https://prometheus.io/docs/prometheus/latest/querying/operators/#vector-matching; see also
loyalty_monitoring/checks/lint/absence.py
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from loyalty_monitoring.checks.lint.absence import may_be_empty, minds_absence, there_with
from loyalty_monitoring.checks.lint.conditions import promql_conditions
from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource, Rule
from loyalty_monitoring.query_languages.promql.comparisons import deciding_comparisons
from loyalty_monitoring.query_languages.promql.expressions import number, operation, selectors


def check(policy: Resource, project: Project) -> Iterator[Problem]:
    for condition in promql_conditions(policy):
        if condition.expression is None or minds_absence(condition.expression):
            continue
        for one in deciding_comparisons(condition.expression):
            ratio = _ratio(one.expression)
            if ratio is None or (one.operator not in ("<", "<=") if ratio[2] else one.operator not in (">", ">=")):
                continue
            numerator, denominator, _ = ratio
            if may_be_empty(numerator) and not there_with(numerator, denominator, project):
                yield Problem(
                    (*condition.path, "query"),
                    f"`{one.operator} {one.threshold:g}` is to be met at a ratio of 0, but while nothing of the "
                    "numerator is logged there is no ratio, and the condition is not met",
                    "give the numerator a zero: `(... or vector(0)) / ...`, or `... or 0 * (the denominator)` by group",
                )


def _ratio(value: Any, rises: bool = True) -> tuple[Any, Any, bool] | None:
    """Return numerator, denominator, and whether the value rises with the ratio, which may have numbers around it."""
    found = operation(value)
    if found is None:
        return None
    operator, left, right = found
    of_left, of_right = number(left), number(right)
    if operator == "/" and of_right is None:
        return (left, right, rises) if selectors(right) else None
    if of_right is not None and (operator in ("+", "-") or (operator in ("*", "/") and of_right > 0)):
        return _ratio(left, rises)
    if of_left is not None and (operator == "+" or (operator == "*" and of_left > 0)):
        return _ratio(right, rises)
    return _ratio(right, not rises) if of_left is not None and operator == "-" else None


RULE = Rule(
    "promql-absent-numerator",
    "alert_policy",
    "warning",
    "A ratio that is to be small has no value when nothing of its numerator is logged",
    check,
)
