"""policy-channel: an incident reaches somebody.

Our own policies get their channels at deployment, which checks them.

Source: https://docs.cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies
"""

from __future__ import annotations

from collections.abc import Iterator

from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource, Rule


def check(policy: Resource, project: Project) -> Iterator[Problem]:
    if (
        not project.is_ours
        and policy.body.get("enabled") is not False
        and policy.body.get("notificationChannels", []) == []
    ):
        yield Problem(
            ("notificationChannels",),
            "has no notification channel, so that its incidents reach nobody who does not look at the console",
            "write notificationChannels: projects/PROJECT/notificationChannels/ID",
        )


RULE = Rule("policy-channel", "alert_policy", "warning", "A policy's incidents reach nobody", check)
