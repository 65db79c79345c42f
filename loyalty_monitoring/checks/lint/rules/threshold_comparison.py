"""threshold-comparison: a threshold is compared with "greater than" or "less than", nothing else.

Source: https://docs.cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies#metricthreshold and
https://github.com/hashicorp/terraform-provider-google/issues/16862
"""

from __future__ import annotations

from collections.abc import Iterator

from loyalty_monitoring.checks.lint.placeholders import has_placeholder
from loyalty_monitoring.checks.lint.policies import typed_conditions
from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource, Rule

_TAKEN = ("COMPARISON_GT", "COMPARISON_LT")
_REMEDY = {
    "COMPARISON_GE": "write COMPARISON_GT with the next lower threshold, such as 4 for 5 or more, or PromQL with >=",
    "COMPARISON_LE": "write COMPARISON_LT with the next higher threshold, such as 6 for 5 or fewer, or PromQL with <=",
}


def check(policy: Resource, project: Project) -> Iterator[Problem]:
    for condition in typed_conditions(policy, "conditionThreshold"):
        comparison = condition.body.get("comparison")
        if comparison is None:
            yield Problem(condition.path, "has no comparison", "write `comparison: COMPARISON_GT` or COMPARISON_LT")
        elif isinstance(comparison, str) and comparison not in _TAKEN and not has_placeholder(comparison):
            yield Problem(
                (*condition.path, "comparison"),
                f"compares with {comparison}; Cloud Monitoring takes only COMPARISON_GT and COMPARISON_LT",
                _REMEDY.get(comparison, "write one of the two, or a PromQL condition"),
            )


RULE = Rule(
    "threshold-comparison",
    "alert_policy",
    "error",
    "A threshold condition compares otherwise than greater than or less than",
    check,
)
