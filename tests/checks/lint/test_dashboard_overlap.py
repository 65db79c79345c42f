"""dashboard-overlap: side by side passes, one common block does not."""

from __future__ import annotations

from typing import Any

import pytest

from tests.checks.lint.boards import FIRST_LINE, mosaic, tile
from tests.checks.lint.conftest import Findings


def group(x: int, y: int, width: int, height: int) -> dict[str, Any]:
    return tile(x, y, width, height, title="group", collapsibleGroup={"collapsed": True})


def one_of(x: int, y: int, width: int, height: int) -> dict[str, Any]:
    return tile(x, y, width, height, title="group", singleViewGroup={})


@pytest.mark.parametrize(
    "text",
    [
        mosaic(tile(0, 0, 24, 16), tile(24, 0, 24, 16), tile(0, 16, 48, 4)),
        mosaic(group(0, 0, 48, 32), tile(0, 0, 24, 16), tile(24, 0, 24, 16), tile(0, 16, 48, 16)),
        mosaic(tile(0, 0, 24, 16), group(0, 0, 24, 16)),
        mosaic(group(0, 0, 48, 16), tile(0, 0, 48, 16), group(0, 16, 48, 16), tile(0, 16, 48, 16)),
        mosaic(group(0, 0, 48, 32), one_of(0, 0, 48, 32), tile(0, 0, 48, 16)),
        mosaic(one_of(0, 0, 24, 16), tile(0, 0, 24, 16), tile(0, 0, 24, 16)),
        mosaic(tile(0, 0, 0, 16), tile(0, 0, 24, 16)),
        mosaic(tile("a", 0, 24, 16), tile(0, 0, 24, 16), {}, 1),
        mosaic({"xPos": 0, "yPos": 0, "width": 4, "height": 4, "widget": [1]}),
        "displayName: board\ngridLayout: {widgets: [{}, {}]}\n",
    ],
)
def test_tiles_side_by_side_and_members_of_groups_pass(findings: Findings, text: str) -> None:
    assert findings("dashboard-overlap", text) == []


@pytest.mark.parametrize(
    ("first", "second", "said", "remedy"),
    [
        (tile(0, 0, 24, 16), tile(23, 15, 24, 16), "(columns 23 to 47, rows 15 to 31) overlaps tile 0", "move one"),
        (tile(0, 0, 48, 16), tile(0, 15, 1, 1), "overlaps tile 0 (columns 0 to 48, rows 0 to 16)", "move one"),
        (tile(0, 0, 4, 4), tile(0, 0, 4, 4), "overlaps tile 0", "move one"),
        (tile(8, 8, 1, 1), {"width": 48, "height": 16, "widget": {}}, "(columns 0 to 48, rows 0 to 16)", "move one"),
        (group(0, 0, 48, 16), tile(0, 15, 48, 16), "rows 15 to 31) overlaps tile 0", "widen the group"),
        (tile(0, 15, 48, 16), group(0, 0, 48, 16), "overlaps tile 0", "widen the group"),
        (group(0, 0, 48, 17), group(0, 16, 48, 16), "overlaps tile 0", "widen the group"),
        (one_of(0, 0, 24, 16), tile(0, 0, 25, 16), "overlaps tile 0", "widen the group"),
    ],
)
def test_one_common_block_is_an_error_at_the_second_tile(
    findings: Findings, first: Any, second: Any, said: str, remedy: str
) -> None:
    (finding,) = findings("dashboard-overlap", mosaic(first, second))
    assert (finding.severity, finding.line) == ("error", FIRST_LINE + 1)
    assert said in finding.message
    assert remedy in finding.remedy


def test_members_of_a_collapsible_group_may_not_overlap_each_other(findings: Findings) -> None:
    text = mosaic(group(0, 0, 48, 32), tile(0, 0, 24, 16), tile(20, 8, 24, 16))
    (finding,) = findings("dashboard-overlap", text)
    assert "overlaps tile 1" in finding.message


def test_a_tile_is_found_once_and_thousands_of_tiles_are_no_hang(findings: Findings) -> None:
    found = findings("dashboard-overlap", mosaic(*[tile(0, 0, 4, 4)] * 3))
    assert [one.line for one in found] == [FIRST_LINE + 1, FIRST_LINE + 2]
    # Each is compared with all before it, so that no more than the first 300 are looked at.
    apart = [tile(0, 4 * row, 4, 4) for row in range(300)]
    assert len(findings("dashboard-overlap", mosaic(*apart[:299], tile(0, 0, 4, 4)))) == 1
    assert findings("dashboard-overlap", mosaic(*apart, tile(0, 0, 4, 4))) == []
