"""filter-lower-case: capitals and quoted words pass."""

from __future__ import annotations

from typing import Any

import pytest

from tests.checks.lint.conftest import Findings
from tests.checks.lint.metrics import metric

GOOD: list[dict[str, Any]] = [
    {},
    {"filter": "a AND NOT b OR c"},
    {"filter": 'textPayload:"this and that" -- and so on'},
    {"filter": "jsonPayload.or=1 AND jsonPayload.x=and"},
    {"filter": "android order nothing"},
    {"filter": 'textPayload:"a && b || c | d" -- && and ||'},
    {"filter": "textPayload=&& OR textPayload:||"},
    {"filter": '"&&" "|" jsonPayload.a=1'},
]
BAD: list[tuple[dict[str, Any], str, str]] = [
    ({"filter": "a and b"}, "filter:", "'and'"),
    ({"filter": "a=1 or b=2"}, "filter:", "'or'"),
    ({"filter": "not a"}, "filter:", "'not'"),
    ({"filter": "a And b"}, "filter:", "'And'"),
    ({"filter": 'resource.type="k8s_container" && severity>=ERROR'}, "filter:", "'&&'"),
    ({"filter": "severity>=ERROR || jsonPayload.a=1"}, "filter:", "'||'"),
    ({"filter": '|\nresource.type="k8s_container"'}, "filter:", "'|'"),
    ({"filter": "severity>=ERROR & jsonPayload.a=1"}, "filter:", "'&'"),
]


@pytest.mark.parametrize("changes", GOOD)
def test_capitals_and_quoted_words_pass(findings: Findings, changes: dict[str, Any]) -> None:
    assert findings("filter-lower-case", metric(**changes)) == []


@pytest.mark.parametrize(("changes", "line", "message"), BAD)
def test_lower_case_operators_are_found(findings: Findings, changes: dict[str, Any], line: str, message: str) -> None:
    text = metric(**changes)
    (finding,) = findings("filter-lower-case", text)
    assert finding.severity == "warning"
    assert text.splitlines()[finding.line - 1].strip().startswith(line)
    assert message in finding.message
    assert finding.remedy
