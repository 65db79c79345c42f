"""policy-documentation: a notification says what happened and what to do.

Source: https://docs.cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies#documentation
"""

from __future__ import annotations

from collections.abc import Iterator

from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource, Rule


def check(policy: Resource, project: Project) -> Iterator[Problem]:
    documentation = policy.body.get("documentation", {})
    if not isinstance(documentation, dict):
        return
    content = documentation.get("content", "")
    if isinstance(content, str) and not content.strip():
        yield Problem(
            ("documentation", "content"),
            "has no documentation, so that its notification only says that a condition holds",
            "write documentation.content: what happened, whom it hurts, what to do first",
        )


RULE = Rule("policy-documentation", "alert_policy", "warning", "A notification does not say what to do", check)
