"""missing-data-duration: evaluationMissingData works only with a duration of a minute or more.

Source: https://docs.cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies#metricthreshold; the API's
words are in https://github.com/hashicorp/terraform-provider-google/issues/16892
"""

from __future__ import annotations

from collections.abc import Iterator

from loyalty_monitoring.checks.lint.conditions import seconds
from loyalty_monitoring.checks.lint.policies import typed_conditions
from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource, Rule, text

_LEAST = 60


def check(policy: Resource, project: Project) -> Iterator[Problem]:
    for condition in typed_conditions(policy, "conditionThreshold", "conditionMonitoringQueryLanguage"):
        setting = text(condition.body.get("evaluationMissingData"))
        duration = seconds(condition.body.get("duration", "0s"))
        if setting not in ("", "EVALUATION_MISSING_DATA_UNSPECIFIED") and duration is not None and duration < _LEAST:
            yield Problem(
                (*condition.path, "evaluationMissingData"),
                f"sets {setting}, but the duration is {duration:g} s; the API wants 60 s or more with it",
                "write a duration of a minute or more, or remove evaluationMissingData",
            )


RULE = Rule(
    "missing-data-duration",
    "alert_policy",
    "error",
    "A condition says what missing data means but has no duration",
    check,
)
