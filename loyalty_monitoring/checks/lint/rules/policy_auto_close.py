"""policy-auto-close: an incident without data is closed after 7 days at the latest.

Second-hand, hence a warning: the console offers 30 minutes to 7 days, the reference of the API names no maximum.
Source: https://docs.cloud.google.com/monitoring/alerts/concepts-indepth
"""

from __future__ import annotations

from collections.abc import Iterator

from loyalty_monitoring.checks.lint.conditions import seconds
from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource, Rule, at

_MOST = 7 * 86_400


def check(policy: Resource, project: Project) -> Iterator[Problem]:
    wait = seconds(at(policy.body, "alertStrategy", "autoClose"))
    if wait is not None and wait > _MOST:
        yield Problem(
            ("alertStrategy", "autoClose"),
            f"autoClose is {wait:g} s; Cloud Monitoring is known to take up to 604,800 s (7 days)",
            "write a duration up to 604800s",
        )


RULE = Rule(
    "policy-auto-close", "alert_policy", "warning", "An incident stays open for more than 7 days without data", check
)
