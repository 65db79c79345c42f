"""threshold-late-points: 5 minutes pass, 4 do not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.checks.lint.bodies import log_based, policy, threshold
from tests.checks.lint.conftest import Findings


def condition(period: Any, duration: str = "0s", filter_: str = log_based("shop/errors")) -> dict[str, Any]:
    aggregations = [{"alignmentPeriod": period, "perSeriesAligner": "ALIGN_DELTA"}]
    return threshold(filter=filter_, duration=duration, aggregations=aggregations)


@pytest.mark.parametrize(
    "written",
    [
        condition("300s"),
        condition("60s", "240s"),
        condition("${period}"),
        condition(None),
        condition("60s", filter_='metric.type="run.googleapis.com/request_count"'),
    ],
)
def test_5_minutes_and_other_metrics_pass(findings: Findings, written: dict[str, Any]) -> None:
    assert findings("threshold-late-points", json.dumps(policy(written))) == []


@pytest.mark.parametrize("written", [condition("60s"), condition("240s"), condition("60s", "180s")])
def test_4_minutes_are_a_warning(findings: Findings, written: dict[str, Any]) -> None:
    (finding,) = findings("threshold-late-points", json.dumps(policy(written)))
    assert finding.severity == "warning"
    assert "come 1 to 4 minutes late" in finding.message
