"""dashboard-columns: a mosaic has 1 to 48 columns, and its tiles lie within them and have a size.

The generated types still say at most 12 columns; the API takes 48:
https://docs.cloud.google.com/monitoring/api/ref_v3/rest/v1/projects.dashboards#mosaiclayout
"""

from __future__ import annotations

from collections.abc import Iterator

from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource, Rule, at
from loyalty_monitoring.checks.lint.widgets import Tile, tiles, whole_number

_MOST = 48


def check(dashboard: Resource, project: Project) -> Iterator[Problem]:
    written = whole_number(at(dashboard.body, "mosaicLayout", "columns"))
    columns = _MOST if written is None else written
    if not 1 <= columns <= _MOST:
        yield Problem(
            ("mosaicLayout", "columns"),
            f"the mosaic has {columns} columns; the API takes 1 to {_MOST}",
            f"write `columns: {_MOST}`, the finest grid, and give the tiles their place in it",
        )
        columns = _MOST
    for tile in tiles(dashboard):
        yield from _tile(tile, columns)


def _tile(tile: Tile, columns: int) -> Iterator[Problem]:
    for key, value in (("xPos", tile.x), ("yPos", tile.y)):
        if value is not None and value < 0:
            yield Problem(
                (*tile.path, key), f"the tile has {key} {value}; the grid begins at 0", f"move it: {key} >= 0"
            )
    for key, value in (("width", tile.width), ("height", tile.height)):
        if value is not None and value < 1:
            yield Problem(
                (*tile.path, key),
                f"the tile has {key} {value}; a tile covers at least 1 block of the grid",
                f"write its {key}, such as `{key}: {16 if key == 'height' else 24}`",
            )
    if tile.x is not None and tile.width is not None and tile.x + tile.width > columns:
        yield Problem(
            tile.path,
            f"the tile ends at column {tile.x + tile.width}, and the mosaic at {columns}",
            "narrow the tile, or move it to the left",
        )


RULE = Rule(
    "dashboard-columns", "dashboard", "error", "A tile lies beyond the columns of its mosaic, or has no size", check
)
