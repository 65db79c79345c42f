"""dashboard-alert: a chart, a list or the same metric shows an alert."""

from __future__ import annotations

from typing import Any

import pytest

from tests.checks.lint.boards import board, chart
from tests.checks.lint.conftest import Findings


def policy(query: str = "sum(runs) > 5", name: str = "name: projects/p/alertPolicies/1") -> str:
    return f"""---
{name or "enabled: true"}
displayName: runs
combiner: OR
conditions:
  - conditionPrometheusQueryLanguage: {{query: "{query}"}}
"""


def filtered() -> dict[str, Any]:
    query = {"timeSeriesFilter": {"filter": 'metric.type="a"'}}
    return {"title": "a", "scorecard": {"timeSeriesQuery": query}}


@pytest.mark.parametrize(
    "text",
    [
        policy(),
        board({"alertChart": {"name": "projects/p/alertPolicies/1"}}) + policy(),
        board({"incidentList": {"policyNames": ["alertPolicies/2", "alertPolicies/1"]}}) + policy(),
        board({"incidentList": {}}) + policy(),
        board(chart("rate(runs[5m])")) + policy(),
        board(chart("sales"), filtered()) + policy(),
        board({"alertChart": {"name": "${google_monitoring_alert_policy.runs.name}"}}) + policy(name=""),
        board(chart("sales")) + policy("sum("),
        board({"alertChart": [1]}, {"incidentList": {"policyNames": [1, []]}}, "a") + policy(),
    ],
)
def test_what_is_shown_or_cannot_be_known_passes(findings: Findings, text: str) -> None:
    assert findings("dashboard-alert", text) == []


@pytest.mark.parametrize(
    "text",
    [
        board(chart("sales")) + policy(),
        board({"alertChart": {"name": "projects/p/alertPolicies/2"}}) + policy(),
        board({"incidentList": {"policyNames": ["alertPolicies/11"]}}) + policy(),
        board({"text": {"content": "runs"}}) + policy(name=""),
    ],
)
def test_what_no_dashboard_shows_is_a_warning_at_its_name(findings: Findings, text: str) -> None:
    (finding,) = findings("dashboard-alert", text)
    assert finding.severity == "warning"
    assert text.splitlines()[finding.line - 1] == "displayName: runs"
    assert "alertChart" in finding.remedy
