"""metric-label-resource: names of its own pass."""

from __future__ import annotations

from typing import Any

import pytest

from tests.checks.lint.conftest import Findings
from tests.checks.lint.metrics import descriptor, metric

GOOD: list[dict[str, Any]] = [
    {},
    {"metricDescriptor": descriptor(labels=("task", "store_location", "logger"))},
    {"metricDescriptor": {"labels": [5, {"key": ["log"]}, "log"]}},
]
BAD: list[tuple[dict[str, Any], str, str]] = [
    ({"metricDescriptor": descriptor(labels=("location",))}, "- key: location", "'location'"),
    ({"metricDescriptor": descriptor(labels=("store_id", "job"))}, "- key: job", "'job'"),
    ({"metricDescriptor": descriptor(labels=("log",))}, "- key: log", "'log'"),
]


@pytest.mark.parametrize("changes", GOOD)
def test_names_of_its_own_pass(findings: Findings, changes: dict[str, Any]) -> None:
    assert findings("metric-label-resource", metric(**changes)) == []


@pytest.mark.parametrize(("changes", "line", "message"), BAD)
def test_names_of_a_resource_are_a_warning_that_says_how_to_read_it(
    findings: Findings, changes: dict[str, Any], line: str, message: str
) -> None:
    text = metric(**changes)
    (finding,) = findings("metric-label-resource", text)
    assert finding.severity == "warning"
    assert text.splitlines()[finding.line - 1].strip().startswith(line)
    assert message in finding.message
    key = message.strip("'")
    assert f"read it as metric_{key}" in finding.remedy
