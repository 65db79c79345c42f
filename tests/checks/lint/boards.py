"""Dashboards for the tests of their rules, one widget or tile a line, so that lines can be counted."""

from __future__ import annotations

import json
from typing import Any

FIRST_LINE = 5


def mosaic(*tiles: Any, columns: Any = 48, **fields: Any) -> str:
    """A mosaic whose first tile stands in line `FIRST_LINE`, each on a line of its own."""
    lines = "".join(f"    - {json.dumps(tile)}\n" for tile in tiles)
    after = "".join(f"{key}: {json.dumps(value)}\n" for key, value in fields.items())
    return f"displayName: board\nmosaicLayout:\n  columns: {json.dumps(columns)}\n  tiles:\n{lines}{after}"


def tile(x: Any, y: Any, width: Any, height: Any, **widget: Any) -> dict[str, Any]:
    return {"xPos": x, "yPos": y, "width": width, "height": height, "widget": widget or {"text": {"content": "a"}}}


def board(*widgets: Any, **fields: Any) -> str:
    """A grid whose first widget stands in line `FIRST_LINE`, each on a line of its own."""
    lines = "".join(f"    - {json.dumps(widget)}\n" for widget in widgets)
    after = "".join(f"{key}: {json.dumps(value)}\n" for key, value in fields.items())
    return f"displayName: board\ngridLayout:\n  columns: 2\n  widgets:\n{lines}{after}"


def chart(query: str, **fields: Any) -> dict[str, Any]:
    """An xyChart of one PromQL query; `fields` belong to the chart."""
    data_set = {"timeSeriesQuery": {"prometheusQuery": query}}
    return {"title": "runs", "xyChart": {"dataSets": [data_set], **fields}}
