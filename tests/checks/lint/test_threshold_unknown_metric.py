"""threshold-unknown-metric: a defined metric passes, a mistyped one does not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.checks.lint.bodies import log_based, metric, policy, threshold
from tests.checks.lint.conftest import Findings

ABSENT = {"conditionAbsent": {"filter": log_based("shop/error"), "duration": "300s"}}


@pytest.mark.parametrize(
    "resources",
    [
        [metric(), policy(threshold(filter=log_based("shop/errors")))],
        [metric(name="projects/acme/metrics/shop%2Ferrors"), policy(threshold(filter=log_based("shop/errors")))],
        [policy(threshold(filter=log_based("shop/error")))],
        [metric(), policy(threshold(filter='metric.type="run.googleapis.com/request_count"'))],
        [metric(), policy(threshold(filter=log_based("${metric}")))],
        # Several metrics, a beginning, another's, words in quotes, and what does not parse: none is known to be one.
        *(
            [metric(), policy(threshold(filter=filter_))]
            for filter_ in (
                f'({log_based("shop/errors")}) OR metric.type="logging.googleapis.com/user/other"',
                'metric.type=starts_with("logging.googleapis.com/user/other")',
                'NOT metric.type="logging.googleapis.com/user/other"',
                'metric.type="a" metric.labels.x="metric.type=logging.googleapis.com/user/other"',
                'metric.type="logging.googleapis.com/user/other" AND (',
            )
        ),
        [metric(name="${name}"), policy(threshold(filter=log_based("shop/error")))],
    ],
)
def test_what_is_defined_or_cannot_be_known_passes(findings: Findings, resources: list[Any]) -> None:
    assert findings("threshold-unknown-metric", json.dumps(resources)) == []


@pytest.mark.parametrize(
    "condition",
    [
        threshold(filter=log_based("shop/error")),
        threshold(filter=log_based("shop/errors"), denominatorFilter=log_based("shop/error")),
        ABSENT,
        threshold(filter='metric.type = one_of("logging.googleapis.com/user/shop/error") OR resource.type="global"'),
        threshold(filter="resource.type='global' metric.type='logging.googleapis.com/user/shop/error'"),
    ],
)
def test_another_name_is_an_error_with_the_nearest(findings: Findings, condition: dict[str, Any]) -> None:
    (finding,) = findings("threshold-unknown-metric", json.dumps([metric(), policy(condition)]))
    assert finding.severity == "error"
    assert "'shop/error'" in finding.message
    assert "did you mean 'shop/errors'" in finding.remedy
