"""missing-data-duration: a minute passes, 59 seconds and no duration do not."""

from __future__ import annotations

import pytest

from tests.checks.lint.conftest import Findings

INACTIVE = "EVALUATION_MISSING_DATA_INACTIVE"


def policy(duration: str, setting: str = INACTIVE, type_: str = "conditionThreshold") -> str:
    return f"""displayName: runs
combiner: OR
conditions:
  - displayName: runs
    {type_}:
      duration: {duration}
      evaluationMissingData: {setting}
"""


@pytest.mark.parametrize(
    "text",
    [
        policy("60s"),
        policy("86400s", "EVALUATION_MISSING_DATA_ACTIVE"),
        policy("0s", "EVALUATION_MISSING_DATA_UNSPECIFIED"),
        policy("0s", "[1]"),
        policy("soon"),
        policy("0s", type_="conditionAbsent"),
        policy("60s", type_="conditionMonitoringQueryLanguage"),
    ],
)
def test_a_minute_or_no_setting_passes(findings: Findings, text: str) -> None:
    assert findings("missing-data-duration", text) == []


@pytest.mark.parametrize(
    "text",
    [
        policy("0s"),
        policy("59s"),
        policy("0s", "EVALUATION_MISSING_DATA_ACTIVE"),
        policy("0s", "EVALUATION_MISSING_DATA_NO_OP"),
        policy("0s", type_="conditionMonitoringQueryLanguage"),
        policy("0s").replace("duration: 0s", "thresholdValue: 1"),
    ],
)
def test_a_setting_without_a_minute_is_an_error_there(findings: Findings, text: str) -> None:
    (finding,) = findings("missing-data-duration", text)
    assert (finding.severity, finding.line) == ("error", 7)
    assert "60 s or more" in finding.message
    assert finding.remedy.startswith("write a duration")
