"""unknown-field: the API's names pass in both spellings; any other is an error there, with the nearest one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.checks.lint.bodies import channel, dashboard, metric, policy, snooze, threshold
from tests.checks.lint.conftest import Findings


@pytest.mark.parametrize(
    "body",
    [
        policy(),
        dashboard(),
        metric(),
        channel(),
        snooze(),
        policy(enabled=None, userLabels=None, creationRecord={"mutatedBy": "a@example.com"}),
        {"display_name": "a", "combiner": "OR", "conditions": [{"display_name": "c", "condition_threshold": {}}]},
        dashboard({"xyChart": {"dataSets": [{"timeSeriesQuery": {"apiSource": "DEFAULT_CLOUD"}, "breakdowns": []}]}}),
        dashboard({"xyChart": {"dataSets": [{"timeSeriesQuery": {}}], "chartOptions": {"showLegend": True}}}),
        dashboard({"timeSeriesTable": {"dataSets": [], "displayColumnType": False, "opsAnalyticsSettings": {}}}),
        dashboard({"treemap": {"whatever": 1}}, annotations={"displayAnnotations": True}),
        policy(**{"{{ key }}": 1}),
    ],
)
def test_the_fields_of_the_api_pass(findings: Findings, body: dict[str, Any]) -> None:
    assert findings("unknown-field", json.dumps(body, indent=1)) == []


@pytest.mark.parametrize(
    ("body", "key", "hint"),
    [
        (policy(conditionss=[]), "conditionss", "did you mean 'conditions'?"),
        (policy(threshold(evaluationMissingDatta="X")), "evaluationMissingDatta", "'evaluationMissingData'"),
        (policy(threshold(aggregations=[{"alignmentPeriods": "60s"}])), "alignmentPeriods", "'alignmentPeriod'"),
        (policy(alertStrategy={"autoclose": "1800s"}), "autoclose", "'autoClose'"),
        (dashboard({"xyChart": {"dataSet": [{}]}}), "dataSet", "'dataSets'"),
        (dashboard({"xychart": {}}), "xychart", "'xyChart'"),
        (dashboard({"xyChart": {"chartOptions": {"showLegends": True}}}), "showLegends", "'showLegend'"),
        (metric(bucketOption={}), "bucketOption", "'bucketOptions'"),
        (metric(metricDescriptor={"valueTyp": "INT64"}), "valueTyp", "'valueType'"),
        (channel(label={}), "label", "'labels'"),
        (snooze(criteria={"policy": []}), "policy", "'policies'"),
    ],
)
def test_any_other_is_an_error_at_its_line_with_the_nearest_name(
    findings: Findings, body: dict[str, Any], key: str, hint: str
) -> None:
    text = json.dumps(body, indent=1)
    (finding,) = findings("unknown-field", text)
    assert finding.severity == "error"
    line = text.splitlines()[finding.line - 1]
    assert line.lstrip().startswith(f'"{key}"')
    assert finding.column == len(line) - len(line.lstrip()) + 1
    assert repr(key) in finding.message
    assert hint in finding.remedy
