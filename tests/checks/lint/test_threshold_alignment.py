"""threshold-alignment: a minute to 25 hours in whole minutes pass, where there is an aligner."""

from __future__ import annotations

import pytest

from tests.checks.lint.conftest import Findings


def policy(aggregation: str, key: str = "aggregations", type_: str = "conditionThreshold") -> str:
    return f"""displayName: runs
combiner: OR
conditions:
  - displayName: runs
    {type_}:
      {key}:
        - perSeriesAligner: ALIGN_NONE
        - {aggregation}
"""


def aligned(period: str) -> str:
    return f"{{perSeriesAligner: ALIGN_DELTA, alignmentPeriod: {period}}}"


@pytest.mark.parametrize(
    "text",
    [
        policy(aligned("60s")),
        policy(aligned("90000s")),
        policy(aligned("90000s"), "denominatorAggregations"),
        policy(aligned("300s"), type_="conditionAbsent"),
        policy(aligned("5m")),
        policy("{alignmentPeriod: 30s}"),
        policy("{perSeriesAligner: ALIGN_NONE, alignmentPeriod: 999999s}"),
        policy("{crossSeriesReducer: REDUCE_SUM}"),
        policy("not an aggregation"),
        policy(aligned("30s"), type_="conditionOfTomorrow"),
    ],
)
def test_whole_minutes_up_to_25_hours_and_ignored_periods_pass(findings: Findings, text: str) -> None:
    assert findings("threshold-alignment", text) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (policy(aligned("59s")), "aligns to 59 s"),
        (policy(aligned("30s")), "60 s to 90,000 s"),
        (policy(aligned("90001s")), "60 s to 90,000 s"),
        (policy(aligned("90060s")), "aligns to 90060 s"),
        (policy(aligned("604800s"), "denominatorAggregations"), "90,000 s (25 h)"),
        (policy(aligned("30s"), type_="conditionAbsent"), "aligns to 30 s"),
        (policy(aligned("61s")), "not a whole number of minutes"),
        (policy(aligned("450s")), "not a whole number of minutes"),
        (policy("{perSeriesAligner: ALIGN_RATE}"), "no alignmentPeriod"),
    ],
)
def test_shorter_longer_finer_and_none_are_errors_at_the_period(findings: Findings, text: str, said: str) -> None:
    (finding,) = findings("threshold-alignment", text)
    assert (finding.severity, finding.line) == ("error", 8)
    assert said in finding.message
    assert finding.remedy.startswith("write ")
