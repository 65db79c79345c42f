"""threshold-comparison: greater and less pass, everything else is refused."""

from __future__ import annotations

import pytest

from tests.checks.lint.conftest import Findings


def policy(line: str, type_: str = "conditionThreshold") -> str:
    return f"""displayName: runs
combiner: OR
conditions:
  - displayName: runs
    {type_}:
      thresholdValue: 5
      {line}
"""


@pytest.mark.parametrize(
    "text",
    [
        policy("comparison: COMPARISON_GT"),
        policy("comparison: COMPARISON_LT"),
        policy("comparison: [COMPARISON_GT]"),
        policy("comparison: ${comparison}"),
        policy("comparison: COMPARISON_GE", "conditionAbsent"),
    ],
)
def test_greater_and_less_and_what_is_no_comparison_pass(findings: Findings, text: str) -> None:
    assert findings("threshold-comparison", text) == []


@pytest.mark.parametrize(
    ("line", "at", "remedy"),
    [
        ("comparison: COMPARISON_GE", 7, "next lower threshold"),
        ("comparison: COMPARISON_LE", 7, "next higher threshold"),
        ("comparison: COMPARISON_EQ", 7, "write one of the two"),
        ("comparison: COMPARISON_UNSPECIFIED", 7, "write one of the two"),
        ('comparison: ">"', 7, "write one of the two"),
        ("duration: 0s", 5, "write `comparison: COMPARISON_GT`"),
    ],
)
def test_anything_else_is_an_error_at_the_comparison(findings: Findings, line: str, at: int, remedy: str) -> None:
    (finding,) = findings("threshold-comparison", policy(line))
    assert (finding.severity, finding.line) == ("error", at)
    assert remedy in finding.remedy
