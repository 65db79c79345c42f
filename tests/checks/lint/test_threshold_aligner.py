"""threshold-aligner: what fits counts and distributions passes, anything else does not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from loyalty_monitoring.checks.lint.aggregations import steps
from loyalty_monitoring.google_cloud.api_messages import MESSAGES
from tests.checks.lint.bodies import distribution, log_based, metric, policy, threshold
from tests.checks.lint.conftest import Findings


def aggregated(*steps_: tuple[str, str], type_: str = "conditionThreshold") -> dict[str, Any]:
    aggregations = [
        {"alignmentPeriod": "300s", "perSeriesAligner": aligner, "crossSeriesReducer": reducer}
        for aligner, reducer in steps_
    ]
    return {
        type_: {**threshold()["conditionThreshold"], "filter": log_based("shop/errors"), "aggregations": aggregations}
    }


COUNTS, DISTRIBUTION = metric(), distribution()


def test_the_table_has_every_aligner_and_reducer_of_the_api() -> None:
    descriptor = MESSAGES["alert_policy"].pb().DESCRIPTOR.fields_by_name["conditions"].message_type
    threshold_ = descriptor.fields_by_name["condition_threshold"].message_type
    aggregation = threshold_.fields_by_name["aggregations"].message_type
    names = {
        value.name
        for field in ("per_series_aligner", "cross_series_reducer")
        for value in aggregation.fields_by_name[field].enum_type.values
    }
    assert set(steps()) == names - {"ALIGN_NONE", "REDUCE_NONE"}


@pytest.mark.parametrize(
    ("defined", "condition"),
    [
        (COUNTS, aggregated(("ALIGN_DELTA", "REDUCE_SUM"))),
        (COUNTS, aggregated(("ALIGN_RATE", "REDUCE_PERCENTILE_95"))),
        (COUNTS, aggregated(("ALIGN_SUM", "REDUCE_NONE"), ("ALIGN_MAX", "REDUCE_MAX"))),
        (COUNTS, aggregated(("ALIGN_COUNT", "REDUCE_COUNT"), type_="conditionAbsent")),
        (DISTRIBUTION, aggregated(("ALIGN_PERCENTILE_95", "REDUCE_MAX"))),
        (DISTRIBUTION, aggregated(("ALIGN_DELTA", "REDUCE_MEAN"))),
        (DISTRIBUTION, aggregated(("ALIGN_SUM", "REDUCE_PERCENTILE_99"))),
        (DISTRIBUTION, aggregated(("ALIGN_DELTA", "REDUCE_SUM"), type_="conditionAbsent")),
        (metric(name="other"), aggregated(("ALIGN_PERCENTILE_95", "REDUCE_MAX"))),
        (COUNTS, aggregated(("${aligner}", "REDUCE_SUM"))),
    ],
)
def test_what_fits_passes(findings: Findings, defined: Any, condition: Any) -> None:
    assert findings("threshold-aligner", json.dumps([defined, policy(condition)])) == []


@pytest.mark.parametrize(
    ("defined", "condition", "said"),
    [
        (COUNTS, aggregated(("ALIGN_PERCENTILE_95", "REDUCE_NONE")), "takes DISTRIBUTION, and here it gets counts"),
        (
            COUNTS,
            aggregated(("ALIGN_NEXT_OLDER", "REDUCE_SUM")),
            "takes GAUGE metrics, and a log-based",
        ),
        (COUNTS, aggregated(("ALIGN_DELTA", "REDUCE_COUNT_TRUE")), "REDUCE_COUNT_TRUE takes BOOL"),
        (COUNTS, aggregated(("ALIGN_NONE", "REDUCE_SUM")), "has REDUCE_SUM and no aligner"),
        (DISTRIBUTION, aggregated(("ALIGN_RATE", "REDUCE_NONE")), "and here it gets a distribution"),
        (DISTRIBUTION, aggregated(("ALIGN_MEAN", "REDUCE_NONE")), "and here it gets a distribution"),
        (DISTRIBUTION, aggregated(("ALIGN_DELTA", "REDUCE_MAX")), "REDUCE_MAX takes DOUBLE or INT64"),
        (DISTRIBUTION, aggregated(("ALIGN_DELTA", "REDUCE_SUM")), "compares the distribution 'shop/errors'"),
        (metric(name="other"), aggregated(("ALIGN_FRACTION_TRUE", "REDUCE_NONE")), "takes GAUGE metrics"),
    ],
)
def test_what_does_not_fit_is_an_error(findings: Findings, defined: Any, condition: Any, said: str) -> None:
    (finding,) = findings("threshold-aligner", json.dumps([defined, policy(condition)]))
    assert finding.severity == "error"
    assert said in finding.message
    assert finding.remedy
