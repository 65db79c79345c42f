"""promql-offset-echo: one moment of the past is no yardstick, several are."""

from __future__ import annotations

import pytest

from tests.checks.lint.conftest import Findings
from tests.checks.lint.promql_policies import QUERY_LINE, policy

NOW = "sum(rate(requests_total[1h]))"


def before(offset: str) -> str:
    return f"sum(rate(requests_total[1h] offset {offset}))"


@pytest.mark.parametrize(
    "query",
    [
        f"{NOW} > 100",
        f"{NOW} > 2 * ({before('1w')} + {before('2w')}) / 2",
        f"{before('10m')} / sum(rate(others_total[1h] offset 10m)) > 0.5",
        f"{before('10m')} / {before('10m')} > 0.5",
        f"{NOW} and {before('1w')}",
        "this is not PromQL",
    ],
)
def test_other_comparisons_pass(findings: Findings, query: str) -> None:
    assert findings("promql-offset-echo", policy(query)) == []


@pytest.mark.parametrize(
    "query",
    [
        f"{NOW} > 2 * {before('1w')}",
        f"{NOW} / {before('1w')} < 0.5",
        f"abs({NOW} - {before('1d')}) > 10",
        f"{before('10m')} > 2 * {before('1w')}",
        f"({NOW} > 2 * {before('1w')}) and vector(1) > 0",
    ],
)
def test_one_moment_of_the_past_is_a_warning_at_the_query(findings: Findings, query: str) -> None:
    (finding,) = findings("promql-offset-echo", policy(query))
    assert (finding.severity, finding.line) == ("warning", QUERY_LINE)
    assert "fires again" in finding.message
