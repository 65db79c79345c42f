"""metric-extractor: both forms pass, with one group in RE2."""

from __future__ import annotations

from typing import Any

import pytest

from tests.checks.lint.conftest import Findings
from tests.checks.lint.metrics import metric

GOOD: list[dict[str, Any]] = [
    {},
    {"valueExtractor": 'REGEXP_EXTRACT(jsonPayload.message, "in ([0-9.]+)s")'},
    {"valueExtractor": 'REGEXP_EXTRACT(jsonPayload.message, "(?:a|b)([0-9]+)")'},
    {"labelExtractors": {"store_id": 'EXTRACT(labels."store.id")'}},
    {"labelExtractors": {"store_id": 5}, "valueExtractor": ["odd"]},
]
BAD: list[tuple[dict[str, Any], str, str]] = [
    ({"valueExtractor": "jsonPayload.stamps"}, "valueExtractor:", "is not known"),
    ({"valueExtractor": 'REGEXP_EXTRACT(jsonPayload.m, "[0-9]+")'}, "valueExtractor:", "one group"),
    ({"valueExtractor": 'REGEXP_EXTRACT(jsonPayload.m, "(a)(b)")'}, "valueExtractor:", "one group"),
    ({"labelExtractors": {"store_id": 'REGEXP_EXTRACT(jsonPayload.m, "(a")'}}, "store_id:", ""),
    ({"labelExtractors": {"store_id": 'REGEXP_EXTRACT(jsonPayload.m, "(?=x)(a)")'}}, "store_id:", "RE2"),
]


@pytest.mark.parametrize("changes", GOOD)
def test_both_forms_pass(findings: Findings, changes: dict[str, Any]) -> None:
    assert findings("metric-extractor", metric(**changes)) == []


@pytest.mark.parametrize(("changes", "line", "message"), BAD)
def test_anything_else_is_an_error(findings: Findings, changes: dict[str, Any], line: str, message: str) -> None:
    text = metric(**changes)
    (finding,) = findings("metric-extractor", text)
    assert finding.severity == "error"
    assert text.splitlines()[finding.line - 1].strip().startswith(line)
    assert message in finding.message
    assert finding.remedy
