"""threshold-value: without thresholdValue a condition compares with 0, and nobody has said so; and no number is more or
less than NaN.

The field is a plain double, whose absence is 0, and which JSON may write as "NaN", "Infinity" or "-Infinity". Sources:
https://docs.cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies#metricthreshold,
https://protobuf.dev/programming-guides/proto3/#default and https://protobuf.dev/programming-guides/json/
"""

from __future__ import annotations

from collections.abc import Iterator

from loyalty_monitoring.checks.lint.policies import typed_conditions
from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource, Rule

_NO_NUMBERS = ("NaN", "Infinity", "-Infinity")


def check(policy: Resource, project: Project) -> Iterator[Problem]:
    for condition in typed_conditions(policy, "conditionThreshold"):
        value = condition.body.get("thresholdValue")
        if value in _NO_NUMBERS:
            yield Problem(
                (*condition.path, "thresholdValue"),
                f"compares with {value}, so that the same holds of every number, and no alert tells them apart",
                "write the number that matters",
            )
        if value is None:
            yield Problem(
                condition.path,
                "has no thresholdValue, so that it compares with 0",
                "write the threshold, also where it is meant to be 0",
            )


RULE = Rule(
    "threshold-value",
    "alert_policy",
    "warning",
    "A threshold condition has no threshold, and compares with 0, or none that is a number",
    check,
)
