"""promql-absent-zero: a condition that is to be met at zero is met when nothing is logged, too.

Only counts are judged, not sums of values: of `_sum` nobody can tell whether nothing means 0.

Source: https://docs.cloud.google.com/logging/docs/logs-based-metrics (nothing logged writes no points); see also
loyalty_monitoring/checks/lint/absence.py
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from loyalty_monitoring.checks.lint.absence import is_total, may_be_empty, minds_absence
from loyalty_monitoring.checks.lint.conditions import promql_conditions
from loyalty_monitoring.checks.lint.promql_checks import log_based_name
from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource, Rule
from loyalty_monitoring.query_languages.promql.comparisons import Comparison, deciding_comparisons
from loyalty_monitoring.query_languages.promql.expressions import operation, selectors


def check(policy: Resource, project: Project) -> Iterator[Problem]:
    for condition in promql_conditions(policy):
        expression = condition.expression
        if expression is None or minds_absence(expression) or _has_fallback(expression):
            continue
        found = [*deciding_comparisons(expression)]
        not_zero = {one.value for one in found if one.operator in (">", ">=", "!=")}
        for one in found:
            if _met_at_zero(one) and _is_count(one.expression) and one.value not in not_zero:
                compared = f"{one.operator} {one.threshold:g}"
                yield Problem(
                    (*condition.path, "query"),
                    f"`{compared}` is to be met at 0, but while nothing is logged there is no value, and it is not met",
                    f"write `(... or vector(0)) {compared}`, or absent_over_time() for each group",
                )


def _met_at_zero(comparison: Comparison) -> bool:
    operator, threshold = comparison.operator, comparison.threshold
    return (
        (operator == "==" and threshold == 0)
        or (operator == "<" and threshold > 0)
        or (operator == "<=" and threshold >= 0)
    )


def _is_count(value: Any) -> bool:
    names = [log_based_name(selector) or "" for selector in selectors(value)]
    return is_total(value) and not any(name.endswith(("_sum", "_bucket")) for name in names)


def _has_fallback(expression: Any) -> bool:
    """Return whether the condition is met by something else when nothing is logged: `... or (vector(1) unless ...)`."""
    found = operation(expression)
    if found is None or found[0] not in ("and", "or", "unless"):
        return False
    operator, left, right = found
    if operator == "or" and not (may_be_empty(left) and may_be_empty(right)):
        return True
    return _has_fallback(left) or (operator != "unless" and _has_fallback(right))


RULE = Rule(
    "promql-absent-zero",
    "alert_policy",
    "warning",
    "A condition that is to be met at zero is not met when nothing is logged",
    check,
)
