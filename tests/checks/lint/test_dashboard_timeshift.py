"""dashboard-timeshift: whole minutes over lines pass."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.checks.lint.bodies import chart, dashboard
from tests.checks.lint.conftest import Findings


def shifted(by: Any, plot_type: str = "LINE") -> str:
    body = chart(plotType=plot_type)
    body["xyChart"]["timeshiftDuration"] = by
    return json.dumps(dashboard(body))


@pytest.mark.parametrize("by", ["60s", "3600s", "604800s", "0s", None, "${shift}"])
def test_whole_minutes_over_lines_pass(findings: Findings, by: str | None) -> None:
    assert findings("dashboard-timeshift", shifted(by)) == []


@pytest.mark.parametrize("plot_type", ["STACKED_BAR", "STACKED_AREA", "HEATMAP"])
def test_without_a_shift_anything_is_drawn(findings: Findings, plot_type: str) -> None:
    assert findings("dashboard-timeshift", shifted("0s", plot_type)) == []
    (finding,) = findings("dashboard-timeshift", shifted("3600s", plot_type))
    assert finding.severity == "error"
    assert plot_type in finding.message


@pytest.mark.parametrize("by", ["1s", "30s", "59s", "61s", "90s", "-60s"])
def test_less_than_a_minute_and_parts_of_one_are_an_error(findings: Findings, by: str) -> None:
    (finding,) = findings("dashboard-timeshift", shifted(by))
    assert finding.severity == "error"
    assert f"timeshiftDuration is {by[:-1]} s" in finding.message
