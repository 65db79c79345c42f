"""metric-unused: a metric that a policy or a dashboard names passes, and so does one that stands alone."""

from __future__ import annotations

import pytest

from tests.checks.lint.conftest import Findings
from tests.checks.lint.metrics import metric

POLICY = """---
displayName: a policy
combiner: OR
conditions:
  - conditionPrometheusQueryLanguage:
      query: sum(sum_over_time({name}[1h])) > 1
"""
CHART = """---
displayName: a dashboard
gridLayout:
  widgets:
    - scorecard:
        timeSeriesQuery:
          timeSeriesFilter:
            filter: metric.type="{name}" resource.type="k8s_container"
"""


@pytest.mark.parametrize(
    "others",
    [
        "",
        POLICY.format(name="logging_googleapis_com:user_loyalty_stamps_sum"),
        POLICY.format(name="'{\"logging.googleapis.com/user/loyalty/stamps\"}'"),
        CHART.format(name="logging.googleapis.com/user/loyalty/stamps"),
        POLICY.format(name="other") + CHART.format(name="logging.googleapis.com/user/loyalty/stamps"),
    ],
)
def test_a_metric_that_is_read_or_stands_alone_passes(findings: Findings, others: str) -> None:
    assert findings("metric-unused", metric() + others) == []


@pytest.mark.parametrize(
    "others",
    [
        POLICY.format(name="logging_googleapis_com:user_loyalty_stamps_added"),
        CHART.format(name="logging.googleapis.com/user/loyalty/stamps/added"),
        CHART.format(name="custom.googleapis.com/loyalty/stamps"),
    ],
)
def test_a_metric_that_only_others_of_like_names_share_is_found(findings: Findings, others: str) -> None:
    (finding,) = findings("metric-unused", metric() + others)
    assert finding.severity == "warning"
    assert finding.line == 1
    assert "'loyalty/stamps'" in finding.message
