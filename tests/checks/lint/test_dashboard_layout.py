"""dashboard-layout: headers and groups pass in a mosaic and nowhere else."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.checks.lint.bodies import dashboard
from tests.checks.lint.conftest import Findings

KINDS: list[dict[str, Any]] = [
    {"sectionHeader": {}},
    {"collapsibleGroup": {"collapsed": True}},
    {"singleViewGroup": {}},
]


@pytest.mark.parametrize("widget", KINDS)
def test_in_a_mosaic_they_pass(findings: Findings, widget: dict[str, Any]) -> None:
    assert findings("dashboard-layout", json.dumps(dashboard({"title": "a", **widget}))) == []


@pytest.mark.parametrize("widget", KINDS)
@pytest.mark.parametrize(
    ("layout", "inside"),
    [("gridLayout", "widgets"), ("rowLayout", "rows"), ("columnLayout", "columns")],
)
def test_elsewhere_they_are_an_error(findings: Findings, widget: dict[str, Any], layout: str, inside: str) -> None:
    widgets = [{"title": "a", **widget}]
    body = {"displayName": "a", layout: {inside: widgets if inside == "widgets" else [{"widgets": widgets}]}}
    (finding,) = findings("dashboard-layout", json.dumps(body))
    assert finding.severity == "error"
    assert f"a {next(iter(widget))} stands in a {layout}" in finding.message
