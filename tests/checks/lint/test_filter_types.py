"""filter-types: what can match passes."""

from __future__ import annotations

from typing import Any

import pytest

from tests.checks.lint.conftest import Findings
from tests.checks.lint.metrics import metric

GOOD: list[dict[str, Any]] = [
    {},
    {"filter": 'severity>=ERROR AND httpRequest.status>=500 AND timestamp>"2026-11-02T00:00:00Z"'},
    {"filter": 'resource.type=("a" OR "b")'},
    {"filter": 'resource.type="a" OR resource.type="b"'},
    {"filter": 'resource.type="a" AND resource.type="A"'},
    {"filter": 'jsonPayload.list="a" AND jsonPayload.list="b"'},
    {"filter": "((("},
    {"filter": None},
]
BAD: list[tuple[dict[str, Any], str, str]] = [
    ({"filter": 'severity="LOUD"'}, "filter:", "'LOUD' is no severity"),
    ({"filter": 'timestamp>"yesterday"'}, "filter:", "is no time"),
    ({"filter": 'httpRequest.status="abc"'}, "filter:", "is no 32-bit integer"),
    ({"filter": 'httpRequest.status="not supported; here"'}, "filter:", "'not supported; here' is no 32-bit integer"),
    ({"filter": 'httpRequest.cacheHit="maybe"'}, "filter:", "is neither true nor false"),
    ({"filter": 'resource.typ="k8s_container"'}, "filter:", "has no field 'typ'"),
    ({"filter": 'jsonPayload.a=~"(?=b)"'}, "filter:", "RE2"),
    ({"filter": 'resource.type="a" AND resource.type="b"'}, "filter:", "resource.type"),
    ({"filter": 'severity=ERROR\nAND (jsonPayload.x="y" AND severity=INFO)'}, "filter:", "severity"),
]


@pytest.mark.parametrize("changes", GOOD)
def test_what_can_match_passes(findings: Findings, changes: dict[str, Any]) -> None:
    assert findings("filter-types", metric(**changes)) == []


@pytest.mark.parametrize(("changes", "line", "message"), BAD)
def test_what_can_never_match_is_an_error(findings: Findings, changes: dict[str, Any], line: str, message: str) -> None:
    text = metric(**changes)
    (finding,) = findings("filter-types", text)
    assert finding.severity == "error"
    assert text.splitlines()[finding.line - 1].strip().startswith(line)
    assert message in finding.message
    assert finding.remedy
