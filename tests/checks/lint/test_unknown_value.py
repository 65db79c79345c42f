"""unknown-value: the names of an enumeration pass, and its numbers; any other is an error there, with the nearest."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.checks.lint.bodies import chart, dashboard, metric, policy, threshold
from tests.checks.lint.conftest import Findings


def aligned(aligner: Any, reducer: Any = "REDUCE_NONE") -> dict[str, Any]:
    return policy(threshold(aggregations=[{"perSeriesAligner": aligner, "crossSeriesReducer": reducer}]))


@pytest.mark.parametrize(
    "body",
    [
        policy(combiner="AND_WITH_MATCHING_RESOURCE", severity="CRITICAL"),
        policy(combiner="COMBINE_UNSPECIFIED", severity=None),
        policy(combiner=1, severity="2"),
        policy(severity="${severity}"),
        aligned("ALIGN_PERCENTILE_99", "REDUCE_COUNT_TRUE"),
        dashboard(chart(plotType="STACKED_AREA")),
        dashboard(dashboardFilters=[{"labelKey": "a", "filterType": "VALUE_ONLY"}]),
        metric(metricDescriptor={"metricKind": "DELTA", "valueType": "INT64"}),
    ],
)
def test_the_values_of_the_enumeration_pass(findings: Findings, body: dict[str, Any]) -> None:
    assert findings("unknown-value", json.dumps(body)) == []


@pytest.mark.parametrize(
    ("body", "said", "remedy"),
    [
        (policy(combiner="ORR"), "combiner 'ORR' does not exist", "did you mean 'OR'?"),
        (policy(combiner="or"), "combiner 'or' does not exist", "did you mean 'OR'?"),
        (policy(severity="INFO"), "severity 'INFO' does not exist", "leave severity out"),
        (policy(severity="critical"), "severity 'critical' does not exist", "write CRITICAL, ERROR or WARNING"),
        (policy(alertStrategy={"notificationPrompts": ["OPENED", "ACKED"]}), "'ACKED'", "[OPENED, CLOSED]"),
        (aligned("ALIGN_RATES"), "perSeriesAligner 'ALIGN_RATES' does not exist", "'ALIGN_RATE'"),
        (aligned("ALIGN_DELTA", "REDUCE_TOTAL"), "crossSeriesReducer 'REDUCE_TOTAL'", "REDUCE_"),
        (policy(threshold(evaluationMissingData="INACTIVE")), "'INACTIVE'", "EVALUATION_MISSING_DATA_INACTIVE"),
        (dashboard(chart(plotType="LINES")), "plotType 'LINES' does not exist", "'LINE'"),
        (dashboard(chart(targetAxis="Y3")), "targetAxis 'Y3' does not exist", "Y1 and Y2"),
        (metric(metricDescriptor={"metricKind": "DELTAS"}), "metricKind 'DELTAS'", "'DELTA'"),
    ],
)
def test_any_other_is_an_error_with_the_nearest(
    findings: Findings, body: dict[str, Any], said: str, remedy: str
) -> None:
    (finding,) = findings("unknown-value", json.dumps(body))
    assert finding.severity == "error"
    assert said in finding.message
    assert remedy in finding.remedy
