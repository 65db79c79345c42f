"""When a warning is due, and what it says."""

from __future__ import annotations

import re
from math import prod
from pathlib import Path
from typing import Any

import pytest

from loyalty_monitoring.cost.limits import level, reach
from loyalty_monitoring.cost.scale import Growth, MetricForecast, Size, forecast, reached_at
from loyalty_monitoring.cost.usage import Cells, MetricUsage
from loyalty_monitoring.definitions.model import LogMetric
from loyalty_monitoring.definitions.project import load_module
from tests.conftest import ROOT

LIMIT = 30_000

DIMENSIONS = load_module(ROOT).dimensions


@pytest.mark.parametrize(
    ("series", "expected"),
    [(0, None), (23_999, None), (24_000, "near"), (29_999, "near"), (30_000, "near"), (30_001, "over")],
)
def test_a_warning_is_due_from_80_percent_on(series: int, expected: str | None) -> None:
    assert level(series, LIMIT) == expected


def usage(labels: tuple[str, ...], values: int = 1, pods: int = 4, event: str = "stamp_added") -> MetricUsage:
    body: dict[str, Any] = {
        "name": "loyalty/m",
        "filter": f'jsonPayload.event = "{event}"',
        "metricDescriptor": {"valueType": "INT64", "labels": [{"key": label} for label in labels]},
    }
    metric = LogMetric("m", (), body, Path("m.yaml"))
    return MetricUsage(metric, 10, 10, 20, 10, pods, values, (Cells(1, 1, 10),), ((1, 10),))


EVENTS = {
    "stamp_added": ("merchant_id", "store_id"),
    "program_snapshot": ("merchant_id",),
    "task_freshness": ("task",),
}


def _forecast(of: MetricUsage, stores: int = 10, merchants: int = 5) -> MetricForecast:
    by = Growth(DIMENSIONS, {"merchants": merchants / 5, "stores": stores / 10}, pods=1.0)
    return forecast(of, 1.0, Size({"merchants": merchants, "stores": stores}, of.pods), by, EVENTS)


def test_exactly_30_000_series_are_reached_by_the_number_of_stores_that_is_named() -> None:
    of = usage(("action", "store_id"), values=4)
    count = reached_at(_forecast(of), LIMIT)
    assert count == 1_875
    assert _forecast(of, stores=count).series_at_most == LIMIT
    assert _forecast(of, stores=count - 1).series_at_most < LIMIT


def test_where_30_000_is_no_multiple_the_next_store_reaches_it() -> None:
    of = usage(("store_id",), pods=7)
    count = reached_at(_forecast(of), LIMIT)
    assert _forecast(of, stores=count).series_at_most >= LIMIT > _forecast(of, stores=count - 1).series_at_most


def test_a_metric_by_merchant_reaches_it_by_merchants_and_one_without_by_pods() -> None:
    by_merchant = reach(_forecast(usage(("merchant_id",), event="program_snapshot")), DIMENSIONS, LIMIT)
    assert (by_merchant.unit, by_merchant.count) == ("merchants", 7_500)
    by_pod = reach(_forecast(usage(("task",), values=2, event="task_freshness")), DIMENSIONS, LIMIT)
    assert (by_pod.unit, by_pod.count) == ("pods", 15_000)


def test_a_metric_with_a_label_of_few_values_is_to_be_one_metric_a_value() -> None:
    assert "each value of action" in reach(_forecast(usage(("action", "store_id"), values=4)), DIMENSIONS, LIMIT).advice


def test_a_metric_by_store_alone_is_to_be_divided_by_stores() -> None:
    assert "last digit of store_id" in reach(_forecast(usage(("store_id",))), DIMENSIONS, LIMIT).advice


def test_what_a_scheduled_task_logs_already_is_not_told_to_become_one() -> None:
    by_merchant = _forecast(usage(("merchant_id",), event="program_snapshot"))
    assert "scheduled task" not in reach(by_merchant, DIMENSIONS, LIMIT).advice
    assert "scheduled task" in reach(_forecast(usage(("store_id",))), DIMENSIONS, LIMIT).advice


def test_the_expected_series_are_never_more_than_the_most_there_can_be() -> None:
    for stores in (1, 10, 1_000):
        found = _forecast(usage(("store_id",), pods=1), stores=stores)
        assert found.series <= found.series_at_most


def test_twice_the_stores_write_twice_the_points_of_a_metric_by_store() -> None:
    of = usage(("store_id",))
    assert _forecast(of, stores=20).points == pytest.approx(2 * _forecast(of).points)


def test_a_metric_without_a_store_label_grows_inside_its_minutes_and_never_beyond_one_point_a_minute_and_pod() -> None:
    of = usage(("action",), values=1)
    twice, thousandfold = _forecast(of, stores=20), _forecast(of, stores=1_000_000)
    assert _forecast(of).points < twice.points < 2.01 * _forecast(of).points
    assert thousandfold.points <= 10 * 60 * of.pods * 30 * 1.01  # ten label sets and hours a day


def test_a_scheduled_metric_does_not_grow_with_stores() -> None:
    of = usage(("task",), event="task_freshness")
    assert _forecast(of, stores=1_000).points == pytest.approx(_forecast(of).points)


def test_the_sizes_in_the_document_are_the_first_that_reach_the_limit() -> None:
    document = (ROOT / "docs" / "cost.md").read_text()
    rows = re.findall(r"^\| \w[\w.]+ \| ([^|]*pods[^|]*) \| ([0-9,]+) (?:stores|merchants) \|$", document, re.MULTILINE)
    assert len(rows) == 6
    for series, count in rows:
        each = prod(int(number) for number in re.findall(r"[0-9]+", series))
        reached = int(count.replace(",", ""))
        assert each * reached >= LIMIT > each * (reached - 1)
