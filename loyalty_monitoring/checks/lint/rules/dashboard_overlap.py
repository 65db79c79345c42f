"""dashboard-overlap: two tiles of a mosaic do not cover one another.

A group covers its members: "all widgets that are within the area spanned by the grouping widget are considered member
widgets", and a singleViewGroup shows one of them at a time. Sources:
https://docs.cloud.google.com/monitoring/api/ref_v3/rest/v1/projects.dashboards#widget and
https://github.com/GoogleCloudPlatform/monitoring-dashboard-samples/pull/1144 (overlaps are refused)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource, Rule, at
from loyalty_monitoring.checks.lint.widgets import GROUPS, tiles
from loyalty_monitoring.common.yaml_documents import Path_

# Three times what a dashboard may have: a file with more cannot keep us busy for ever.
_LOOKED_AT = 300


@dataclass(frozen=True)
class _Area:
    path: Path_
    group: str
    left: int
    top: int
    right: int
    bottom: int

    def meets(self, other: _Area) -> bool:
        across = self.left < other.right and other.left < self.right
        return across and self.top < other.bottom and other.top < self.bottom

    def holds(self, other: _Area) -> bool:
        across = self.left <= other.left and other.right <= self.right
        return across and self.top <= other.top and other.bottom <= self.bottom


def check(dashboard: Resource, project: Project) -> Iterator[Problem]:
    areas = list(_areas(dashboard))[:_LOOKED_AT]
    one_at_a_time = [area for area in areas if area.group == "singleViewGroup"]
    for index, area in enumerate(areas):
        for other in areas[:index]:
            if not area.meets(other) or _belong_together(area, other):
                continue
            if any(group.holds(area) and group.holds(other) for group in one_at_a_time):
                continue
            yield Problem(
                area.path,
                f"the tile ({_words(area)}) overlaps tile {other.path[-1]} ({_words(other)})",
                "widen the group over the whole tile, or move the tile out of it"
                if area.group or other.group
                else "move one of them; tiles count from 0",
            )
            break


def _areas(dashboard: Resource) -> Iterator[_Area]:
    for tile in tiles(dashboard):
        if tile.x is None or tile.y is None or tile.width is None or tile.height is None:
            continue
        group = next((name for name in GROUPS if at(tile.body, "widget", name) is not None), "")
        yield _Area(tile.path, group, tile.x, tile.y, tile.x + tile.width, tile.y + tile.height)


def _belong_together(one: _Area, other: _Area) -> bool:
    return bool((one.group and one.holds(other)) or (other.group and other.holds(one)))


def _words(area: _Area) -> str:
    return f"columns {area.left} to {area.right}, rows {area.top} to {area.bottom}"


RULE = Rule("dashboard-overlap", "dashboard", "error", "Two tiles of a mosaic overlap", check)
