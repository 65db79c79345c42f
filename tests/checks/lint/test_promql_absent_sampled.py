"""promql-absent-sampled: 5 minutes may hold no visible sample, a little more or a duration does."""

from __future__ import annotations

import pytest

from tests.checks.lint.conftest import Findings
from tests.checks.lint.promql_policies import QUERY_LINE, policy


@pytest.mark.parametrize(
    "text",
    [
        policy("absent_over_time(up[6m])"),
        policy("absent_over_time(up[15m]) > 0"),
        policy("absent(up)", "duration: 300s"),
        policy("absent_over_time(up[5m])", "duration: 60s"),
        policy("sum(up) < 1"),
        policy("this is not PromQL"),
    ],
)
def test_longer_than_a_sample_can_take_passes(findings: Findings, text: str) -> None:
    assert findings("promql-absent-sampled", text) == []


@pytest.mark.parametrize(
    "text",
    [
        policy("absent(up)"),
        policy("absent_over_time(up[5m])"),
        policy("absent_over_time(up[1m])", "duration: 120s"),
        policy('vector(1) > 0 and absent(up{job="a"})'),
    ],
)
def test_five_minutes_or_less_are_a_warning_at_the_query(findings: Findings, text: str) -> None:
    (finding,) = findings("promql-absent-sampled", text)
    assert (finding.severity, finding.line) == ("warning", QUERY_LINE)
