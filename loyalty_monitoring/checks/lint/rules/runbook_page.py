"""runbook-page: a link of our own policies leads to a page of runbooks/ that is there.

Of other people's runbooks nothing is known. Source: runbooks/, and
https://docs.cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies#documentation for the links.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from loyalty_monitoring.checks.lint.policies import links
from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource, Rule
from loyalty_monitoring.common.errors import nearest


def check(policy: Resource, project: Project) -> Iterator[Problem]:
    if project.runbooks is None:
        return
    for link in links(policy):
        if link.says_runbook or "/runbooks/" in link.url:
            page = re.split(r"[?#]", link.url)[0].rsplit("/", 1)[-1]
            if page not in project.runbooks:
                yield Problem(
                    link.path,
                    f"leads to {page!r}, which is no page of runbooks/{nearest(page, set(project.runbooks))}",
                    "write the page, or link to one that is there",
                )


RULE = Rule("runbook-page", "alert_policy", "error", "A policy of our own links to a runbook that is not there", check)
