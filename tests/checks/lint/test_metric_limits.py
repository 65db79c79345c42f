"""metric-limits: what the API takes passes, one more does not."""

from __future__ import annotations

from typing import Any

import pytest

from tests.checks.lint.conftest import Findings
from tests.checks.lint.metrics import descriptor, metric


def linear(**changes: Any) -> dict[str, Any]:
    return {"numFiniteBuckets": 3, "width": 1, "offset": 0} | changes


def exponential(**changes: Any) -> dict[str, Any]:
    return {"numFiniteBuckets": 3, "growthFactor": 2, "scale": 1} | changes


GOOD: list[dict[str, Any]] = [
    {},
    {"name": "n" * 100},
    {"filter": "f" * 20_000},
    {"description": "d" * 8_000},
    {"metricDescriptor": descriptor(labels=tuple("abcdefghij"))},
    {"bucketOptions": {"explicitBuckets": {"bounds": list(range(201))}}},
    {"bucketOptions": {"linearBuckets": linear(numFiniteBuckets="200", width=0.001)}},
    {"bucketOptions": {"exponentialBuckets": exponential(growthFactor=1.001, scale=0.001)}},
    {"name": "shop/errors-2.x_(a),'b'%!*+"},
    {"metricDescriptor": "odd", "name": 5, "bucketOptions": {"explicitBuckets": {"bounds": "odd"}}},
]
BAD: list[tuple[dict[str, Any], str, str]] = [
    ({"name": "n" * 101}, "name:", "101 characters; at most 100 are taken"),
    ({"filter": "f" * 20_001}, "filter:", "20,001 characters"),
    ({"description": "d" * 8_001}, "description:", "8,001"),
    ({"metricDescriptor": descriptor(labels=tuple("abcdefghijk"))}, "labels:", "11 entries; at most 10 are taken"),
    ({"bucketOptions": {"explicitBuckets": {"bounds": [1, 1, 2]}}}, "bounds:", "do not rise"),
    ({"bucketOptions": {"explicitBuckets": {"bounds": [3, 2]}}}, "bounds:", "do not rise"),
    ({"bucketOptions": {"explicitBuckets": {"bounds": list(range(202))}}}, "bounds:", "202 entries; at most 201"),
    ({"bucketOptions": {"linearBuckets": linear(width=0)}}, "width:", "width is 0; the API takes only more than 0"),
    ({"bucketOptions": {"linearBuckets": linear(numFiniteBuckets=201)}}, "numFiniteBuckets:", "takes 1 to 200"),
    ({"bucketOptions": {"linearBuckets": linear(numFiniteBuckets=0)}}, "numFiniteBuckets:", "only more than 0"),
    ({"bucketOptions": {"exponentialBuckets": exponential(growthFactor=1)}}, "growthFactor:", "only more than 1"),
    ({"bucketOptions": {"exponentialBuckets": exponential(scale="0")}}, "scale:", "only more than 0"),
    ({"bucketOptions": {"exponentialBuckets": {"numFiniteBuckets": 9, "scale": 1}}}, "exponentialBuckets:", "growth"),
    (
        {"bucketOptions": {"exponentialBuckets": exponential(numFiniteBuckets=200, growthFactor=100)}},
        "exponentialBuckets:",
        "beyond any",
    ),
    (
        {"bucketOptions": {"exponentialBuckets": exponential(numFiniteBuckets="200", growthFactor="100", scale="1")}},
        "exponentialBuckets:",
        "beyond any",
    ),
    ({"bucketOptions": {"exponentialBuckets": exponential(growthFactor=1e200)}}, "exponentialBuckets:", "beyond any"),
    ({"bucketOptions": {"exponentialBuckets": exponential(scale=10**400)}}, "exponentialBuckets:", "beyond any"),
    ({"name": "/shop/errors"}, "name:", "and no / first"),
    ({"name": "shop errors"}, "name:", "letters, digits and _-"),
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
