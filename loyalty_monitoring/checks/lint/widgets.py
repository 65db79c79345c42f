"""The widgets, charts and time series queries of a dashboard, whatever its layout.

Source: https://docs.cloud.google.com/monitoring/api/ref_v3/rest/v1/projects.dashboards
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from loyalty_monitoring.checks.lint.rule import Resource, at, items, once, text
from loyalty_monitoring.common.yaml_documents import Path_
from loyalty_monitoring.definitions.model import Body
from loyalty_monitoring.query_languages.promql.expressions import parsed
from loyalty_monitoring.query_languages.promql.variables import chosen

# Tiles that cover others: what lies within their area are their members.
GROUPS = ("collapsibleGroup", "singleViewGroup")
CHARTS = ("xyChart", "scorecard", "timeSeriesTable", "pieChart")
_MOSAIC = "mosaicLayout"
_VARIABLE = re.compile(r"\$\{[^{}]*\}|\$\w+")
_TEMPLATE = re.compile(r"\{\{|<<|%\{")
# The console fills in the length of a step: https://docs.cloud.google.com/monitoring/promql/create-promql-queries
_STEP = re.compile(r"\$\{__\w+\}|\$__\w+")


@dataclass(frozen=True)
class Widget:
    """A widget and the path to it."""

    body: Body
    path: Path_


@dataclass(frozen=True)
class Chart:
    """A widget that draws time series: its type, such as "xyChart", and that part of it with the path to it."""

    widget: Widget
    type: str
    body: Body
    path: Path_


@dataclass(frozen=True)
class Query:
    """A `timeSeriesQuery` of a chart. `data_set` is what holds it: one of `dataSets`, or the scorecard itself."""

    chart: Chart
    data_set: Body
    body: Body
    path: Path_


@dataclass(frozen=True)
class Tile:
    """A tile of a mosaic; None for a value that is no whole number. What is absent is 0, as the API has it."""

    body: Body
    path: Path_
    x: int | None
    y: int | None
    width: int | None
    height: int | None


@dataclass(frozen=True)
class PromqlQuery:
    """A chart's PromQL with something chosen for its variables. `expression` is None where it does not parse."""

    path: Path_
    query: str
    expression: Any


@once
def promql_queries(dashboard: Resource) -> Sequence[PromqlQuery]:
    """Return the charts' PromQL; without those that parse only with something else for a variable than a matcher or
    text.
    """
    return tuple(_promql_queries(dashboard))


def _promql_queries(dashboard: Resource) -> Iterator[PromqlQuery]:
    labels = {
        text(at(one, "templateVariable")): text(at(one, "labelKey"))
        for one in items(dashboard.body.get("dashboardFilters"))
        if text(at(one, "labelKey"))
    }
    for query in queries(dashboard):
        written = text(query.body.get("prometheusQuery"))
        if written.strip():
            yield from _promql((*query.path, "prometheusQuery"), written, labels)


def _promql(path: Path_, written: str, labels: Mapping[str, str]) -> Iterator[PromqlQuery]:
    written = _STEP.sub("1m", written)
    query = chosen(written, labels=labels)
    expression = _expression(query)
    if expression is None and (_TEMPLATE.search(written) or any(map(_expression, _guesses(written)))):
        return
    yield PromqlQuery(path, query, expression)


def _guesses(written: str) -> list[str]:
    # A variable can be a number, a length of time, a part of a name or anything else that its author chose.
    return [_VARIABLE.sub(value, written) for value in ("1m", "1", "a", 'a=~".*"', "") if _VARIABLE.search(written)]


def _expression(query: str) -> Any:
    try:
        return parsed(query)
    except ValueError:
        return None


@once
def widgets(dashboard: Resource) -> Sequence[Widget]:
    """Return all widgets; the members of a group stand beside it."""
    return tuple(Widget(body, path) for path, body in _widgets(dashboard.body) if isinstance(body, dict))


@once
def charts(dashboard: Resource) -> Sequence[Chart]:
    """Return the widgets that draw time series."""
    return tuple(
        Chart(widget, name, body, (*widget.path, name))
        for widget in widgets(dashboard)
        for name in CHARTS
        if isinstance(body := widget.body.get(name), dict)
    )


@once
def queries(dashboard: Resource) -> Sequence[Query]:
    """Return the `timeSeriesQuery` objects of all charts."""
    return tuple(_queries(dashboard))


def _queries(dashboard: Resource) -> Iterator[Query]:
    for chart in charts(dashboard):
        sets: list[tuple[Path_, Any]] = [
            ((*chart.path, "dataSets", index), one) for index, one in enumerate(items(chart.body.get("dataSets")))
        ]
        for path, data_set in [(chart.path, chart.body), *sets]:
            if isinstance(query := at(data_set, "timeSeriesQuery"), dict):
                yield Query(chart, data_set, query, (*path, "timeSeriesQuery"))


def tiles(dashboard: Resource) -> Iterator[Tile]:
    for index, tile in enumerate(items(at(dashboard.body, _MOSAIC, "tiles"))):
        if isinstance(tile, dict):
            numbers = (whole_number(tile.get(key, 0)) for key in ("xPos", "yPos", "width", "height"))
            yield Tile(tile, (_MOSAIC, "tiles", index), *numbers)


def whole_number(value: Any) -> int | None:
    """Return a whole number, which JSON may also write as 8.0 or "8"; None for anything else."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and len(value) <= 20 and value.isascii() and value.removeprefix("-").isdigit():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _widgets(body: Body) -> Iterator[tuple[Path_, Any]]:
    for index, tile in enumerate(items(at(body, _MOSAIC, "tiles"))):
        yield (_MOSAIC, "tiles", index, "widget"), at(tile, "widget")
    for index, widget in enumerate(items(at(body, "gridLayout", "widgets"))):
        yield ("gridLayout", "widgets", index), widget
    for layout, parts in (("rowLayout", "rows"), ("columnLayout", "columns")):
        for index, part in enumerate(items(at(body, layout, parts))):
            for inner, widget in enumerate(items(at(part, "widgets"))):
                yield (layout, parts, index, "widgets", inner), widget
