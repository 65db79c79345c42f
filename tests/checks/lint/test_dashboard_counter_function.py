"""dashboard-counter-function: sums pass, rates over counts of minutes do not."""

from __future__ import annotations

import pytest

from tests.checks.lint.boards import FIRST_LINE, board, chart
from tests.checks.lint.conftest import Findings


@pytest.mark.parametrize(
    "query",
    [
        "sum(sum_over_time(logging_googleapis_com:user_runs[1h]))",
        "sum(rate(other_total[1h]))",
        "sum(rate(logging_googleapis_com:byte_count[1h]))",
        "max_over_time(logging_googleapis_com:user_runs[1h])",
        "deriv(sum(sum_over_time(logging_googleapis_com:user_runs[5m]))[1h:5m])",
        "rate(logging_googleapis_com:user_runs",
        "histogram_quantile(0.9, sum by (le) (rate(logging_googleapis_com:user_runs_bucket[1h])))",
    ],
)
def test_sums_and_real_counters_pass(findings: Findings, query: str) -> None:
    assert findings("dashboard-counter-function", board(chart(query))) == []


@pytest.mark.parametrize(
    ("query", "function"),
    [
        ("rate(logging_googleapis_com:user_runs[1h])", "rate()"),
        ("sum by (a) (increase(logging_googleapis_com:user_runs{${a}}[1h])) > 0", "increase()"),
        ("sum by (le) (irate(logging_googleapis_com:user_runs_bucket[1h]))", "irate()"),
        ('delta({"logging.googleapis.com/user/runs"}[1h])', "delta()"),
        ('delta({__name__="logging.googleapis.com/user/runs"}[1h])', "delta()"),
        ("up + resets(logging_googleapis_com:user_runs[1h])", "resets()"),
    ],
)
def test_functions_for_counters_are_a_warning_at_the_query(findings: Findings, query: str, function: str) -> None:
    (finding,) = findings("dashboard-counter-function", board(chart("up"), chart(query)))
    assert (finding.severity, finding.line) == ("warning", FIRST_LINE + 1)
    assert finding.message.startswith(f"{function} over the per-minute counts of logging_googleapis_com:user_runs")
    assert "sum_over_time()" in finding.remedy
