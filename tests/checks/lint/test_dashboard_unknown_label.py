"""dashboard-unknown-label: labels of the metric pass in a chart, those that it does not have do not."""

from __future__ import annotations

import pytest

from tests.checks.lint.boards import FIRST_LINE, board, chart
from tests.checks.lint.conftest import Findings
from tests.checks.lint.promql_policies import metric, selector

RUNS = metric("runs", "task", "store")
A, TEAM = selector("runs"), selector("runs", 'team="a"')


@pytest.mark.parametrize(
    "query",
    [
        f"sum by (task, store) (sum_over_time({A}[1h]))",
        f"sum by (pod_name) (sum_over_time({A}[${{__interval}}]))",
        f'label_replace({A}, "team", "$1", "store", "(.).*")',
        "sum by (team) (up)",
        "sum by (team",
    ],
)
def test_labels_that_are_there_or_may_be_pass(findings: Findings, query: str) -> None:
    assert findings("dashboard-unknown-label", board(chart(query)) + RUNS) == []


@pytest.mark.parametrize(
    ("query", "said"),
    [
        (f"sum by (team) (sum_over_time({A}[1h]))", "`by (team)`"),
        (f"sum(sum_over_time({TEAM}[${{__interval}}]))", "has no label 'team'"),
    ],
)
def test_a_label_that_no_metric_there_has_is_an_error_at_the_query(findings: Findings, query: str, said: str) -> None:
    (finding,) = findings("dashboard-unknown-label", board(chart("up"), chart(query)) + RUNS)
    assert (finding.severity, finding.line) == ("error", FIRST_LINE + 1)
    assert said in finding.message
    assert "labelExtractors" in finding.remedy
