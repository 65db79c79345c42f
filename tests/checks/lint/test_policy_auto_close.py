"""policy-auto-close: up to 7 days pass."""

from __future__ import annotations

import json

import pytest

from tests.checks.lint.bodies import policy
from tests.checks.lint.conftest import Findings


@pytest.mark.parametrize("wait", ["1800s", "604800s", "soon", None])
def test_up_to_7_days_pass(findings: Findings, wait: str | None) -> None:
    assert findings("policy-auto-close", json.dumps(policy(alertStrategy={"autoClose": wait}))) == []


def test_a_second_more_is_a_warning(findings: Findings) -> None:
    (finding,) = findings("policy-auto-close", json.dumps(policy(alertStrategy={"autoClose": "604801s"})))
    assert finding.severity == "warning"
    assert "604801 s" in finding.message
