"""dashboard-defaults: what the API would leave out is a warning."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from loyalty_monitoring.checks.lint.rule import Project, Resource
from loyalty_monitoring.checks.lint.rules.dashboard_defaults import check
from loyalty_monitoring.common.yaml_documents import Document
from tests.checks.lint.boards import FIRST_LINE, board, mosaic
from tests.checks.lint.conftest import Findings

TILE = {"width": 24, "height": 16, "widget": {"title": "a", "blank": {}}}


@pytest.mark.parametrize(
    "text",
    [
        mosaic(TILE, {**TILE, "xPos": 24}, {**TILE, "yPos": 1.5}),
        mosaic(TILE, labels={"team": "", "other": ""}),
        board({"title": "0", "text": {"content": "false"}}, name="projects/p/dashboards/1", etag="a"),
        board({"title": "a", "scorecard": {"timeSeriesQuery": {"prometheusQuery": ""}}}),
        board({"title": "a", "aligner": "ALIGN_RATE", "chartOptions": {}}, ["", 0]),
    ],
)
def test_other_values_pass(findings: Findings, text: str) -> None:
    assert findings("dashboard-defaults", text) == []


@pytest.mark.parametrize(
    ("key", "value", "written"),
    [
        ("xPos", 0, "xPos: 0"),
        ("xPos", 0.0, "xPos: 0.0"),
        ("title", "", 'title: ""'),
        ("collapsed", False, "collapsed: false"),
        ("breakdowns", [], "breakdowns: []"),
        ("perSeriesAligner", "ALIGN_NONE", "perSeriesAligner: ALIGN_NONE"),
        ("crossSeriesReducer", "REDUCE_NONE", "crossSeriesReducer: REDUCE_NONE"),
        ("plotType", "PLOT_TYPE_UNSPECIFIED", "plotType: PLOT_TYPE_UNSPECIFIED"),
    ],
)
def test_a_default_is_a_warning_where_it_stands_first(findings: Findings, key: str, value: Any, written: str) -> None:
    (finding,) = findings("dashboard-defaults", mosaic(TILE, {**TILE, key: value}, {**TILE, "a": [{key: value}]}))
    assert (finding.severity, finding.line) == ("warning", FIRST_LINE + 1)
    assert written in finding.message
    assert "(2 of them)" in finding.message
    assert finding.remedy.startswith("remove the key")


def test_name_and_etag_are_found_in_our_own_project_only() -> None:
    body = {"name": "projects/p/dashboards/1", "etag": "a", "gridLayout": {"widgets": [{"title": "a"}]}}
    resource = Resource("dashboard", body, Document(Path("a.yaml"), body, {}))
    assert list(check(resource, Project((resource,)))) == []
    assert [one.path for one in check(resource, Project((resource,), frozenset()))] == [("name",), ("etag",)]
