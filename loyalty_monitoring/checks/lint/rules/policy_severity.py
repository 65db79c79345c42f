"""policy-severity: an incident says how bad it is.

Our own policies have a priority, from which the loader demands the severity, and P2 has none.

Source: https://docs.cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies#severity
"""

from __future__ import annotations

from collections.abc import Iterator

from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource, Rule


def check(policy: Resource, project: Project) -> Iterator[Problem]:
    if not project.is_ours and policy.body.get("severity") in (None, "", "SEVERITY_UNSPECIFIED"):
        yield Problem(
            ("severity",),
            "has no severity, so that its incidents and notifications do not say how bad they are",
            "write `severity: CRITICAL`, ERROR or WARNING",
        )


RULE = Rule("policy-severity", "alert_policy", "warning", "A policy does not say how bad its incidents are", check)
