"""metric-resource-type: one type that is required passes."""

from __future__ import annotations

from typing import Any

import pytest

from tests.checks.lint.conftest import Findings
from tests.checks.lint.metrics import metric

GOOD: list[dict[str, Any]] = [
    {},
    {"filter": 'severity>=ERROR\nresource.type = "gce_instance"'},
    {"filter": 'resource.type =~ "^k8s_container$" AND textPayload:"x"'},
    {"filter": "this is ((( no filter"},
    {"filter": None},
]
BAD: list[tuple[dict[str, Any], str, str]] = [
    ({"filter": "severity>=ERROR"}, "filter:", "does not require"),
    ({"filter": 'resource.type!="gce_instance"'}, "filter:", "does not require"),
    ({"filter": 'resource.type="a" OR severity>=ERROR'}, "filter:", "does not require"),
    ({"filter": 'resource.labels.type="a"'}, "filter:", "does not require"),
]


@pytest.mark.parametrize("changes", GOOD)
def test_one_type_that_is_required_passes(findings: Findings, changes: dict[str, Any]) -> None:
    assert findings("metric-resource-type", metric(**changes)) == []


@pytest.mark.parametrize(("changes", "line", "message"), BAD)
def test_any_type_is_found(findings: Findings, changes: dict[str, Any], line: str, message: str) -> None:
    text = metric(**changes)
    (finding,) = findings("metric-resource-type", text)
    assert finding.severity == "warning"
    assert text.splitlines()[finding.line - 1].strip().startswith(line)
    assert message in finding.message
    assert finding.remedy
