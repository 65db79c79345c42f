"""Charts written as filters: the PromQL that draws the same, or a sentence that says why not."""

from __future__ import annotations

import re
from typing import Any

import pytest

from loyalty_monitoring.definitions.load import load_definitions
from loyalty_monitoring.definitions.settings import load_stack_settings
from loyalty_monitoring.query_languages.promql.expressions import parsed
from loyalty_monitoring.query_languages.promql.variables import chosen
from loyalty_monitoring.report.time_series_filter import NotEvaluated, over_steps, promql_of_filter
from tests.conftest import PROJECT

METRICS = load_definitions(PROJECT, load_stack_settings(PROJECT, "demo")).log_metrics

COUNTER = 'metric.type="logging.googleapis.com/user/loyalty/rate_limited_requests" AND resource.type="k8s_container"'
DISTRIBUTION = 'metric.type="logging.googleapis.com/user/loyalty/stamp_transactions" resource.type="k8s_container"'
RATE = "logging_googleapis_com:user_loyalty_rate_limited_requests"


def query(text: str = COUNTER, reducer: str = "REDUCE_NONE", **aggregation: Any) -> dict[str, Any]:
    return {"timeSeriesFilter": {"filter": text, "aggregation": {"crossSeriesReducer": reducer, **aggregation}}}


def promql(body: dict[str, Any], step: int = 60) -> str:
    found = over_steps(promql_of_filter(body, METRICS), step)
    parsed(found)
    return found


def test_a_sum_by_store() -> None:
    body = query(
        alignmentPeriod="3600s",
        perSeriesAligner="ALIGN_DELTA",
        reducer="REDUCE_SUM",
        groupByFields=['metric.label."store_id"'],
    )
    assert promql(body) == f'sum by (store_id) (sum_over_time({RATE}{{monitored_resource="k8s_container"}}[3600s]))'


def test_a_rate_is_a_second() -> None:
    body = query(alignmentPeriod="300s", perSeriesAligner="ALIGN_RATE")
    assert promql(body) == f'sum_over_time({RATE}{{monitored_resource="k8s_container"}}[300s]) / 300'


def test_a_chart_of_long_steps_is_aligned_over_its_step() -> None:
    body = query(alignmentPeriod="60s", perSeriesAligner="ALIGN_RATE")
    assert promql(body, step=3600).endswith("[3600s]) / 3600")


@pytest.mark.parametrize(
    ("term", "matcher"),
    [
        ('metric.label.store_id="s-1"', 'store_id="s-1"'),
        ('metric.labels."store_id" != "s-1"', 'store_id!="s-1"'),
        ('resource.labels.namespace_name=starts_with("loy.")', 'namespace_name=~"loy\\\\..*"'),
        ('metric.label.store_id=has_substring("a b")', 'store_id=~".*a\\\\ b.*"'),
        ('metric.label.store_id=one_of("s-1", "s-2")', 'store_id=~"s\\\\-1|s\\\\-2"'),
        ('metric.label.store_id=monitoring.regex.full_match("s-[0-9]+")', 'store_id=~"s-[0-9]+"'),
        ('metric.label.store_id=ends_with("1")', 'store_id=~".*1"'),
        ('metric.label.store_id!=ends_with("1")', 'store_id!~".*1"'),
        ('metric.label.store_id:"s-1"', 'store_id=~".*s\\\\-1.*"'),
        ('NOT metric.label.store_id:"s-1"', 'store_id!~".*s\\\\-1.*"'),
        ('NOT metric.label.store_id="s-1"', 'store_id!="s-1"'),
        ('NOT metric.label.store_id!="s-1"', 'store_id="s-1"'),
        ('metric.label.store_id=monitoring.regex.full_match("s-(1|2)")', 'store_id=~"s-(1|2)"'),
        ('metric.label.store_id=monitoring.regex.full_match("s.\\d")', 'store_id=~"s.\\\\d"'),
        ("${store}", "${store}"),
        ('metric.labels.store_id="${store.value}"', 'store_id=~"${store.value}"'),
        ("metric.labels.store_id=${store.value}", 'store_id=~"${store.value}"'),
        ('metric.labels.store_id=starts_with("a.${store.value}")', 'store_id=~"a\\\\.${store.value}.*"'),
        ('metric.label.store_id="a\\"} or b{c=\\"d"', 'store_id="a\\"} or b{c=\\"d"'),
    ],
)
def test_a_term_of_the_filter_is_a_matcher(term: str, matcher: str) -> None:
    found = over_steps(promql_of_filter(query(f"{COUNTER} AND {term}"), METRICS), 60)
    assert matcher in found
    parsed(chosen(found))


