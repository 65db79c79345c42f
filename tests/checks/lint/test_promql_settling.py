"""promql-settling: several metrics are compared once they have settled; one metric's own numbers arrive together."""

from __future__ import annotations

import pytest

from tests.checks.lint.conftest import Findings
from tests.checks.lint.promql_policies import QUERY_LINE, policy, selector, total

MATCHER = 'status="failed"'


def settled(name: str, offset: str = "10m") -> str:
    return f"sum(sum_over_time({selector(name)}[1h] offset {offset}))"


@pytest.mark.parametrize(
    "query",
    [
        f"{settled('failed')} / {settled('total')} > 0.05",
        f"{settled('failed', '241s')} / {settled('total', '5m')} > 0.05",
        f"max_over_time(({total('failed')} / {total('total')})[1h:1m] offset 10m) > 0.05",
        f"{total('run_sum')} / {total('run_count')} > 5",
        f"{total('failed', '1h', MATCHER)} / {total('failed')} > 0.05",
        f"{total('failed')} > 5 and {total('total')} > 5",
        f"{total('failed')} + {total('total')} > 5",
        f"{total('failed')} / scalar(count(up)) > 5",
    ],
)
def test_what_has_settled_or_arrives_together_passes(findings: Findings, query: str) -> None:
    assert findings("promql-settling", policy(query)) == []


@pytest.mark.parametrize(
    ("query", "called"),
    [
        (f"{total('failed')} / {total('total')} > 0.05", "a ratio"),
        (f"{total('failed_sum')} / {total('total_sum')} > 0.05", "a ratio"),
        (f"{total('started')} - {total('ended')} > 5", "a difference"),
        (f"{total('few')} < 5 unless {total('excepted')} > 0", "an exception"),
        (f"{settled('failed')} / {total('total')} > 0.05", "a ratio"),
        (f"{settled('failed', '4m')} / {settled('total', '4m')} > 0.05", "a ratio"),
    ],
)
def test_what_arrives_one_by_one_is_a_warning_at_the_query(findings: Findings, query: str, called: str) -> None:
    (finding,) = findings("promql-settling", policy(query))
    assert (finding.severity, finding.line) == ("warning", QUERY_LINE)
    assert finding.message.startswith(called)


@pytest.mark.parametrize(("duration", "said"), [("240s", 1), ("300s", 0), ("600s", 0)])
def test_a_duration_lets_them_settle_as_well(findings: Findings, duration: str, said: int) -> None:
    query = f"{total('failed')} / {total('total')} > 0.05"
    assert len(findings("promql-settling", policy(query, f"duration: {duration}"))) == said
