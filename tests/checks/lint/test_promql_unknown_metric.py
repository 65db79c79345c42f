"""promql-unknown-metric: what the files define can be read, by the parts that it has."""

from __future__ import annotations

import pytest

from tests.checks.lint.conftest import Findings
from tests.checks.lint.promql_policies import QUERY_LINE, metric, policy, selector

COUNTER, DISTRIBUTION = metric("loyalty/runs"), metric("loyalty/seconds", distribution=True)


@pytest.mark.parametrize(
    "text",
    [
        policy(selector("loyalty_runs")) + COUNTER,
        policy('{"logging.googleapis.com/user/loyalty/runs"}') + COUNTER,
        policy(f"{selector('loyalty_seconds_sum')} / {selector('loyalty_seconds_count')} > 1") + DISTRIBUTION,
        policy(selector("loyalty_seconds_bucket")) + DISTRIBUTION + COUNTER,
        # A counter of such a name is no part of a distribution.
        policy(selector("runs_count")) + metric("runs_count"),
        policy(selector("runs_count")) + metric("runs_count") + metric("runs"),
        # Nothing is defined here, a template names what is, the type is not said, or the metric is Google's.
        policy(selector("elsewhere")),
        policy(selector("elsewhere")) + metric("${prefix}/runs"),
        policy(selector("loyalty_runs_sum")) + COUNTER.replace("INT64", "DOUBLE"),
        policy("logging_googleapis_com:log_entry_count > 1") + COUNTER,
        policy("sum(") + COUNTER,
    ],
)
def test_what_is_defined_or_cannot_be_known_passes(findings: Findings, text: str) -> None:
    assert findings("promql-unknown-metric", text) == []


@pytest.mark.parametrize(
    ("name", "said", "remedy"),
    [
        (
            "loyalty_run",
            "no log-based metric of these files",
            "did you mean 'logging_googleapis_com:user_loyalty_runs'",
        ),
        ("runs", "no log-based metric of these files", "define it"),
        ("loyalty_runs_total", "no log-based metric of these files", "define it"),
        ("loyalty_seconds", "is a distribution", "user_loyalty_seconds_count"),
        ("loyalty_runs_sum", "is a counter, which has no _sum", "read logging_googleapis_com:user_loyalty_runs"),
        ("loyalty_runs_count", "is a counter, which has no _count", "make it a distribution"),
        ("loyalty_runs_bucket", "is a counter, which has no _bucket", "make it a distribution"),
    ],
)
def test_what_is_not_defined_is_an_error_at_the_query(findings: Findings, name: str, said: str, remedy: str) -> None:
    query = f"{selector(name)} > 1 or {selector(name)} < 0"
    (finding,) = findings("promql-unknown-metric", policy(query) + COUNTER + DISTRIBUTION)
    assert (finding.severity, finding.line) == ("error", QUERY_LINE)
    assert said in finding.message
    assert remedy in finding.remedy
