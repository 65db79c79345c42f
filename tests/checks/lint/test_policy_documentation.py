"""policy-documentation: words pass, blanks do not."""

from __future__ import annotations

import pytest

from tests.checks.lint.conftest import Findings

POLICY = "displayName: runs\ncombiner: OR\nconditions: []\n"


@pytest.mark.parametrize("documentation", ["{content: Look at the logs.}", "{content: a}", "{content: [1]}", "5"])
def test_content_and_what_is_no_documentation_pass(findings: Findings, documentation: str) -> None:
    assert findings("policy-documentation", f"{POLICY}documentation: {documentation}\n") == []


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (POLICY, 1),
        (f"{POLICY}documentation: {{}}\n", 4),
        (f"{POLICY}documentation: {{subject: Runs}}\n", 4),
        (f"{POLICY}documentation:\n  mimeType: text/markdown\n  content: ''\n", 6),
        (f'{POLICY}documentation:\n  mimeType: text/markdown\n  content: " \\n\\t "\n', 6),
    ],
)
def test_no_content_is_a_warning(findings: Findings, text: str, line: int) -> None:
    (finding,) = findings("policy-documentation", text)
    assert (finding.severity, finding.line) == ("warning", line)
    assert finding.remedy.startswith("write documentation.content")
