"""condition-interval: PromQL is evaluated every 30 seconds, or at a multiple of that.

Source: https://docs.cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies
("a positive multiple of 30 seconds or missing"; missing is 30 seconds)
"""

from __future__ import annotations

from collections.abc import Iterator

from loyalty_monitoring.checks.lint.conditions import not_a_length, seconds
from loyalty_monitoring.checks.lint.policies import typed_conditions
from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource, Rule

_STEP = 30


def check(policy: Resource, project: Project) -> Iterator[Problem]:
    for condition in typed_conditions(policy, "conditionPrometheusQueryLanguage"):
        value = condition.body.get("evaluationInterval")
        interval, path = seconds(value), (*condition.path, "evaluationInterval")
        if not_a_length(value):
            message = f"is evaluated every {value!r}, which is no length of time for the API"
            yield Problem(path, message, "write a multiple of 30 s, such as 30s or 60s")
        elif interval is not None and (interval == 0 or interval % _STEP):
            message = f"is evaluated every {interval:g} s, which is not a positive multiple of 30 s"
            nearest = max(round(interval / _STEP), 1) * _STEP
            yield Problem(path, message, f"write one, such as {nearest}s")


RULE = Rule(
    "condition-interval",
    "alert_policy",
    "error",
    "PromQL is evaluated at an interval that is not a multiple of 30 seconds",
    check,
)
