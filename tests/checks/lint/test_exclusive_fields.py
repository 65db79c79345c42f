"""exclusive-fields: one of the alternatives passes, a second one is an error there."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.checks.lint.bodies import chart, dashboard, metric, policy, threshold
from tests.checks.lint.conftest import Findings

TEXT = {"text": {"content": "a"}}


@pytest.mark.parametrize(
    "body", [policy(), dashboard(), dashboard({**chart(), "text": None}), metric(bucketOptions={"linearBuckets": None})]
)
def test_one_passes_also_beside_null(findings: Findings, body: dict[str, Any]) -> None:
    assert findings("exclusive-fields", json.dumps(body)) == []


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (policy({**threshold(), "conditionAbsent": {}}), "'conditionAbsent' stands beside 'conditionThreshold'"),
        (dashboard({**chart(), **TEXT}), "'text' stands beside 'xyChart'"),
        (dashboard(gridLayout={"widgets": [TEXT]}), "'gridLayout' stands beside 'mosaicLayout'"),
        (metric(bucketOptions={"linearBuckets": {}, "explicitBuckets": {}}), "'explicitBuckets' stands beside"),
        (policy(threshold(trigger={"count": 1, "percent": 50})), "'percent' stands beside 'count'"),
        (policy(display_name="b"), "'display_name' and 'displayName' are the same field"),
    ],
)
def test_two_are_an_error(findings: Findings, body: dict[str, Any], said: str) -> None:
    (finding,) = findings("exclusive-fields", json.dumps(body))
    assert (finding.severity, finding.remedy) == ("error", "keep one of them")
    assert said in finding.message
