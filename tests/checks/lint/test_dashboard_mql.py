"""dashboard-mql: PromQL and filters pass, MQL does not."""

from __future__ import annotations

from typing import Any

import pytest

from tests.checks.lint.boards import FIRST_LINE, board, chart
from tests.checks.lint.conftest import Findings

MQL = {"timeSeriesQueryLanguage": "fetch k8s_container::logging.googleapis.com/user/runs"}


def sets(type_: str, *queries: Any) -> dict[str, Any]:
    return {"title": "a", type_: {"dataSets": [{"timeSeriesQuery": query} for query in queries]}}


@pytest.mark.parametrize(
    "text",
    [
        board(chart("up")),
        board(sets("xyChart", {"timeSeriesFilter": {"filter": ""}}), {"scorecard": {"timeSeriesQuery": {}}}),
        board(sets("xyChart", {"timeSeriesQueryLanguage": "", "prometheusQuery": "up"})),
        board(sets("xyChart", 1, [MQL]), {"text": {"timeSeriesQuery": MQL}}, {"xyChart": {"dataSets": [1]}}),
    ],
)
def test_other_languages_pass(findings: Findings, text: str) -> None:
    assert findings("dashboard-mql", text) == []


@pytest.mark.parametrize(
    "widget",
    [
        sets("xyChart", MQL),
        sets("timeSeriesTable", {"prometheusQuery": "up"}, MQL),
        sets("pieChart", MQL),
        {"title": "a", "scorecard": {"timeSeriesQuery": MQL}},
    ],
)
def test_mql_is_a_warning_at_the_query(findings: Findings, widget: Any) -> None:
    (finding,) = findings("dashboard-mql", board(chart("up"), widget))
    assert (finding.severity, finding.line) == ("warning", FIRST_LINE + 1)
    assert "MQL" in finding.message
    assert finding.remedy.startswith("write it in PromQL")
