"""dashboard-unit: a unit or a label on the axis passes, bare numbers do not."""

from __future__ import annotations

from typing import Any

import pytest

from tests.checks.lint.boards import FIRST_LINE, board, chart
from tests.checks.lint.conftest import Findings

METRICS = """---
name: bare
filter: a
metricDescriptor: {metricKind: DELTA}
---
name: timed
filter: a
metricDescriptor: {metricKind: DELTA, unit: s}
"""


def one(type_: str = "scorecard", **query: Any) -> dict[str, Any]:
    return {"title": "a", type_: {"timeSeriesQuery": query}}


def filtered(metric: str) -> dict[str, Any]:
    return {"filter": f'resource.type="k8s_container" metric.type="logging.googleapis.com/user/{metric}"'}


def second_axis(**fields: Any) -> dict[str, Any]:
    data_set = {"targetAxis": "Y2", "timeSeriesQuery": {"prometheusQuery": "up"}}
    return {"title": "a", "xyChart": {"dataSets": [data_set], **fields}}


@pytest.mark.parametrize(
    "widget",
    [
        one(prometheusQuery="up", unitOverride="1"),
        chart("up", yAxis={"label": "machines"}),
        second_axis(y2Axis={"label": "machines"}),
        one(timeSeriesFilter=filtered("timed")),
        one(timeSeriesFilter=filtered("elsewhere")),
        one(timeSeriesFilter={"filter": 'metric.type="compute.googleapis.com/instance/cpu/utilization"'}),
        one(timeSeriesFilterRatio={}),
        one("pieChart", prometheusQuery="up"),
        one(prometheusQuery=1, timeSeriesFilter=[1]),
        one(prometheusQuery=" "),
    ],
)
def test_a_known_unit_passes(findings: Findings, widget: Any) -> None:
    assert findings("dashboard-unit", board(widget) + METRICS) == []


@pytest.mark.parametrize(
    "widget",
    [
        one(prometheusQuery="up"),
        one(prometheusQuery="up", unitOverride=""),
        one("timeSeriesTable", prometheusQuery="up"),
        chart("up"),
        chart("up", yAxis={"label": " ", "scale": "LINEAR"}),
        chart("up", y2Axis={"label": "machines"}),
        second_axis(yAxis={"label": "machines"}),
        one(timeSeriesFilter=filtered("bare")),
    ],
)
def test_bare_numbers_are_a_warning_at_the_query(findings: Findings, widget: Any) -> None:
    (finding,) = findings("dashboard-unit", board({"text": {}}, widget) + METRICS)
    assert (finding.severity, finding.line) == ("warning", FIRST_LINE + 1)
    assert "in which unit" in finding.message
    assert "unitOverride" in finding.remedy
