"""promql-counter-function: counting by the minute passes, reading the minutes as a growing counter does not."""

from __future__ import annotations

import pytest

from tests.checks.lint.conftest import Findings
from tests.checks.lint.promql_policies import QUERY_LINE, metric, policy, selector, total


@pytest.mark.parametrize(
    "query",
    [
        total("runs") + " > 1",
        f"count_over_time({selector('runs')}[1h]) > 1",
        "increase(up_total[1h]) > 1",
        "rate(logging_googleapis_com:log_entry_count[5m]) > 1",
        f"deriv({total('runs')}[6h:10m]) > 1",
        "rate(",
    ],
)
def test_sums_and_other_metrics_pass(findings: Findings, query: str) -> None:
    assert findings("promql-counter-function", policy(query)) == []


@pytest.mark.parametrize("function", ["rate", "irate", "increase", "resets", "delta", "idelta", "deriv"])
@pytest.mark.parametrize("name", ["runs", "runs_count", "runs_sum", "runs_bucket"])
def test_a_counter_function_is_a_warning_at_the_query(findings: Findings, function: str, name: str) -> None:
    (finding,) = findings("promql-counter-function", policy(f"sum({function}({selector(name)}[1h])) > 1"))
    assert (finding.severity, finding.line) == ("warning", QUERY_LINE)
    assert f"{function}()" in finding.message
    assert "sum_over_time()" in finding.remedy


RATE = f"sum by (le) (rate({selector('latency_bucket')}[30m]))"


@pytest.mark.parametrize(
    "query",
    [
        f"histogram_quantile(0.95, {RATE}) > 2",
        f"max(histogram_quantile(0.5, {RATE})) > 2 or histogram_quantile(0.99, {RATE}) > 9",
        f"sum(rate({selector('failed')}[5m])) / sum(rate({selector('runs')}[5m])) > 0.1",
        f"100 * (sum(increase({selector('failed')}[1h])) / sum(increase({selector('runs')}[1h]))) > 5",
    ],
)
def test_where_the_factor_cancels_out_there_is_no_finding(findings: Findings, query: str) -> None:
    assert findings("promql-counter-function", policy(query)) == []


@pytest.mark.parametrize(
    "query",
    [
        f"sum(rate({selector('failed')}[5m])) / sum(rate({selector('runs')}[10m])) > 0.1",
        f"sum(rate({selector('failed')}[5m])) / sum(increase({selector('runs')}[5m])) > 0.1",
        f"sum(rate({selector('failed')}[5m])) / sum(sum_over_time({selector('runs')}[5m])) > 0.1",
        f"sum(rate({selector('failed')}[5m])) / 300 > 0.1",
        f"histogram_quantile(0.95, {RATE}) > 2 and sum(rate({selector('runs')}[5m])) > 1",
    ],
)
def test_where_it_does_not_there_is_one(findings: Findings, query: str) -> None:
    assert findings("promql-counter-function", policy(query))


def test_the_quoted_name_and_a_defined_metric_are_seen_too(findings: Findings) -> None:
    query = '1 < increase({"logging.googleapis.com/user/loyalty/runs"}[1h])'
    (finding,) = findings("promql-counter-function", policy(query) + metric("loyalty/runs"))
    assert "logging_googleapis_com:user_loyalty_runs" in finding.message


def test_a_metric_that_is_read_twice_is_told_once(findings: Findings) -> None:
    query = f"increase({selector('runs')}[1h]) > 1 and increase({selector('runs')}[5m]) > 1"
    assert len(findings("promql-counter-function", policy(query))) == 1
