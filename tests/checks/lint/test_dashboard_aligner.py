"""dashboard-aligner: in a chart's filter, what fits counts and distributions passes, anything else does not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.checks.lint.bodies import dashboard, distribution, filter_chart, log_based, metric
from tests.checks.lint.conftest import Findings

COUNTS, DISTRIBUTION = metric(), distribution()
FILTER = log_based("shop/errors")


def _chart(aligner: str, reducer: str = "REDUCE_NONE", **more: Any) -> dict[str, Any]:
    aggregation = {"alignmentPeriod": "60s", "perSeriesAligner": aligner, "crossSeriesReducer": reducer}
    return filter_chart(timeSeriesFilter={"filter": FILTER, "aggregation": aggregation, **more})


@pytest.mark.parametrize(
    ("defined", "widget"),
    [
        (COUNTS, _chart("ALIGN_RATE", "REDUCE_SUM")),
        (COUNTS, _chart("ALIGN_DELTA", secondaryAggregation={"perSeriesAligner": "ALIGN_MAX"})),
        (DISTRIBUTION, _chart("ALIGN_DELTA", "REDUCE_PERCENTILE_99")),
        (DISTRIBUTION, _chart("ALIGN_DELTA", "REDUCE_SUM")),  # a heat map
        (metric(name="other"), _chart("ALIGN_PERCENTILE_95")),
        (COUNTS, _chart("${aligner}")),
        (COUNTS, _chart("ALIGN_DELTA", secondaryAggregation={"crossSeriesReducer": "REDUCE_SUM"})),
        (COUNTS, _chart("", "${reducer}")),
        (metric(name="other"), _chart("ALIGN_NONE", "REDUCE_NONE")),
    ],
)
def test_what_fits_passes(findings: Findings, defined: Any, widget: Any) -> None:
    assert findings("dashboard-aligner", json.dumps([defined, dashboard(widget)])) == []


@pytest.mark.parametrize(
    ("defined", "widget", "said"),
    [
        (COUNTS, _chart("ALIGN_PERCENTILE_50"), "here it gets counts"),
        (COUNTS, _chart("ALIGN_NONE", "REDUCE_SUM"), "has REDUCE_SUM and no aligner"),
        (metric(name="other"), _chart("", "REDUCE_MEAN"), "has REDUCE_MEAN and no aligner"),
        (COUNTS, _chart("ALIGN_NEXT_OLDER"), "a log-based metric is DELTA"),
        (DISTRIBUTION, _chart("ALIGN_RATE", "REDUCE_SUM"), "here it gets a distribution"),
        (
            COUNTS,
            _chart("ALIGN_DELTA", secondaryAggregation={"crossSeriesReducer": "REDUCE_COUNT_TRUE"}),
            "REDUCE_COUNT_TRUE takes",
        ),
        (
            COUNTS,
            filter_chart(
                timeSeriesFilterRatio={
                    part: {"filter": FILTER, "aggregation": {"perSeriesAligner": aligner}}
                    for part, aligner in (("numerator", "ALIGN_RATE"), ("denominator", "ALIGN_PERCENTILE_05"))
                }
            ),
            "here it gets counts",
        ),
    ],
)
def test_what_does_not_fit_is_an_error(findings: Findings, defined: Any, widget: Any, said: str) -> None:
    (finding,) = findings("dashboard-aligner", json.dumps([defined, dashboard(widget)]))
    assert finding.severity == "error"
    assert said in finding.message
