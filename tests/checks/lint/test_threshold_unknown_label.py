"""threshold-unknown-label: the labels of metric and resource pass, others do not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.checks.lint.bodies import log_based, metric, policy, threshold
from tests.checks.lint.conftest import Findings


def condition(more: str = "", *fields: str) -> dict[str, Any]:
    aggregation = {"alignmentPeriod": "300s", "perSeriesAligner": "ALIGN_DELTA", "groupByFields": [*fields]}
    return threshold(filter=f"{log_based('shop/errors')} {more}", aggregations=[aggregation])


@pytest.mark.parametrize(
    "written",
    [
        condition(),
        condition('metric.labels.step="pay"', "metric.label.step"),
        condition('metric.label."step"="metric.labels.stepp"', 'metric.label."step"'),
        condition('metric.labels.log="stdout"', "resource.label.pod_name", "resource.labels.location"),
        condition('metadata.user_labels.app="a"', "metadata.system_labels.name"),
        condition('resource.labels.project_id="acme"', "metric.labels.${label}"),
    ],
)
def test_labels_that_there_are_pass(findings: Findings, written: dict[str, Any]) -> None:
    assert findings("threshold-unknown-label", json.dumps([metric(), policy(written)])) == []


def test_of_a_metric_of_others_nothing_is_known(findings: Findings) -> None:
    written = condition('metric.labels.stepp="pay"')
    assert findings("threshold-unknown-label", json.dumps([metric(name="other"), policy(written)])) == []


@pytest.mark.parametrize(
    ("written", "said", "remedy"),
    [
        (condition('metric.labels.stepp="pay"'), "matches metric.labels.stepp", "did you mean 'step'?"),
        (condition('AND metric.label."stepp"!="a"'), "matches metric.labels.stepp", "labelExtractors"),
        (condition("", "metric.label.stepp"), "groups by metric.labels.stepp", "did you mean 'step'?"),
        (condition("", "metric.labels.step", "metric.labels.store"), "groups by metric.labels.store", "extract"),
        (condition('resource.labels.pod="a"'), "matches resource.labels.pod, which k8s_container", "'pod_name'"),
        (condition("", "resource.label.revision_name"), "groups by resource.labels.revision_name", "resource"),
    ],
)
def test_others_are_an_error(findings: Findings, written: dict[str, Any], said: str, remedy: str) -> None:
    (finding,) = findings("threshold-unknown-label", json.dumps([metric(), policy(written)]))
    assert finding.severity == "error"
    assert said in finding.message
    assert remedy in finding.remedy
