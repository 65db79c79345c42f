"""wrong-type: what protobuf's JSON mapping takes passes, anything else is an error there."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.checks.lint.bodies import chart, dashboard, metric, policy, snooze, threshold
from tests.checks.lint.conftest import Findings

LINEAR = {"numFiniteBuckets": "3", "width": "0.5", "offset": 0}


@pytest.mark.parametrize(
    "body",
    [
        policy(threshold(thresholdValue="0.5")),
        policy(threshold(thresholdValue=5, trigger={"count": 1.0})),
        policy(threshold(thresholdValue="Infinity", trigger={"count": "1"})),
        policy(threshold(thresholdValue="${limit}", duration="{{ d }}")),
        policy(enabled=True, alertStrategy={"autoClose": "1800.5s"}),
        policy(creationRecord={"mutateTime": "2026-11-02T03:00:00.123Z"}),
        metric(bucketOptions={"linearBuckets": LINEAR}),
        dashboard(gridLayout={"columns": "2"}, mosaicLayout=None),
        snooze(),
    ],
)
def test_what_the_json_mapping_takes_passes(findings: Findings, body: dict[str, Any]) -> None:
    assert findings("wrong-type", json.dumps(body)) == []


@pytest.mark.parametrize(
    ("body", "said", "remedy"),
    [
        (policy(threshold(thresholdValue="0.5x")), "thresholdValue is '0.5x'; the API takes a number", "letters"),
        (policy(threshold(thresholdValue=True)), "thresholdValue is true; the API takes a number", ""),
        (policy(threshold(trigger={"count": 1.5})), "count is 1.5; the API takes a whole number", ""),
        (policy(threshold(duration=60)), "duration is 60; the API takes a duration", "write 60s"),
        (policy(threshold(duration="5m")), "duration is '5m'; the API takes a duration", "such as 60s"),
        (policy(alertStrategy={"autoClose": "1800"}), "autoClose is '1800'; the API takes a duration", "write 1800s"),
        (policy(alertStrategy=[]), "alertStrategy is a list; the API takes an object (AlertStrategy)", ""),
        (policy(displayName=5), "displayName is 5; the API takes a text", 'put it in quotes: "5"'),
        (policy(enabled="yes"), "enabled is 'yes'; the API takes true or false", "without quotes"),
        (policy(userLabels={"team": 7}), "team is 7; the API takes a text", "quotes"),
        (policy(userLabels=["team"]), "userLabels is a list; the API takes a mapping", ""),
        (policy(notificationChannels="projects/p/notificationChannels/1"), "the API takes a list", ""),
        (policy(documentation="Read the runbook"), "the API takes an object (Documentation)", ""),
        (dashboard(chart(minAlignmentPeriod="60")), "minAlignmentPeriod is '60'", "write 60s"),
        (dashboard({"xyChart": {"dataSets": {}}}), "dataSets is an object; the API takes a list", ""),
        (metric(labelExtractors=[]), "labelExtractors is a list; the API takes a mapping", ""),
        (metric(disabled=1), "disabled is 1; the API takes true or false", ""),
        (
            snooze(interval={"endTime": "tomorrow"}),
            "endTime is 'tomorrow'; the API takes a time",
            "2026-11-02T03:00:00Z",
        ),
    ],
)
def test_anything_else_is_an_error(findings: Findings, body: dict[str, Any], said: str, remedy: str) -> None:
    (finding,) = findings("wrong-type", json.dumps(body))
    assert finding.severity == "error"
    assert said in finding.message
    assert remedy in finding.remedy
    assert finding.remedy
