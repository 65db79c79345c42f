"""metric-label-personal: a handful of values passes, people and ids do not."""

from __future__ import annotations

from typing import Any

import pytest

from tests.checks.lint.conftest import Findings
from tests.checks.lint.metrics import descriptor, metric


def label(key: str, field: str) -> dict[str, Any]:
    return {"metricDescriptor": descriptor(labels=(key,)), "labelExtractors": {key: field}}


GOOD: list[dict[str, Any]] = [
    {},
    label("merchant_id", "EXTRACT(jsonPayload.merchant_id)"),
    label("template_code", "EXTRACT(jsonPayload.template_code)"),
    label("user_type", "EXTRACT(jsonPayload.user_type)"),
    label("card_kind", "EXTRACT(jsonPayload.kind)"),
    label("task", 'REGEXP_EXTRACT(jsonPayload.message, "Task ([a-z._]+)")'),
    label("status", "EXTRACT(httpRequest.status)"),
    label("platform", "EXTRACT(jsonPayload.platform)"),
    {"metricDescriptor": {"labels": [{"key": 5}, "x"]}, "labelExtractors": 5},
]
BAD: list[tuple[dict[str, Any], str, str]] = [
    (label("recipient", "EXTRACT(jsonPayload.recipient)"), "- key: recipient", "'recipient'"),
    (label("card_id", "EXTRACT(jsonPayload.card_id)"), "- key: card_id", "'card_id'"),
    (label("customerId", "EXTRACT(jsonPayload.customer)"), "- key: customerId", "'customerId'"),
    (label("who", "EXTRACT(jsonPayload.email)"), "- key: who", "'who'"),
    (label("id", "EXTRACT(insertId)"), "- key: id", "'id'"),
    (label("address", "EXTRACT(httpRequest.remoteIp)"), "- key: address", "'address'"),
]


@pytest.mark.parametrize("changes", GOOD)
def test_what_has_few_values_passes(findings: Findings, changes: dict[str, Any]) -> None:
    assert findings("metric-label-personal", metric(**changes)) == []


@pytest.mark.parametrize(("changes", "line", "message"), BAD)
def test_people_and_endless_values_are_found(
    findings: Findings, changes: dict[str, Any], line: str, message: str
) -> None:
    text = metric(**changes)
    (finding,) = findings("metric-label-personal", text)
    assert finding.severity == "warning"
    assert text.splitlines()[finding.line - 1].strip().startswith(line)
    assert message in finding.message
    assert finding.remedy
