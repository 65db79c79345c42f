"""log-match-rate-limit: a log match needs a notification rate limit, and nothing else may have one.

Source: https://docs.cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies#alertstrategy; the API's
words on other policies are in https://github.com/chainguard-dev/terraform-infra-common/pull/352
"""

from __future__ import annotations

from collections.abc import Iterator

from loyalty_monitoring.checks.lint.placeholders import may_be_absent
from loyalty_monitoring.checks.lint.policies import typed_conditions
from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource, Rule, at

# A SQL condition reads logs too; what it may have is not documented.
_METRIC_BASED = (
    "conditionThreshold",
    "conditionAbsent",
    "conditionPrometheusQueryLanguage",
    "conditionMonitoringQueryLanguage",
)


def check(policy: Resource, project: Project) -> Iterator[Problem]:
    limit = at(policy.body, "alertStrategy", "notificationRateLimit")
    matched = list(typed_conditions(policy, "conditionMatchedLog"))
    if may_be_absent(limit) or any(
        may_be_absent(one.body) or may_be_absent(at(policy.body, *one.path[:-1])) for one in matched
    ):
        return
    if matched and at(limit, "period") is None:
        yield Problem(
            matched[0].path,
            "matches log entries, but the policy has no alertStrategy.notificationRateLimit.period, which it needs",
            "write one, such as `notificationRateLimit: {period: 300s}` in alertStrategy",
        )
    elif limit is not None and not matched and any(typed_conditions(policy, *_METRIC_BASED)):
        yield Problem(
            ("alertStrategy", "notificationRateLimit"),
            "limits notifications of a policy without a log match, which the API refuses",
            "remove it; notificationChannelStrategy.renotifyInterval repeats open incidents",
        )


RULE = Rule(
    "log-match-rate-limit",
    "alert_policy",
    "error",
    "A log match has no notification rate limit, or another policy has one",
    check,
)
