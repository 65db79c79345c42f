"""prose-or-more: "5 or more" is >= 5, "more than 5" is > 5.

Source: https://prometheus.io/docs/prometheus/latest/querying/operators/#comparison-binary-operators and
https://docs.cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies#metricthreshold
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from loyalty_monitoring.checks.lint.conditions import promql_conditions
from loyalty_monitoring.checks.lint.policies import typed_conditions
from loyalty_monitoring.checks.lint.prose import Quantity, as_number, first_paragraph, quantities, said_of, titles
from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource, Rule, items, text
from loyalty_monitoring.query_languages.promql.comparisons import comparisons

_OTHER = {">": ">=", ">=": ">", "<": "<=", "<=": "<"}
_SAID = {">": "more than {}", ">=": "{} or more", "<": "fewer than {}", "<=": "{} or fewer"}
_THRESHOLD = {"COMPARISON_GT": ">", "COMPARISON_LT": "<"}

# Operator and number of each comparison of a condition.
_Comparisons = list[tuple[str, float]]


def check(policy: Resource, project: Project) -> Iterator[Problem]:
    found = _comparisons(policy)
    for prose, path, index in (*titles(policy), (*first_paragraph(policy), None)):
        compared = [one for condition in said_of(found, index) for one in condition]
        for quantity in quantities(prose):
            operators = {operator for operator, number in compared if _is(quantity, number)}
            other = _OTHER.get(quantity.compared)
            if other in operators and quantity.compared not in operators:
                as_written, meant = (_SAID[kind].format(quantity.written) for kind in (quantity.compared, other))
                yield Problem(
                    path,
                    f'says "{as_written}", but the condition compares with {other}, which is "{meant}"',
                    f'say "{meant}", or compare with {quantity.compared}; a thresholdValue is moved by one instead',
                )


def _comparisons(policy: Resource) -> dict[int, _Comparisons | None]:
    found: dict[int, _Comparisons | None] = dict.fromkeys(range(len(items(policy.body.get("conditions")))))
    for promql in promql_conditions(policy):
        if promql.expression is not None:
            # What stands after "unless" says when there is no incident.
            compared = [one for one in comparisons(promql.expression) if one.role != "unless"]
            found[int(promql.path[1])] = [(one.operator, one.threshold) for one in compared]
    for threshold in typed_conditions(policy, "conditionThreshold"):
        operator = _THRESHOLD.get(text(threshold.body.get("comparison")))
        value = as_number(threshold.body.get("thresholdValue", 0))
        if operator is not None and value is not None:
            found[int(threshold.path[1])] = [(operator, value)]
    return found


def _is(quantity: Quantity, number: float) -> bool:
    if quantity.seconds is not None:
        forms = [quantity.seconds, quantity.seconds * 1000]
    else:
        forms = [quantity.number, quantity.number / 100] if quantity.unit == "%" else [quantity.number]
    return any(math.isclose(form, number) for form in forms)


RULE = Rule(
    "prose-or-more",
    "alert_policy",
    "warning",
    "Words say N or more where the condition says more than N, or the reverse",
    check,
)
