"""dashboard-threshold: colours belong to scorecards, axes to charts."""

from __future__ import annotations

from typing import Any

import pytest

from tests.checks.lint.boards import FIRST_LINE, board
from tests.checks.lint.conftest import Findings


def widget(type_: str, *thresholds: Any) -> dict[str, Any]:
    return {"title": "a", type_: {"thresholds": list(thresholds)}}


@pytest.mark.parametrize(
    "text",
    [
        board(widget("xyChart", {"label": "target", "value": 0.4}, {"value": 1, "targetAxis": "Y2"})),
        board(widget("xyChart", {"value": 1, "color": "COLOR_UNSPECIFIED", "direction": "DIRECTION_UNSPECIFIED"})),
        board(widget("scorecard", {"value": 1, "color": "RED", "direction": "ABOVE"})),
        board(widget("scorecard", {"value": 1, "targetAxis": "TARGET_AXIS_UNSPECIFIED"})),
        board(widget("pieChart", {"color": "RED", "targetAxis": "Y1"})),
        board(widget("xyChart", 1, [], {"color": 4, "direction": {}}), {"xyChart": {"thresholds": "none"}}),
    ],
)
def test_what_each_widget_takes_passes(findings: Findings, text: str) -> None:
    assert findings("dashboard-threshold", text) == []


@pytest.mark.parametrize(
    ("type_", "threshold", "said", "remedy"),
    [
        ("xyChart", {"value": 1, "color": "RED"}, "color RED", "remove it; a line"),
        ("xyChart", {"value": 1, "direction": "ABOVE"}, "direction ABOVE", "remove it; a line"),
        ("scorecard", {"value": 1, "targetAxis": "Y1"}, "targetAxis Y1", "remove it; a scorecard"),
        ("scorecard", {"color": "RED", "targetAxis": "Y2"}, "targetAxis Y2", "remove it; a scorecard"),
    ],
)
def test_what_it_does_not_take_is_an_error_there(
    findings: Findings, type_: str, threshold: Any, said: str, remedy: str
) -> None:
    (finding,) = findings("dashboard-threshold", board({"text": {}}, widget(type_, {"value": 0}, threshold)))
    assert (finding.severity, finding.line) == ("error", FIRST_LINE + 1)
    assert finding.message == f"the threshold has {said}, which is not allowed in the {type_}"
    assert finding.remedy.startswith(remedy)


def test_each_field_is_a_finding(findings: Findings) -> None:
    assert len(findings("dashboard-threshold", board(widget("xyChart", {"color": "RED", "direction": "BELOW"})))) == 2
