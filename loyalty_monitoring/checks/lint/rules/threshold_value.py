"""threshold-value: without thresholdValue a condition compares with 0, and nobody has said so.

The field is a plain double, whose absence is 0. Sources:
https://docs.cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies#metricthreshold and
https://protobuf.dev/programming-guides/proto3/#default
"""

from __future__ import annotations

from collections.abc import Iterator

from loyalty_monitoring.checks.lint.policies import typed_conditions
from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource, Rule


def check(policy: Resource, project: Project) -> Iterator[Problem]:
    for condition in typed_conditions(policy, "conditionThreshold"):
        if condition.body.get("thresholdValue") is None:
            yield Problem(
                condition.path,
                "has no thresholdValue, so that it compares with 0",
                "write the threshold, also where it is meant to be 0",
            )


RULE = Rule(
    "threshold-value",
    "alert_policy",
    "warning",
    "A threshold condition without a threshold compares with 0",
    check,
)
