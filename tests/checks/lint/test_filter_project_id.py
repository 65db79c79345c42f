"""filter-project-id: filters that hold in any project pass."""

from __future__ import annotations

from typing import Any

import pytest

from tests.checks.lint.conftest import Findings
from tests.checks.lint.metrics import metric

GOOD: list[dict[str, Any]] = [
    {},
    {"filter": 'log_id("stdout")'},
    {"filter": 'logName:"/logs/stdout"'},
    {"filter": "resource.labels.project_id:*"},
    {"filter": 'logName="projects/${project}/logs/stdout"'},
]
BAD: list[tuple[dict[str, Any], str, str]] = [
    ({"filter": 'logName="projects/retail-prod/logs/stdout"'}, "filter:", "projects/retail-prod/"),
    ({"filter": 'resource.labels.project_id="retail-prod"'}, "filter:", "retail-prod"),
    ({"filter": "resource.labels.project_id = retail-prod AND severity=ERROR"}, "filter:", "retail-prod"),
]


@pytest.mark.parametrize("changes", GOOD)
def test_filters_that_hold_anywhere_pass(findings: Findings, changes: dict[str, Any]) -> None:
    assert findings("filter-project-id", metric(**changes)) == []


@pytest.mark.parametrize(("changes", "line", "message"), BAD)
def test_a_project_is_found(findings: Findings, changes: dict[str, Any], line: str, message: str) -> None:
    text = metric(**changes)
    (finding,) = findings("filter-project-id", text)
    assert finding.severity == "warning"
    assert text.splitlines()[finding.line - 1].strip().startswith(line)
    assert message in finding.message
    assert finding.remedy
