"""metric-kind: counters and distributions pass, gauges and mixtures do not."""

from __future__ import annotations

from typing import Any

import pytest

from tests.checks.lint.conftest import Findings
from tests.checks.lint.metrics import descriptor, metric

GOOD: list[dict[str, Any]] = [
    {},
    {"metricDescriptor": descriptor(value_type="INT64"), "valueExtractor": None, "bucketOptions": None},
    {"metricDescriptor": None},
    {"metricDescriptor": "odd"},
]
BAD: list[tuple[dict[str, Any], str, str]] = [
    ({"metricDescriptor": descriptor(kind="GAUGE")}, "metricDescriptor:", "GAUGE"),
    ({"metricDescriptor": descriptor(kind="CUMULATIVE")}, "metricDescriptor:", "CUMULATIVE"),
    ({"metricDescriptor": descriptor(value_type="DOUBLE")}, "metricDescriptor:", "DOUBLE"),
    ({"valueExtractor": None}, "valueType:", "without a valueExtractor"),
    ({"metricDescriptor": descriptor(value_type="INT64")}, "valueExtractor:", "cannot add up a field"),
    (
        {"metricDescriptor": descriptor(value_type="INT64"), "valueExtractor": None},
        "bucketOptions:",
        "cannot add up a field",
    ),
]


@pytest.mark.parametrize("changes", GOOD)
def test_counters_and_distributions_pass(findings: Findings, changes: dict[str, Any]) -> None:
    assert findings("metric-kind", metric(**changes)) == []


@pytest.mark.parametrize(("changes", "line", "message"), BAD)
def test_anything_else_is_an_error(findings: Findings, changes: dict[str, Any], line: str, message: str) -> None:
    text = metric(**changes)
    (finding,) = findings("metric-kind", text)
    assert finding.severity == "error"
    assert text.splitlines()[finding.line - 1].strip().startswith(line)
    assert message in finding.message
    assert finding.remedy
