"""condition-duration: whole minutes pass, a second more or less does not."""

from __future__ import annotations

import pytest

from tests.checks.lint.conftest import Findings

PROMQL, THRESHOLD, MQL = (
    "conditionPrometheusQueryLanguage",
    "conditionThreshold",
    "conditionMonitoringQueryLanguage",
)


def policy(type_: str, duration: str) -> str:
    return f"""displayName: runs
combiner: OR
conditions:
  - displayName: runs
    {type_}:
      query: up == 0
      duration: {duration}
"""


@pytest.mark.parametrize("type_", [PROMQL, THRESHOLD, MQL])
@pytest.mark.parametrize("duration", ["0s", "60s", "120.0s", "86400s", "300", "[]", "${duration}", "'{{ d }}s'"])
def test_whole_minutes_and_what_cannot_be_judged_pass(findings: Findings, type_: str, duration: str) -> None:
    assert findings("condition-duration", policy(type_, duration)) == []


def test_absence_and_no_duration_pass(findings: Findings) -> None:
    assert findings("condition-duration", policy("conditionAbsent", "90s")) == []
    assert findings("condition-duration", policy(PROMQL, "0s").replace("      duration: 0s\n", "")) == []


@pytest.mark.parametrize("type_", [PROMQL, THRESHOLD, MQL])
@pytest.mark.parametrize(
    ("duration", "remedy"),
    [
        ("1s", "0s or 60s"),
        ("59s", "0s or 60s"),
        ("61s", "60s or 120s"),
        ("90s", "60s or 120s"),
        ("300.5s", "300s or 360s"),
    ],
)
def test_a_second_more_or_less_is_an_error_at_the_duration(
    findings: Findings, type_: str, duration: str, remedy: str
) -> None:
    (finding,) = findings("condition-duration", policy(type_, duration))
    assert (finding.severity, finding.line) == ("error", 7)
    assert duration.removesuffix("s") in finding.message
    assert remedy in finding.remedy


@pytest.mark.parametrize("duration", ["5m", "'60'", "''", "1h30m", "soon", "9" * 400 + "s"])
def test_what_is_no_length_of_time_is_the_finding_of_another_rule(findings: Findings, duration: str) -> None:
    assert findings("condition-duration", policy(PROMQL, duration)) == []
    (finding,) = findings("wrong-type", policy(PROMQL, duration))
    assert finding.line == 7


def test_a_negative_duration_is_an_error(findings: Findings) -> None:
    assert len(findings("condition-duration", policy(PROMQL, "-60s"))) == 1
