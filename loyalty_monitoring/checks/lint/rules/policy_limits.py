"""policy-limits: sizes and shapes of a policy's own fields.

Source: https://docs.cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies, see api_reference.yaml; that
CLOSED alone is refused is in https://github.com/GoogleCloudPlatform/magic-modules/pull/12052
"""

from __future__ import annotations

from collections.abc import Iterator

from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource, Rule, at, items, said_by_the_reference

_sizes = said_by_the_reference("policy-limits")


def check(policy: Resource, project: Project) -> Iterator[Problem]:
    yield from _sizes(policy, project)
    prompts = items(at(policy.body, "alertStrategy", "notificationPrompts"))
    if prompts and all(prompt == "CLOSED" for prompt in prompts):
        message = "tells only the end of an incident, which the API refuses"
        yield Problem(("alertStrategy", "notificationPrompts"), message, "write `[OPENED, CLOSED]`")


RULE = Rule(
    "policy-limits",
    "alert_policy",
    "error",
    "A field of a policy is longer than, or otherwise than, the API takes it",
    check,
)
