"""policy-severity: a severity passes, none does not, our own policies have their priority."""

from __future__ import annotations

from pathlib import Path

import pytest

from loyalty_monitoring.checks.lint.rule import Project, Resource
from loyalty_monitoring.checks.lint.rules import policy_severity
from loyalty_monitoring.common.yaml_documents import load_documents
from tests.checks.lint.conftest import Findings

POLICY = "displayName: runs\ncombiner: OR\nconditions: []\n"


@pytest.mark.parametrize("severity", ["CRITICAL", "ERROR", "WARNING", "INFO", "5", "${severity}"])
def test_a_severity_passes(findings: Findings, severity: str) -> None:
    assert findings("policy-severity", f"{POLICY}severity: {severity}\n") == []


@pytest.mark.parametrize(
    ("text", "line"), [(POLICY, 1), (f"{POLICY}severity: SEVERITY_UNSPECIFIED\n", 4), (f'{POLICY}severity: ""\n', 4)]
)
def test_none_is_a_warning(findings: Findings, text: str, line: int) -> None:
    (finding,) = findings("policy-severity", text)
    assert (finding.severity, finding.line) == ("warning", line)
    assert finding.remedy == "write `severity: CRITICAL`, ERROR or WARNING"


def test_our_own_policies_are_judged_by_the_loader(tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text(POLICY)
    (document,) = load_documents(file)
    policy = Resource("alert_policy", document.data, document)
    assert list(policy_severity.check(policy, Project((policy,), frozenset()))) == []
    assert len(list(policy_severity.check(policy, Project((policy,))))) == 1
