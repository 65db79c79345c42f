"""dashboard-promql-syntax: variables are filled in; what cannot be read then is an error."""

from __future__ import annotations

import pytest

from tests.checks.lint.boards import FIRST_LINE, board, chart
from tests.checks.lint.conftest import Findings

FILTERS = [{"filterType": "METRIC_LABEL", "labelKey": "merchant_id", "templateVariable": "merchant"}]


@pytest.mark.parametrize(
    "query",
    [
        "sum(sum_over_time(x[1h]))",
        'sum(x{a="b", ${merchant}})',
        'sum(x{merchant_id=~"${merchant.value}"})',
        "sum(sum_over_time(x[${__interval}]))",
        "sum(rate(x[$__rate_interval]))",
        "topk(${count.value}, x)",
        "sum_over_time(x[${window.value}])",
        "sum(${metric.value})",
        "sum(metric_${name}_total)",
        "sum(x{${var.filter}})",
        "sum(x{{ filter }})",
        "sum(<<metric>>)",
        'x{a=~"\\\\Qa.b\\\\E"}',
        "+".join(["x"] * 400),
        "",
        " ",
    ],
)
def test_what_can_be_read_or_cannot_be_judged_passes(findings: Findings, query: str) -> None:
    assert findings("dashboard-promql-syntax", board(chart(query), dashboardFilters=FILTERS)) == []


def test_other_shapes_pass(findings: Findings) -> None:
    widgets = [
        {"title": "a", "xyChart": {"dataSets": [{"timeSeriesQuery": {"prometheusQuery": one}}]}} for one in (1, [])
    ]
    text = board(*widgets, {"scorecard": {"timeSeriesQuery": {}}}, dashboardFilters=[1, {"templateVariable": []}])
    assert findings("dashboard-promql-syntax", text) == []


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("sum by (task (x)", "cannot be read"),
        ("x{", "cannot be read"),
        ("foo(x)", "unknown function"),
        ("rate(x)", "cannot be read"),
        ("x{${merchant}}}", "cannot be read"),
        ("sum(${merchant}", "cannot be read"),
        ("x &", "cannot be read"),
        ('sort_by_label(x, "a")', "sort_by_label() does not exist in Prometheus 2.44"),
        ("x > 1 or sum(mad_over_time(x[1h]))", "mad_over_time() does not exist"),
    ],
)
def test_what_cannot_is_an_error_at_the_query(findings: Findings, query: str, said: str) -> None:
    (finding,) = findings("dashboard-promql-syntax", board(chart("up"), chart(query), dashboardFilters=FILTERS))
    assert (finding.severity, finding.line) == ("error", FIRST_LINE + 1)
    assert said in finding.message
    assert finding.remedy
