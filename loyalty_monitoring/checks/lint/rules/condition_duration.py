"""condition-duration: a condition must hold for whole minutes. Absence conditions have a rule of their own.

Sources: https://docs.cloud.google.com/monitoring/promql/create-promql-alerts-api (a number of minutes, in seconds) and
https://docs.cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies (thresholds and MQL)
"""

from __future__ import annotations

from collections.abc import Iterator

from loyalty_monitoring.checks.lint.conditions import not_a_length, seconds
from loyalty_monitoring.checks.lint.policies import typed_conditions
from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource, Rule

_TYPES = ("conditionPrometheusQueryLanguage", "conditionThreshold", "conditionMonitoringQueryLanguage")
_STEP = 60


def check(policy: Resource, project: Project) -> Iterator[Problem]:
    for condition in typed_conditions(policy, *_TYPES):
        value = condition.body.get("duration")
        duration, path = seconds(value), (*condition.path, "duration")
        if not_a_length(value):
            message = f"must hold for {value!r}, which is no length of time for the API"
            yield Problem(path, message, "write whole minutes in seconds, such as 0s, 60s or 300s")
        elif duration is not None and duration % _STEP:
            message = f"must hold for {duration:g} s, which is not a whole number of minutes"
            least = int(duration // _STEP) * _STEP
            yield Problem(path, message, f"write a multiple of 60 s, such as {least}s or {least + _STEP}s")


RULE = Rule(
    "condition-duration",
    "alert_policy",
    "error",
    "A condition must hold for a time that is not whole minutes",
    check,
)
