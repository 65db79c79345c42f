"""dashboard-limits: colours are #RRGGBB or #RGB."""

from __future__ import annotations

import json

import pytest

from tests.checks.lint.bodies import dashboard
from tests.checks.lint.conftest import Findings


@pytest.mark.parametrize("colour", ["", "#fff", "#1967D2", "${colour}"])
def test_colours_pass(findings: Findings, colour: str) -> None:
    body = dashboard({"text": {"content": "a", "style": {"textColor": colour}}})
    assert findings("dashboard-limits", json.dumps(body)) == []


@pytest.mark.parametrize("colour", ["blue", "#12345", "1967D2", "#GGGGGG"])
@pytest.mark.parametrize("field", ["textColor", "backgroundColor"])
def test_anything_else_is_an_error(findings: Findings, colour: str, field: str) -> None:
    body = dashboard({"text": {"content": "a", "style": {field: colour}}})
    (finding,) = findings("dashboard-limits", json.dumps(body))
    assert finding.severity == "error"
    assert f"{field} is '{colour}'" in finding.message
