"""log-match-rate-limit: a log match has one, a policy on metrics has none."""

from __future__ import annotations

import pytest

from tests.checks.lint.conftest import Findings


def policy(type_: str, strategy: str) -> str:
    return f"""displayName: runs
combiner: OR
conditions:
  - displayName: runs
    {type_}:
      filter: jsonPayload.event="a"
alertStrategy:
  {strategy}
"""


LIMITED = "notificationRateLimit: {period: 300s}"
NONE = "autoClose: 3600s"


@pytest.mark.parametrize(
    "text",
    [
        policy("conditionMatchedLog", LIMITED),
        policy("conditionThreshold", NONE),
        policy("conditionSql", LIMITED),
        policy("conditionOfTomorrow", LIMITED),
    ],
)
def test_a_limit_beside_a_log_match_and_none_elsewhere_pass(findings: Findings, text: str) -> None:
    assert findings("log-match-rate-limit", text) == []


@pytest.mark.parametrize("strategy", [NONE, "notificationRateLimit: {}", "notificationRateLimit: 5"])
def test_a_log_match_without_a_period_is_an_error_at_the_condition(findings: Findings, strategy: str) -> None:
    (finding,) = findings("log-match-rate-limit", policy("conditionMatchedLog", strategy))
    assert (finding.severity, finding.line) == ("error", 5)
    assert "which it needs" in finding.message
    assert finding.remedy.startswith("write one")


@pytest.mark.parametrize(
    "type_",
    [
        "conditionThreshold",
        "conditionAbsent",
        "conditionPrometheusQueryLanguage",
        "conditionMonitoringQueryLanguage",
    ],
)
def test_a_limit_on_metrics_is_an_error_at_the_limit(findings: Findings, type_: str) -> None:
    (finding,) = findings("log-match-rate-limit", policy(type_, LIMITED))
    assert (finding.severity, finding.line) == ("error", 8)
    assert finding.remedy.startswith("remove it")
