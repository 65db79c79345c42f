"""dashboard-title: charts have titles, texts need none."""

from __future__ import annotations

from typing import Any

import pytest

from tests.checks.lint.boards import FIRST_LINE, board, mosaic, tile
from tests.checks.lint.conftest import Findings


@pytest.mark.parametrize(
    "text",
    [
        board({"title": "runs", "xyChart": {}}, {"title": "a", "scorecard": {}}),
        mosaic(tile(0, 0, 48, 4, title="runs", pieChart={})),
        board({"text": {"content": "a"}}, {"blank": {}}, {"sectionHeader": {}}, {"collapsibleGroup": {}}),
        board({"logsPanel": {}}, {"incidentList": {}}, {"alertChart": {"name": "projects/p/alertPolicies/1"}}),
        board({"title": 5, "xyChart": {}}, {"xyChart": [1]}, {"pieChart": "a"}, "a"),
    ],
)
def test_charts_with_a_title_and_other_widgets_pass(findings: Findings, text: str) -> None:
    assert findings("dashboard-title", text) == []


@pytest.mark.parametrize(
    ("widget", "type_"),
    [
        ({"xyChart": {}}, "xyChart"),
        ({"title": "", "xyChart": {}}, "xyChart"),
        ({"title": " \n", "scorecard": {}}, "scorecard"),
        ({"timeSeriesTable": {}}, "timeSeriesTable"),
        ({"pieChart": {}}, "pieChart"),
    ],
)
def test_a_chart_without_a_title_is_a_warning_at_the_chart(findings: Findings, widget: Any, type_: str) -> None:
    for text in (board({"text": {}}, widget), mosaic(tile(0, 0, 4, 4), tile(4, 0, 4, 4, **widget))):
        (finding,) = findings("dashboard-title", text)
        assert (finding.severity, finding.line) == ("warning", FIRST_LINE + 1)
        assert finding.message == f"the {type_} has no title"
        assert finding.remedy.startswith("write one")
