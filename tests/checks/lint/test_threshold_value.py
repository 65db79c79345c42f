"""threshold-value: a written 0 passes, a missing threshold does not."""

from __future__ import annotations

import pytest

from tests.checks.lint.conftest import Findings


def policy(line: str, type_: str = "conditionThreshold") -> str:
    return f"""displayName: runs
combiner: OR
conditions:
  - displayName: runs
    {type_}:
      comparison: COMPARISON_GT
      {line}
"""


@pytest.mark.parametrize(
    "text",
    [
        policy("thresholdValue: 0"),
        policy("thresholdValue: 0.05"),
        policy('thresholdValue: "5"'),
        policy("duration: 120s", "conditionAbsent"),
    ],
)
def test_a_written_threshold_passes(findings: Findings, text: str) -> None:
    assert findings("threshold-value", text) == []


@pytest.mark.parametrize("line", ["duration: 0s", "thresholdvalue: 5"])
def test_no_threshold_is_a_warning_at_the_condition(findings: Findings, line: str) -> None:
    (finding,) = findings("threshold-value", policy(line))
    assert (finding.severity, finding.line) == ("warning", 5)
    assert "compares with 0" in finding.message
    assert finding.remedy == "write the threshold, also where it is meant to be 0"


@pytest.mark.parametrize("value", ["NaN", '"NaN"', '"Infinity"', '"-Infinity"'])
def test_a_threshold_that_is_no_number_tells_no_numbers_apart(findings: Findings, value: str) -> None:
    (finding,) = findings("threshold-value", policy(f"thresholdValue: {value}"))
    assert (finding.severity, finding.line) == ("warning", 7)
    assert f"compares with {value.strip(chr(34))}" in finding.message