@pytest.mark.parametrize(
    "text",
    [
        f'{COUNTER} (metric.label.store_id="a" OR metric.label.store_id="b")',
        f'({COUNTER} metric.label.store_id="a") OR ({COUNTER} AND metric.label.store_id="b")',
        f'NOT (metric.label.store_id!="a" AND metric.label.store_id!="b") AND {COUNTER}',
    ],
)
def test_alternatives_are_joined_before_they_are_reduced(text: str) -> None:
    found = promql(query(text, perSeriesAligner="ALIGN_DELTA", reducer="REDUCE_SUM"))
    a, b = (f'sum_over_time({RATE}{{monitored_resource="k8s_container", store_id="{store}"}}[60s])' for store in "ab")
    alone = sorted(re.findall(r"sum_over_time\([^)]*\)", found))
    assert [sorted(re.findall(r'\w+="[^"]*"', one)) for one in alone] == [
        sorted(re.findall(r'\w+="[^"]*"', one)) for one in (a, b)
    ]
    assert found.startswith("sum by () ((sum_over_time(")
    assert " or " in found


@pytest.mark.parametrize(
    ("aggregation", "part"),
    [
        (
            {"perSeriesAligner": "ALIGN_DELTA", "reducer": "REDUCE_PERCENTILE_95"},
            "histogram_quantile(0.95, sum by (le)",
        ),
        ({"perSeriesAligner": "ALIGN_PERCENTILE_50"}, "histogram_quantile(0.5, sum_over_time("),
        ({"perSeriesAligner": "ALIGN_MEAN"}, "_sum{"),
        ({"perSeriesAligner": "ALIGN_SUM", "reducer": "REDUCE_SUM"}, "sum by (le) (sum_over_time("),
        ({"perSeriesAligner": "ALIGN_DELTA", "reducer": "REDUCE_MEAN"}, "_count{"),
    ],
)
def test_a_distribution_has_percentiles_a_mean_and_buckets(aggregation: dict[str, Any], part: str) -> None:
    assert part in promql(query(DISTRIBUTION, **aggregation))


def test_a_ratio_divides() -> None:
    part = query(perSeriesAligner="ALIGN_DELTA", reducer="REDUCE_SUM")["timeSeriesFilter"]
    assert ") / (" in promql({"timeSeriesFilterRatio": {"numerator": part, "denominator": part}})


def test_the_highest_series_are_picked() -> None:
    body = query(perSeriesAligner="ALIGN_DELTA")
    body["timeSeriesFilter"]["pickTimeSeriesFilter"] = {"numTimeSeries": 3, "direction": "TOP"}
    assert promql(body).startswith("topk(3, ")


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ({"timeSeriesQueryLanguage": "fetch gce_instance"}, "MQL"),
        ({"opsAnalyticsQuery": {"sql": "SELECT 1"}}, "not evaluated"),
        (query('metric.type="compute.googleapis.com/instance/cpu"'), "no log-based metric of this project"),
        (query(""), "no log-based metric"),
        (query(f"{COUNTER} metric.labels.code >= 500"), r"without an order: metric\.labels\.code >= 500"),
        (query(f'{COUNTER} project="p"'), 'project="p"'),
        (query('select_slo_burn_rate("projects/p/services/s/serviceLevelObjectives/o", "3600s")'), "select_slo_burn_r"),
        (query(f'{COUNTER} metadata.user_labels.team="a"'), "log entries do not say"),
        (query(f'{COUNTER} metric.colour="a"'), "there is no such selector"),
        (query(f"{COUNTER} OR {COUNTER.replace('rate_limited', 'other')}"), "names several metrics|names one metric"),
        (query('metric.type=starts_with("logging")'), "one metric.type, exactly"),
        (query(f"NOT ({COUNTER})"), "one metric.type, exactly"),
        (query(f"{COUNTER} NOT ${{store}}"), "NOT before"),
        (query(f'{COUNTER} AND metric.labels.x=monitoring.regex.full_match("a(b)'), "1:.*not closed"),
        (query(perSeriesAligner="ALIGN_PERCENTILE_99"), "does not fit a counter"),
        (query(perSeriesAligner="ALIGN_DELTA", alignmentPeriod="an hour"), "is no duration such as 60s"),
        (query(perSeriesAligner="ALIGN_DELTA", reducer="REDUCE_FRACTION_TRUE"), "REDUCE_FRACTION_TRUE"),
        ({"timeSeriesFilter": {"filter": 5}}, "no filter"),
        ({"timeSeriesFilterRatio": {}}, "no filter"),
        ({}, "not evaluated"),
    ],
)
def test_what_cannot_be_drawn_says_why(body: dict[str, Any], why: str) -> None:
    with pytest.raises(NotEvaluated, match=why):
        promql_of_filter(body, METRICS)
