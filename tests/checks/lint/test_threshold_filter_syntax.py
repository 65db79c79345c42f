"""threshold-filter-syntax: what Monitoring filters can say passes, anything else is an error with its place."""

from __future__ import annotations

import json

import pytest

from tests.checks.lint.bodies import policy, threshold
from tests.checks.lint.conftest import Findings

RULE = "threshold-filter-syntax"
TYPES = 'metric.type="a.googleapis.com/b" AND resource.type="gce_instance"'


@pytest.mark.parametrize(
    "written",
    [
        TYPES,
        TYPES.replace(" AND", ""),
        f'{TYPES} AND (metric.labels.code = "500" OR NOT metric.label."code" = starts_with("4"))',
        f"{TYPES} AND metadata.user_labels.\"app\" = monitoring.regex.full_match('a.*(b|c)')",
        f"{TYPES} AND -resource.labels.zone : europe",
        f'{TYPES} AND metric.labels.x = one_of("a", "b")\n',
        'select_slo_burn_rate("projects/p/services/s/serviceLevelObjectives/o", "3600s")',
        "metric.type=${var.type} AND (",
        'metric.type = "{{ type }}" AND )',
    ],
)
def test_what_can_be_read_or_is_not_whole_yet_passes(findings: Findings, written: str) -> None:
    assert findings(RULE, json.dumps(policy(threshold(filter=written)))) == []


@pytest.mark.parametrize("written", [None, 7, [], {}])
def test_other_shapes_pass(findings: Findings, written: object) -> None:
    assert findings(RULE, json.dumps(policy(threshold(filter=written)))) == []


@pytest.mark.parametrize(
    ("marked", "said"),
    [
        (f'{TYPES} AND metric.labels.step =~ ^"pay"', "not expected"),
        (f"{TYPES}\nAND (metric.labels.step = pay^", "ends too early"),
        (f"{TYPES} AND metric.labels.step =^", "ends too early"),
        (f'{TYPES} AND metric.labels.step = ^"pay', "not closed"),
        (f'{TYPES} AND metric.labels.step = ^starts_wiht("pay")', "there is no function"),
        (f'{TYPES} AND metric.labels.step ^> starts_with("pay")', "is not compared with >"),
        (f"{TYPES} ^&& true", "not expected"),
        (f"{TYPES}^)", "not expected"),
        ("severity>=ERROR AND ^AND", "not expected"),
    ],
)
def test_what_cannot_is_an_error_with_its_place(findings: Findings, marked: str, said: str) -> None:
    before, _, after = marked.partition("^")
    (finding,) = findings(RULE, json.dumps(policy(threshold(filter=before + after))))
    assert finding.severity == "error"
    line, column = before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1
    assert f"line {line}, column {column} of the filter: " in finding.message
    assert said in finding.message
    assert finding.remedy


def test_absences_and_denominators_are_read_as_well(findings: Findings) -> None:
    absence = {"conditionAbsent": {"filter": "metric.type=", "duration": "300s"}}
    ratio = threshold(filter=TYPES, denominatorFilter="metric.type=")
    assert len(findings(RULE, json.dumps(policy(absence, ratio)))) == 2
