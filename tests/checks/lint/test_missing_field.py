"""missing-field: what the reference requires is there and not empty; a mistyped name is told once."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.checks.lint.bodies import channel, chart, dashboard, metric, policy, snooze, threshold
from tests.checks.lint.conftest import Findings

SQL = {"query": "SELECT 1", "minutes": {"periodicity": 5}, "rowCountTest": {"comparison": "COMPARISON_GT"}}


@pytest.mark.parametrize(
    "body",
    [
        policy(),
        policy({"conditionSql": SQL}),
        dashboard(),
        dashboard({"title": "a", "blank": {}}, {"title": "b", "treemap": {}}),
        metric(),
        channel(),
        snooze(),
        metric(filter="${filter}"),
        dashboard({"xyChart": {"dataSet": []}}),
    ],
)
def test_what_is_complete_or_mistyped_passes(findings: Findings, body: dict[str, Any]) -> None:
    assert findings("missing-field", json.dumps(body)) == []


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (metric(filter=None), "log metric has no filter"),
        (metric(filter=" "), "log metric has no filter"),
        (metric(bucketOptions={"explicitBuckets": {"bounds": []}}), "explicit has no bounds"),
        (metric(metricDescriptor={"labels": [{"valueType": "STRING"}]}), "label descriptor has no key"),
        (policy(conditions=[]), "alert policy has no conditions"),
        (policy(threshold(filter=None)), "metric threshold has no filter"),
        (policy(threshold(duration=None)), "metric threshold has no duration"),
        (policy({"conditionMatchedLog": {}}), "log match has no filter"),
        (policy({"conditionSql": {**SQL, "minutes": None}}), "sql condition has no schedule"),
        (policy({"conditionSql": {**SQL, "rowCountTest": None}}), "sql condition has no evaluate"),
        (policy(documentation={"links": [{"url": "https://example.com"}]}), "link has no displayName"),
        (policy(documentation={"links": [{"displayName": "", "url": "a"}]}), "link has no displayName"),
        (dashboard(displayName=None), "dashboard has no displayName"),
        (dashboard({"title": "nothing"}), "widget has no content"),
        (dashboard({"xyChart": {}}), "xy chart has no dataSets"),
        (dashboard({"xyChart": {"dataSets": []}}), "xy chart has no dataSets"),
        (dashboard({"scorecard": {}}), "scorecard has no timeSeriesQuery"),
        (dashboard({"alertChart": {}}), "alert chart has no name"),
        (dashboard({"pieChart": {"dataSets": chart()["xyChart"]["dataSets"]}}), "pie chart has no chartType"),
        (channel(type=None, verificationStatus="VERIFIED", labels={"auth_token": "a"}), "channel has no type"),
        (snooze(displayName=None), "snooze has no displayName"),
        (snooze(criteria={"policies": []}), "criteria has no policies"),
        (snooze(interval={"startTime": "2026-03-01T00:00:00Z"}), "time interval has no endTime"),
    ],
)
def test_what_is_missing_or_empty_is_an_error(findings: Findings, body: dict[str, Any], said: str) -> None:
    (finding,) = findings("missing-field", json.dumps(body))
    assert finding.severity == "error"
    assert said in finding.message
    assert finding.remedy
