"""promql-validation: a condition over a log-based metric is created without waiting for the metric.

Sources: https://github.com/hashicorp/terraform-provider-google/issues/11102 (a new metric is not found for minutes) and
https://docs.cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies (disableMetricValidation)
"""

from __future__ import annotations

from collections.abc import Iterator

from loyalty_monitoring.checks.lint.conditions import promql_conditions
from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource, Rule, at
from loyalty_monitoring.query_languages.promql.cloud_monitoring import reads_log_based_metric


def check(policy: Resource, project: Project) -> Iterator[Problem]:
    for condition in promql_conditions(policy):
        setting = at(policy.body, *condition.path, "disableMetricValidation")
        if setting not in (None, False) or condition.expression is None:
            continue
        if reads_log_based_metric(condition.expression):
            yield Problem(
                condition.path if setting is None else (*condition.path, "disableMetricValidation"),
                "validates its log-based metric, which cannot be found for up to 10 minutes after its creation: "
                "deploying both to an empty project fails",
                "write `disableMetricValidation: true`",
            )


RULE = Rule(
    "promql-validation",
    "alert_policy",
    "warning",
    "A PromQL condition cannot be created right after its log-based metric",
    check,
)
