"""threshold-resource-type: both types in a filter, the metric's in a denominator."""

from __future__ import annotations

import json

import pytest

from tests.checks.lint.conftest import Findings

BOTH = 'metric.type="a" AND resource.type="global"'


def policy(filter_: str, key: str = "filter", type_: str = "conditionThreshold") -> str:
    return f"""displayName: runs
combiner: OR
conditions:
  - displayName: runs
    {type_}:
      {key}: {json.dumps(filter_)}
"""


@pytest.mark.parametrize(
    "text",
    [
        policy(BOTH),
        policy('resource.type = one_of("gce_instance", "global") metric.type = starts_with("a")'),
        policy('resource.type : "global" AND metric.type="a"', type_="conditionAbsent"),
        policy('metric.type="a"', "denominatorFilter"),
        policy("", "denominatorFilter"),
        policy('select_slo_burn_rate("projects/p/services/s/serviceLevelObjectives/o", "3600s")'),
        policy('select_process_count("monitor") AND resource.type="gce_instance"'),
        policy("${filter}"),
        policy("{{ filter }}"),
        policy('metric.type="a"', type_="conditionMatchedLog"),
        policy(BOTH).replace(json.dumps(BOTH), "[1, 2]"),
    ],
)
def test_filters_with_both_types_and_selectors_pass(findings: Findings, text: str) -> None:
    assert findings("threshold-resource-type", text) == []


@pytest.mark.parametrize(
    ("text", "said", "remedy"),
    [
        (policy('metric.type="a"'), "does not say resource.type", 'add `resource.type="..."`'),
        (policy('metric.type="a"', type_="conditionAbsent"), "does not say resource.type", "resource.type"),
        (policy('resource.type="global"'), "does not say metric.type", 'add `metric.type="..."`'),
        (policy('metric.type="resource.type"'), "does not say resource.type", "resource.type"),
        (policy('metric.type="a" AND metadata.resource.type="b"'), "does not say resource.type", "resource.type"),
        (policy('metric.type="a" AND resource.types="b"'), "does not say resource.type", "resource.type"),
        (policy('resource.type="a"', "denominatorFilter"), "does not say metric.type", "metric.type"),
    ],
)
def test_a_missing_type_is_an_error_there(findings: Findings, text: str, said: str, remedy: str) -> None:
    (finding,) = findings("threshold-resource-type", text)
    assert (finding.severity, finding.line) == ("error", 6)
    assert said in finding.message
    assert remedy in finding.remedy


def test_an_empty_filter_lacks_both(findings: Findings) -> None:
    assert len(findings("threshold-resource-type", policy(""))) == 2
