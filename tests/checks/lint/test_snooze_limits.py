"""snooze-limits: 16 policies pass, 17 do not."""

from __future__ import annotations

import json

from tests.checks.lint.bodies import snooze
from tests.checks.lint.conftest import Findings


def of(number: int) -> str:
    return json.dumps(snooze(criteria={"policies": [f"projects/p/alertPolicies/{one}" for one in range(number)]}))


def test_16_policies_pass_and_17_do_not(findings: Findings) -> None:
    assert findings("snooze-limits", of(16)) == []
    (finding,) = findings("snooze-limits", of(17))
    assert finding.severity == "error"
    assert "policies has 17 entries; at most 16" in finding.message


def test_512_characters_pass_and_513_do_not(findings: Findings) -> None:
    assert findings("snooze-limits", json.dumps(snooze(displayName="a" * 512))) == []
    assert len(findings("snooze-limits", json.dumps(snooze(displayName="a" * 513)))) == 1
