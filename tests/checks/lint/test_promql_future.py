"""promql-future: nothing that is later than an evaluation is there."""

from __future__ import annotations

import pytest

from tests.checks.lint.conftest import Findings
from tests.checks.lint.promql_policies import QUERY_LINE, policy


@pytest.mark.parametrize(
    "query",
    [
        "sum(rate(requests_total[1h])) > 1",
        "sum(rate(requests_total[1h] offset 5m)) > 1",
        "max_over_time(sum(rate(requests_total[1h] offset -5m))[10m:1m] offset 5m) > 1",
        "this is not PromQL",
    ],
)
def test_what_looks_back_passes(findings: Findings, query: str) -> None:
    assert findings("promql-future", policy(query)) == []


@pytest.mark.parametrize(
    ("query", "seconds"),
    [
        ("sum(rate(requests_total[1h] offset -5m)) > 1", 300),
        ("requests_total offset -1s > 1", 1),
        ("max_over_time(sum(rate(requests_total[1h]))[10m:1m] offset -2m) > 1", 120),
        ("topk(scalar(sum(limits offset -1h)), requests_total) > 1", 3600),
    ],
)
def test_what_looks_ahead_is_an_error_at_the_query(findings: Findings, query: str, seconds: int) -> None:
    (finding,) = findings("promql-future", policy(query))
    assert (finding.severity, finding.line) == ("error", QUERY_LINE)
    assert f"reads {seconds} s ahead" in finding.message
