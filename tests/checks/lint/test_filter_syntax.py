"""filter-syntax: what can be read passes."""

from __future__ import annotations

from typing import Any

import pytest

from tests.checks.lint.conftest import Findings
from tests.checks.lint.metrics import metric

GOOD: list[dict[str, Any]] = [
    {},
    {"filter": 'severity>=ERROR -- a comment\nNOT jsonPayload.a:"b" AND SEARCH("c")'},
    {"filter": 'severity="LOUD"'},
    {"filter": "jsonPayload.a='b'"},
    {"filter": "resource.type=gce_instance AND protoPayload.methodName=compute.instances.hostError"},
    {"filter": "logName=projects/acme-prod/logs/cloudaudit.googleapis.com%2Factivity"},
    {"filter": "protoPayload.authenticationInfo.principal_email:ops@example.com"},
    {"filter": "http_request.status>=500 AND resource.labels.zone=(europe-west1.b OR europe-west1-c)"},
    {"filter": None},
    {"filter": 7},
]
BAD: list[tuple[dict[str, Any], str, str]] = [
    ({"filter": "severity>="}, "filter:", "ends too early"),
    ({"filter": "(severity>=ERROR"}, "filter:", "ends too early"),
    ({"filter": "severity>=ERROR)"}, "filter:", "line 1"),
    ({"filter": "severity>=ERROR\nAND"}, "filter:", "line 2"),
    ({"filter": "no_such_function(jsonPayload.a)"}, "filter:", "there is no function"),
]


@pytest.mark.parametrize("changes", GOOD)
def test_what_can_be_read_passes(findings: Findings, changes: dict[str, Any]) -> None:
    assert findings("filter-syntax", metric(**changes)) == []


@pytest.mark.parametrize(("changes", "line", "message"), BAD)
def test_what_cannot_be_read_is_an_error(findings: Findings, changes: dict[str, Any], line: str, message: str) -> None:
    text = metric(**changes)
    (finding,) = findings("filter-syntax", text)
    assert finding.severity == "error"
    assert text.splitlines()[finding.line - 1].strip().startswith(line)
    assert message in finding.message
    assert finding.remedy
