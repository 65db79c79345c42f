"""policy-runbook: whoever is woken finds the steps by a link.

Source: https://docs.cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies#documentation (the links are
for playbooks)
"""

from __future__ import annotations

from collections.abc import Iterator

from loyalty_monitoring.checks.lint.placeholders import has_placeholder
from loyalty_monitoring.checks.lint.policies import links
from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource, Rule, at, items, text

# The console shows what happens, not what to do about it.
_CONSOLE = ("https://console.cloud.google.com", "https://console.developers.google.com")


def check(policy: Resource, project: Project) -> Iterator[Problem]:
    # Without any documentation, policy-documentation has said so.
    if not text(at(policy.body, "documentation", "content")).strip():
        return
    # A list of links, or a link, that is not known yet may lead to one.
    if any(map(_is_unknown, (written := at(policy.body, "documentation", "links"), *items(written)))):
        return
    if _is_unknown(at(policy.body, "documentation", "content")):
        return
    if not any(link.says_runbook or not link.url.startswith(_CONSOLE) for link in links(policy)):
        yield Problem(
            ("documentation",),
            "has no link to a runbook",
            "add one to documentation.links, such as `{displayName: Runbook, url: https://...}`",
        )


def _is_unknown(value: object) -> bool:
    return isinstance(value, str) and has_placeholder(value) and " " not in value.partition("${")[0]


RULE = Rule("policy-runbook", "alert_policy", "warning", "A policy's documentation leads to no runbook", check)
