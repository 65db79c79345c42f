"""metric-limits: what the API takes passes, one more does not."""

from __future__ import annotations

from typing import Any

import pytest

from tests.checks.lint.conftest import Findings
from tests.checks.lint.metrics import descriptor, metric

GOOD: list[dict[str, Any]] = [
    {},
    {"name": "n" * 100},
    {"filter": "f" * 20_000},
    {"description": "d" * 8_000},
    {"metricDescriptor": descriptor(labels=tuple("abcdefghij"))},
    {"metricDescriptor": "odd", "name": 5, "bucketOptions": {"explicitBuckets": {"bounds": "odd"}}},
]
BAD: list[tuple[dict[str, Any], str, str]] = [
    ({"name": "n" * 101}, "name:", "101 characters; 100 are allowed"),
    ({"filter": "f" * 20_001}, "filter:", "20,001 characters"),
    ({"description": "d" * 8_001}, "description:", "8,001"),
    ({"metricDescriptor": descriptor(labels=tuple("abcdefghijk"))}, "labels:", "11 labels; 10 are allowed"),
    ({"bucketOptions": {"explicitBuckets": {"bounds": [1, 1, 2]}}}, "bounds:", "do not ascend"),
    ({"bucketOptions": {"explicitBuckets": {"bounds": [3, 2]}}}, "bounds:", "do not ascend"),
]


@pytest.mark.parametrize("changes", GOOD)
def test_what_the_api_takes_passes(findings: Findings, changes: dict[str, Any]) -> None:
    assert findings("metric-limits", metric(**changes)) == []


@pytest.mark.parametrize(("changes", "line", "message"), BAD)
def test_one_more_is_an_error_where_it_stands(
    findings: Findings, changes: dict[str, Any], line: str, message: str
) -> None:
    text = metric(**changes)
    (finding,) = findings("metric-limits", text)
    assert finding.severity == "error"
    assert text.splitlines()[finding.line - 1].strip().startswith(line)
    assert message in finding.message
    assert finding.remedy
