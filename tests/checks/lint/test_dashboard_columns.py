"""dashboard-columns: column 48 passes, 49 does not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.checks.lint.boards import FIRST_LINE, mosaic, tile
from tests.checks.lint.conftest import Findings


@pytest.mark.parametrize(
    "text",
    [
        mosaic(tile(0, 0, 48, 1)),
        mosaic(tile(47, 0, 1, 1)),
        mosaic(tile("24", "0", "24", "16"), tile(24.0, 16, 24.0, 1)),
        mosaic({"width": 48, "height": 4, "widget": {}}),
        mosaic(tile(0, 0, 12, 4), columns=12),
        mosaic(tile(0, 0, 1, 4), columns=1),
        mosaic(tile(0, 0, 48, 1_000)),
        mosaic(tile("a", [], {}, True), 1, "tile", [], columns="many"),
        "displayName: board\nmosaicLayout: [1]\n",
        "displayName: board\ngridLayout: {widgets: []}\n",
    ],
)
def test_tiles_within_the_columns_and_other_shapes_pass(findings: Findings, text: str) -> None:
    assert findings("dashboard-columns", text) == []


@pytest.mark.parametrize(
    ("bad", "columns", "said", "remedy"),
    [
        (tile(1, 0, 48, 1), 48, "ends at column 49, and the mosaic at 48", "narrow"),
        (tile(0, 0, 49, 1), 48, "ends at column 49", "narrow"),
        (tile(0, 0, 13, 1), 12, "ends at column 13, and the mosaic at 12", "narrow"),
        (tile(-1, 0, 4, 1), 48, "xPos -1", "move"),
        (tile(0, -1, 4, 1), 48, "yPos -1", "move"),
        (tile(0, 0, 0, 1), 48, "width 0", "width: 24"),
        (tile(0, 0, 1, 0), 48, "height 0", "height: 16"),
        (tile(0, 0, 1, "-3"), 48, "height -3", "height: 16"),
        ({"width": 4, "widget": {}}, 48, "height 0", "height: 16"),
        ({"height": 4, "widget": {}}, 48, "width 0", "width: 24"),
    ],
)
def test_a_tile_beyond_the_grid_is_an_error_at_the_tile(
    findings: Findings, bad: Any, columns: int, said: str, remedy: str
) -> None:
    (finding,) = findings("dashboard-columns", mosaic(tile(0, 0, 1, 1), bad, columns=columns))
    assert (finding.severity, finding.line) == ("error", FIRST_LINE + 1)
    assert said in finding.message
    assert remedy in finding.remedy


@pytest.mark.parametrize("columns", [0, -1, 49, "60"])
def test_a_mosaic_has_1_to_48_columns(findings: Findings, columns: Any) -> None:
    (finding,) = findings("dashboard-columns", mosaic(tile(0, 0, 48, 1), columns=columns))
    assert finding.line == 3
    assert f"has {json.loads(str(columns))} columns; the API takes 1 to 48" in finding.message
