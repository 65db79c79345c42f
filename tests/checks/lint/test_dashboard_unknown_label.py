"""dashboard-unknown-label: labels of the metric pass in a chart, those that it does not have do not."""

from __future__ import annotations

import json

import pytest

from tests.checks.lint.boards import FIRST_LINE, board, chart
from tests.checks.lint.bodies import dashboard, filter_chart, log_based
from tests.checks.lint.bodies import metric as counter
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


@pytest.mark.parametrize(
    ("more", "fields", "said"),
    [
        ("", ["metric.label.step", "resource.labels.pod_name", "${by}", "resource.type"], None),
        ('AND NOT metric.labels.step = starts_with("metric.labels.x")', [], None),
        ('AND (metric.labels.step="a" OR metric.label."stepp"="b")', [], "matches metric.labels.stepp"),
        ("", ['metric.label."stepp"'], "groups by metric.labels.stepp"),
        ("", ["resource.label.revision_name"], "groups by resource.labels.revision_name"),
    ],
)
def test_so_are_those_of_a_filter(findings: Findings, more: str, fields: list[str], said: str | None) -> None:
    query = {"filter": f"{log_based('shop/errors')} {more}", "aggregation": {"groupByFields": fields}}
    found = findings(
        "dashboard-unknown-label", json.dumps([counter(), dashboard(filter_chart(timeSeriesFilter=query))])
    )
    assert [said in one.message for one in found if said] == ([True] if said else [])
    assert len(found) == (said is not None)
