"""dashboard-filter-syntax: what Monitoring filters can say passes, with variables; anything else is an error."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.checks.lint.bodies import dashboard, filter_chart
from tests.checks.lint.conftest import Findings

RULE = "dashboard-filter-syntax"
TYPE = 'metric.type="a.googleapis.com/b"'


def _found(findings: Findings, *widgets: dict[str, Any]) -> list[Any]:
    return findings(RULE, json.dumps(dashboard(*widgets)))


@pytest.mark.parametrize(
    "written",
    [
        TYPE,
        f"{TYPE} ${{zone}}",
        f"{TYPE} AND resource.labels.zone = ${{zone.value}}",
        f'{TYPE} AND (metric.labels.code = "500" OR metric.labels.code = "503")',
        f"{TYPE} AND metric.labels.code != monitoring.regex.full_match(\"5..\") resource.label.'zone' = 'a'",
        f"{TYPE} AND {{{{ filter }}}}",
        "",
    ],
)
def test_what_can_be_read_or_is_not_whole_yet_passes(findings: Findings, written: str) -> None:
    assert _found(findings, filter_chart(timeSeriesFilter={"filter": written})) == []


@pytest.mark.parametrize("written", [None, 7, [], {}])
def test_other_shapes_pass(findings: Findings, written: object) -> None:
    assert _found(findings, filter_chart(timeSeriesFilter={"filter": written})) == []


@pytest.mark.parametrize(
    ("written", "place", "said"),
    [
        (f'{TYPE} AND metric.labels.code =~ "5.."', "line 1, column 60", "not expected"),
        (f'{TYPE}\nAND metric.labels.code = starts_wiht("5")', "line 2, column 26", "did you mean 'starts_with'"),
        (f"({TYPE}", "line 1, column 34", "ends too early"),
    ],
)
def test_what_cannot_is_an_error_with_its_place(findings: Findings, written: str, place: str, said: str) -> None:
    (finding,) = _found(findings, filter_chart(timeSeriesFilter={"filter": written}))
    assert finding.severity == "error"
    assert place in finding.message
    assert said in f"{finding.message}; {finding.remedy}"


def test_both_parts_of_a_ratio_are_read(findings: Findings) -> None:
    ratio = {"numerator": {"filter": "metric.type="}, "denominator": {"filter": "("}}
    assert len(_found(findings, filter_chart(timeSeriesFilterRatio=ratio))) == 2
