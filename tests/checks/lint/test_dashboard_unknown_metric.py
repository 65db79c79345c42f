"""dashboard-unknown-metric: what the files define passes, in each form of its name."""

from __future__ import annotations

import json

import pytest

from tests.checks.lint.boards import FIRST_LINE, board, chart
from tests.checks.lint.bodies import dashboard, filter_chart, log_based
from tests.checks.lint.bodies import metric as counter
from tests.checks.lint.conftest import Findings

METRIC = "---\nname: loyalty/runs.done\nfilter: severity = ERROR\n"
NAME = "logging_googleapis_com:user_loyalty_runs_done"


@pytest.mark.parametrize(
    "query",
    [
        f"sum(sum_over_time({NAME}[1h]))",
        f"sum(sum_over_time({NAME}_sum[1h])) / sum(sum_over_time({NAME}_count[1h]))",
        f"histogram_quantile(0.9, sum by (le) (sum_over_time({NAME}_bucket[1h])))",
        'sum({"logging.googleapis.com/user/loyalty/runs.done"})',
        "up + logging_googleapis_com:byte_count",
        "sum(logging_googleapis_com:user_${name.value})",
        "sum(",
    ],
)
def test_defined_and_other_metrics_pass(findings: Findings, query: str) -> None:
    assert findings("dashboard-unknown-metric", board(chart(query)) + METRIC) == []


def test_nothing_is_known_without_metrics(findings: Findings) -> None:
    assert findings("dashboard-unknown-metric", board(chart("sum(logging_googleapis_com:user_other)"))) == []


@pytest.mark.parametrize(
    ("query", "name"),
    [
        (f"sum({NAME}x)", f"{NAME}x"),
        (f"sum({NAME}_total)", f"{NAME}_total"),
        ('sum({"logging.googleapis.com/user/loyalty/runs"})', "logging_googleapis_com:user_loyalty_runs"),
        (
            "sum(logging_googleapis_com:user_b{${a}}) / sum(logging_googleapis_com:user_b)",
            "logging_googleapis_com:user_b",
        ),
    ],
)
def test_what_is_not_defined_is_an_error_at_the_query(findings: Findings, query: str, name: str) -> None:
    (finding,) = findings("dashboard-unknown-metric", board(chart("up"), chart(query)) + METRIC)
    assert (finding.severity, finding.line) == ("error", FIRST_LINE + 1)
    assert finding.message == f"no log-based metric of these files is named {name}"
    assert NAME in finding.remedy


@pytest.mark.parametrize(("name", "count"), [("shop/errors", 0), ("shop/error", 1), ("${metric}", 0)])
def test_so_are_those_of_a_filter(findings: Findings, name: str, count: int) -> None:
    query = {"numerator": {"filter": log_based("shop/errors")}, "denominator": {"filter": log_based(name)}}
    board_ = dashboard(filter_chart(timeSeriesFilterRatio=query))
    found = findings("dashboard-unknown-metric", json.dumps([counter(), board_]))
    assert ["did you mean 'shop/errors'" in one.remedy for one in found] == [True] * count
