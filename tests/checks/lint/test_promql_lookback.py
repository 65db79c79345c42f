"""promql-lookback: 25 hours pass, a minute more does not."""

from __future__ import annotations

import pytest

from tests.checks.lint.conftest import Findings

METRIC = 'logging_googleapis_com:user_runs{monitored_resource="k8s_container"}'


def policy(query: str, duration: str = "0s") -> str:
    return f"""displayName: runs
combiner: OR
conditions:
  - displayName: runs
    conditionPrometheusQueryLanguage:
      query: |-
        {query}
      duration: {duration}
      evaluationInterval: 60s
"""


@pytest.mark.parametrize(
    "text",
    [
        policy(f"sum(sum_over_time({METRIC}[25h])) > 1"),
        policy(f"sum(sum_over_time({METRIC}[24h])) > 1", "3600s"),
        policy(f"max_over_time(sum(sum_over_time({METRIC}[1h]))[23h:1m] offset 1h) > 1"),
        policy("sum_over_time(other_metric[30d]) > 1"),
        policy("this is not PromQL"),
    ],
)
def test_up_to_25_hours_and_other_metrics_pass(findings: Findings, text: str) -> None:
    assert findings("promql-lookback", text) == []


@pytest.mark.parametrize(
    "text",
    [
        policy(f"sum(sum_over_time({METRIC}[1501m])) > 1"),
        policy(f"sum(sum_over_time({METRIC}[25h])) > 1", "60s"),
        policy(f"sum(sum_over_time({METRIC}[24h] offset 2h)) > 1"),
        policy(f"max_over_time(sum(sum_over_time({METRIC}[1h]))[25h:1m]) > 1"),
        policy(f"vector(1) > 0 and sum(sum_over_time({METRIC}[26h])) > 1"),
    ],
)
def test_a_minute_more_is_an_error_at_the_query(findings: Findings, text: str) -> None:
    (finding,) = findings("promql-lookback", text)
    assert finding.severity == "error"
    assert finding.line == 6
    assert "at most 25 h" in finding.message
    assert finding.remedy.startswith("log a fresh value")
