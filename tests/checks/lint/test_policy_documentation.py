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


def _with_subject(subject: str) -> str:
    return f"{POLICY}documentation:\n  content: Look at the logs.\n  subject: {subject}\n"


@pytest.mark.parametrize("subject", ["a" * 255, "é" * 127, "a" * 255 + "${metric.label.store}", "5", "[a]"])
def test_a_subject_of_255_bytes_passes(findings: Findings, subject: str) -> None:
    assert findings("policy-documentation", _with_subject(subject)) == []


@pytest.mark.parametrize("subject", ["a" * 256, "é" * 128])
def test_a_subject_that_arrives_cut_is_a_warning(findings: Findings, subject: str) -> None:
    (finding,) = findings("policy-documentation", _with_subject(subject))
    assert (finding.severity, finding.line) == ("warning", 6)
    assert "the subject has 256 bytes without its variables; a notification shows the first 255" in finding.message


@pytest.mark.parametrize(("size", "refused"), [(256, False), (10_240, False), (10_241, True)])
def test_the_api_itself_takes_10240_bytes_and_that_is_the_only_limit_that_is_an_error(
    findings: Findings, size: int, refused: bool
) -> None:
    assert bool(findings("policy-limits", _with_subject("a" * size))) == refused
