"""metric-labels-differ: the same labels in both places pass."""

from __future__ import annotations

from typing import Any

import pytest

from tests.checks.lint.conftest import Findings
from tests.checks.lint.metrics import descriptor, metric

GOOD: list[dict[str, Any]] = [
    {},
    {"metricDescriptor": descriptor(labels=()), "labelExtractors": None},
    {"metricDescriptor": descriptor(labels=("a", "b")), "labelExtractors": {"b": "x", "a": "y"}},
    {"labelExtractors": "odd"},
]
BAD: list[tuple[dict[str, Any], str, str]] = [
    ({"labelExtractors": None}, "labels:", "label 'store_id' has no extractor"),
    ({"metricDescriptor": descriptor(labels=())}, "store_id:", "extractor 'store_id' has no label"),
    (
        {"metricDescriptor": descriptor(labels=("store_id", "b"))},
        "labels:",
        "label 'b' has no extractor",
    ),
]


@pytest.mark.parametrize("changes", GOOD)
def test_the_same_labels_in_both_places_pass(findings: Findings, changes: dict[str, Any]) -> None:
    assert findings("metric-labels-differ", metric(**changes)) == []


@pytest.mark.parametrize(("changes", "line", "message"), BAD)
def test_a_label_in_one_place_only_is_an_error(
    findings: Findings, changes: dict[str, Any], line: str, message: str
) -> None:
    text = metric(**changes)
    (finding,) = findings("metric-labels-differ", text)
    assert finding.severity == "error"
    assert text.splitlines()[finding.line - 1].strip().startswith(line)
    assert message in finding.message
    assert finding.remedy
