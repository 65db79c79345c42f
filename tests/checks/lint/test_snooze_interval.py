"""snooze-interval: an end after the beginning passes, and a filter with one policy."""

from __future__ import annotations

import json

import pytest

from tests.checks.lint.bodies import snooze
from tests.checks.lint.conftest import Findings

ONE = "projects/p/alertPolicies/1"


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-03-01T00:00:00Z", "2026-03-01T00:00:01Z"),
        ("2026-03-01T00:00:00Z", "2026-03-01T00:00:00Z"),
        ("2026-03-01T02:00:00+02:00", "2026-03-01T00:30:00Z"),
        ("${start}", "2026-03-01T00:00:00Z"),
    ],
)
def test_an_end_after_the_beginning_passes(findings: Findings, start: str, end: str) -> None:
    assert findings("snooze-interval", json.dumps(snooze(interval={"startTime": start, "endTime": end}))) == []


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-03-01T00:00:00Z", "2026-02-28T23:59:59Z"),
        ("2026-03-01T00:00:00Z", "2026-03-01T00:30:00+02:00"),
    ],
)
def test_an_end_before_it_is_an_error(findings: Findings, start: str, end: str) -> None:
    (finding,) = findings("snooze-interval", json.dumps(snooze(interval={"startTime": start, "endTime": end})))
    assert finding.severity == "error"
    assert "ends before it begins" in finding.message


def test_a_filter_goes_with_one_policy(findings: Findings) -> None:
    filter_ = 'resource.labels.zone="a"'
    assert findings("snooze-interval", json.dumps(snooze(criteria={"policies": [ONE], "filter": filter_}))) == []
    body = snooze(criteria={"policies": [ONE, "projects/p/alertPolicies/2"], "filter": filter_})
    assert len(findings("snooze-interval", json.dumps(body))) == 1
