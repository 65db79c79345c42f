"""policy-runbook: a link passes wherever it stands; the console's pages are none."""

from __future__ import annotations

import pytest

from tests.checks.lint.conftest import Findings

CONSOLE = "https://console.cloud.google.com/monitoring/dashboards"


def policy(content: str, links: str = "[]") -> str:
    return f"""displayName: runs
conditions: []
documentation:
  content: |-
    {content}
  links: {links}
"""


@pytest.mark.parametrize(
    "text",
    [
        policy("It failed.", "[{displayName: Steps, url: https://wiki.example.com/steps}]"),
        policy("It failed.", f"[{{displayName: Playbook, url: {CONSOLE}}}]"),
        policy("It failed.", "[{displayName: Runbook, url: go/steps}]"),
        policy("See https://wiki.example.com/steps."),
        policy("See [the steps](../steps.md)."),
        policy("See go/steps."),
        policy(f"See {CONSOLE} and <http://wiki/steps>."),
        policy("It failed.", "[1, {displayName: Steps, url: https://example.com}]"),
        "displayName: runs\nconditions: []\n",
        "displayName: runs\nconditions: []\ndocumentation: [1]\n",
    ],
)
def test_a_link_and_no_documentation_at_all_pass(findings: Findings, text: str) -> None:
    assert findings("policy-runbook", text) == []


@pytest.mark.parametrize(
    "text",
    [
        policy("It failed."),
        policy("Follow the runbook."),
        policy("The category/steps are lost."),
        policy(f"See {CONSOLE}."),
        policy(f"See [the dashboard]({CONSOLE})."),
        policy("It failed.", f"[{{displayName: Dashboard, url: {CONSOLE}}}]"),
        policy("It failed.", "[{displayName: Runbook}]"),
    ],
)
def test_no_link_but_to_the_console_is_a_warning(findings: Findings, text: str) -> None:
    (finding,) = findings("policy-runbook", text)
    assert (finding.severity, finding.line) == ("warning", 3)
    assert finding.remedy.startswith("add one to documentation.links")
