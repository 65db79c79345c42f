"""The dashboards as they load for the demo stack, and what their widgets ask."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from loyalty_monitoring.common.yaml_documents import load_yaml
from loyalty_monitoring.definitions.model import Dashboard
from loyalty_monitoring.definitions.settings import load_stack_settings
from loyalty_monitoring.query_languages.promql.expressions import parsed, selectors
from loyalty_monitoring.query_languages.promql.variables import chosen, variables
from tests.conftest import ROOT, our_definitions

SETTINGS = load_stack_settings(ROOT, "demo")
DEFINITIONS = our_definitions()
# What a widget of this title shows: the values of the labels, joined, to the number.
Shown = Callable[..., dict[str, float]]
DASHBOARDS = {dashboard.name: dashboard for dashboard in DEFINITIONS.dashboards}
# Labels that a series of the metric can be selected by.
LABELS = {
    metric.promql_name + suffix: {label["key"] for label in metric.body["metricDescriptor"].get("labels", [])}
    for metric in DEFINITIONS.log_metrics
    for suffix in (("_sum", "_count", "_bucket") if metric.is_distribution else ("",))
}


def tiles(dashboard: Dashboard) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = dashboard.body["mosaicLayout"]["tiles"]
    return found


def widgets(dashboard: Dashboard) -> list[dict[str, Any]]:
    return [tile["widget"] for tile in tiles(dashboard)]


def data_sets(widget: dict[str, Any]) -> list[dict[str, Any]]:
    """The timeSeriesQuery objects of a widget."""
    if "scorecard" in widget:
        return [widget["scorecard"]["timeSeriesQuery"]]
    chart = widget.get("xyChart") or widget.get("timeSeriesTable") or widget.get("pieChart") or {"dataSets": []}
    return [data_set["timeSeriesQuery"] for data_set in chart["dataSets"]]


def queries(dashboard: Dashboard) -> Iterator[str]:
    for widget in widgets(dashboard):
        for data_set in data_sets(widget):
            yield data_set["prometheusQuery"]


def thresholds(widget: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        *widget.get("xyChart", {}).get("thresholds", []),
        *widget.get("scorecard", {}).get("thresholds", []),
    ]
    return found


def read_series(query: str) -> list[Any]:
    return selectors(parsed(chosen(query)))


def lines_over(parameter: str, name: str) -> set[str]:
    """The kinds of widget of a dashboard in which a line stands for the parameter."""
    return {
        kind
        for tile in load_yaml(DASHBOARDS[name].source).data["mosaicLayout"]["tiles"]
        for kind in ("xyChart", "scorecard")
        for line in tile["widget"].get(kind, {}).get("thresholds", [])
        if line["value"] == f"<<{parameter}>>"
    }


def variables_of(name: str) -> set[str]:
    """The template variables that the charts of a dashboard use."""
    return {variable for query in queries(DASHBOARDS[name]) for variable in variables(query)}
