"""policy-channel: a channel or a disabled policy passes, and our own get theirs at deployment."""

from __future__ import annotations

from pathlib import Path

import pytest

from loyalty_monitoring.checks.lint.rule import Project, Resource
from loyalty_monitoring.checks.lint.rules import policy_channel
from loyalty_monitoring.common.yaml_documents import load_documents
from tests.checks.lint.conftest import Findings

POLICY = "displayName: runs\ncombiner: OR\nconditions: []\n"


@pytest.mark.parametrize(
    "line",
    [
        "notificationChannels: [projects/p/notificationChannels/1]",
        'notificationChannels: ["${channel}"]',
        "notificationChannels: ${channels}",
        "enabled: false",
    ],
)
def test_a_channel_and_a_disabled_policy_pass(findings: Findings, line: str) -> None:
    assert findings("policy-channel", f"{POLICY}{line}\n") == []


@pytest.mark.parametrize(
    ("text", "line"),
    [(POLICY, 1), (f"{POLICY}notificationChannels: []\n", 4), (f"{POLICY}enabled: true\n", 1)],
)
def test_no_channel_is_a_warning(findings: Findings, text: str, line: int) -> None:
    (finding,) = findings("policy-channel", text)
    assert (finding.severity, finding.line) == ("warning", line)
    assert "reach nobody" in finding.message
    assert finding.remedy.startswith("write notificationChannels")


def test_our_own_policies_get_their_channels_at_deployment(tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text(POLICY)
    (document,) = load_documents(file)
    policy = Resource("alert_policy", document.data, document)
    assert list(policy_channel.check(policy, Project((policy,), frozenset()))) == []
