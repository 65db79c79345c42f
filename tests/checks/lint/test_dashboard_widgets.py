"""dashboard-widgets: 100 widgets pass, 101 do not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.checks.lint.boards import FIRST_LINE, board, mosaic, tile
from tests.checks.lint.conftest import Findings

WIDGET = {"title": "a", "xyChart": {}}


def rows(layout: str, parts: str, widgets: list[Any]) -> str:
    return f"displayName: a\n{layout}: {json.dumps({parts: [{'widgets': widgets}, {'widgets': widgets}]})}\n"


@pytest.mark.parametrize(
    "text",
    [
        board(*[WIDGET] * 100),
        mosaic(*[tile(0, 4 * row, 48, 4, text={"content": "a"}) for row in range(100)]),
        rows("rowLayout", "rows", [WIDGET] * 50),
        rows("columnLayout", "columns", [WIDGET] * 50),
        board(*[WIDGET] * 100, {"title": "a", "sectionHeader": {}}, {"collapsibleGroup": {}}, {"blank": {}}),
        board(*["no widget"] * 200),
        "displayName: a\nrowLayout: {rows: [1, {widgets: a}]}\n",
    ],
)
def test_100_widgets_pass_and_headers_do_not_count(findings: Findings, text: str) -> None:
    assert findings("dashboard-widgets", text) == []


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (board(*[WIDGET] * 101), FIRST_LINE + 100),
        (board(*[WIDGET] * 120), FIRST_LINE + 100),
        (board({"sectionHeader": {}}, *[WIDGET] * 101), FIRST_LINE + 101),
        (mosaic(*[tile(0, 4 * row, 48, 4) for row in range(101)]), FIRST_LINE + 100),
        (rows("rowLayout", "rows", [WIDGET] * 51), 2),
        (rows("columnLayout", "columns", [WIDGET] * 51), 2),
    ],
)
def test_one_more_is_an_error_at_the_first_that_is_too_many(findings: Findings, text: str, line: int) -> None:
    (finding,) = findings("dashboard-widgets", text)
    assert (finding.severity, finding.line) == ("error", line)
    assert "at most 100" in finding.message
    assert finding.remedy.startswith("split the dashboard")
