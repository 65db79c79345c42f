"""promql-late-points: a window of 5 minutes passes, one of 4 does not."""

from __future__ import annotations

import pytest

from tests.checks.lint.conftest import Findings
from tests.checks.lint.promql_policies import QUERY_LINE, policy, selector, total


@pytest.mark.parametrize(
    "query",
    [
        total("runs", "5m") + " > 1",
        f"max_over_time((sum(sum_over_time({selector('runs')}[1m])))[12m:1m]) > 1",
        f"sum(sum_over_time({selector('runs')}[1m] offset 10m)) > 1",
        "sum(rate(up_total[1m])) > 1",
        f"{selector('runs')} > 1",
        "sum(",
    ],
)
def test_5_minutes_and_other_metrics_pass(findings: Findings, query: str) -> None:
    assert findings("promql-late-points", policy(query)) == []


@pytest.mark.parametrize("window", ["1m", "2m", "4m"])
def test_4_minutes_are_a_warning_at_the_query(findings: Findings, window: str) -> None:
    (finding,) = findings("promql-late-points", policy(total("runs", window) + " > 1"))
    assert (finding.severity, finding.line) == ("warning", QUERY_LINE)
    assert "come 1 to 4 minutes late" in finding.message
