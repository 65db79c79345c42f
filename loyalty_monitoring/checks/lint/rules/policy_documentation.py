"""policy-documentation: a notification says what happened and what to do, and its subject arrives whole.

Source: https://docs.cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies#documentation
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource, Rule, text

_SUBJECT_BYTES = 255
_VARIABLE = re.compile(r"\$\{[^{}]*\}")


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
    # Variables may become shorter than they are written, so they do not count.
    size = len(_VARIABLE.sub("", text(documentation.get("subject"))).encode(errors="surrogatepass"))
    if size > _SUBJECT_BYTES:
        yield Problem(
            ("documentation", "subject"),
            f"the subject has {size} bytes without its variables; a notification shows the first {_SUBJECT_BYTES}",
            "shorten it, and put the rest into the content",
        )


RULE = Rule("policy-documentation", "alert_policy", "warning", "A notification does not say what to do", check)
