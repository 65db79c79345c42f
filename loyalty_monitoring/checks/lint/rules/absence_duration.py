"""absence-duration: data is called absent after whole minutes, 2 of them up to 23.5 hours.

Source: https://docs.cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies#metricabsence and
https://docs.cloud.google.com/monitoring/alerts/metric-absence (the maximum)
"""

from __future__ import annotations

from collections.abc import Iterator

from loyalty_monitoring.checks.lint.conditions import seconds
from loyalty_monitoring.checks.lint.policies import typed_conditions
from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource, Rule

_LEAST, _MOST, _STEP = 120, 84_600, 60


def check(policy: Resource, project: Project) -> Iterator[Problem]:
    for condition in typed_conditions(policy, "conditionAbsent"):
        duration = seconds(condition.body.get("duration"))
        if duration is None:
            continue
        path = (*condition.path, "duration")
        if not _LEAST <= duration <= _MOST:
            yield Problem(
                path,
                f"waits {duration:g} s for absent data; Cloud Monitoring takes 120 s to 84,600 s (23.5 h)",
                "write a duration in that range, or log a fresh value and compare it, for a longer silence",
            )
        elif duration % _STEP:
            yield Problem(
                path,
                f"waits {duration:g} s for absent data, which is not a whole number of minutes",
                f"write a multiple of 60 s, such as {round(duration / _STEP) * _STEP}s",
            )


RULE = Rule(
    "absence-duration",
    "alert_policy",
    "error",
    "An absence condition waits shorter, longer or finer than Cloud Monitoring can",
    check,
)
