"""filter-precedence: parentheses pass, a mixture does not."""

from __future__ import annotations

from typing import Any

import pytest

from tests.checks.lint.conftest import Findings
from tests.checks.lint.metrics import metric

GOOD: list[dict[str, Any]] = [
    {},
    {"filter": "a OR b OR c"},
    {"filter": "a AND (b OR c) AND (d OR (e AND f))"},
    {"filter": 'a OR "b AND c" -- or AND a comment AND more'},
    {"filter": "resource.type=(a OR b) AND c"},
    {"filter": "a OR jsonPayload.x=AND"},
    {"filter": "a OR b\nc"},
    {"filter": ")))((("},
]
BAD: list[tuple[dict[str, Any], str, str]] = [
    ({"filter": "a OR b AND c"}, "filter:", "mixes AND and OR"),
    ({"filter": "a AND b OR c"}, "filter:", "mixes AND and OR"),
    ({"filter": "a AND (b OR c AND d)"}, "filter:", "mixes AND and OR"),
    ({"filter": "a AND (b) OR c"}, "filter:", "mixes AND and OR"),
]


@pytest.mark.parametrize("changes", GOOD)
def test_one_word_or_parentheses_pass(findings: Findings, changes: dict[str, Any]) -> None:
    assert findings("filter-precedence", metric(**changes)) == []


@pytest.mark.parametrize(("changes", "line", "message"), BAD)
def test_a_mixture_is_found(findings: Findings, changes: dict[str, Any], line: str, message: str) -> None:
    text = metric(**changes)
    (finding,) = findings("filter-precedence", text)
    assert finding.severity == "warning"
    assert text.splitlines()[finding.line - 1].strip().startswith(line)
    assert message in finding.message
    assert finding.remedy
