"""The whole way: logs -> points in DuckDB and Prometheus -> a month, held against a larger system really simulated."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

import pytest

from loyalty_monitoring.common.errors import UserError
from loyalty_monitoring.cost.estimate import Estimate, MeasuredSample, estimate, measured
from loyalty_monitoring.cost.output import as_json
from loyalty_monitoring.cost.prices import load_prices
from loyalty_monitoring.definitions.load import load_definitions
from loyalty_monitoring.definitions.log_contract import load_contract
from loyalty_monitoring.definitions.model import Definitions
from loyalty_monitoring.definitions.project import load_module
from loyalty_monitoring.definitions.settings import load_stack_settings
from loyalty_simulation.output import write_file
from loyalty_simulation.story import Story, entries
from tests.conftest import PROJECT, ROOT
from tests.log_lines import hours, rejection
from tests.log_lines import write as write_lines

CONTRACT = load_contract(ROOT / "log_events.yaml")
DIMENSIONS = load_module(ROOT).dimensions
PRICES = load_prices()
TODAY = date(2026, 12, 1)
START = datetime(2026, 11, 2, tzinfo=UTC)


@lru_cache
def definitions(project: Path = ROOT) -> Definitions:
    return load_definitions(project, load_stack_settings(project, "demo"))


def _month(sample: MeasuredSample, *, today: date = TODAY, **size: int) -> Estimate:
    return estimate(sample, CONTRACT, PRICES, today=today, wanted=size)


def _simulated(folder: Path, merchants: int, stores: int, seed: int) -> Path:
    file = folder / f"{stores}.jsonl"
    write_file(file, entries(Story(1, merchants, stores, seed, START, (), False)))
    return file


@pytest.fixture(scope="module")
def small_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _simulated(tmp_path_factory.mktemp("small"), 10, 24, 3)


@pytest.fixture(scope="module")
def small(small_file: Path) -> MeasuredSample:
    return measured(definitions(), [small_file], DIMENSIONS)


@pytest.fixture(scope="module")
def small_of_known(small_file: Path) -> MeasuredSample:
    """The same with the tests' own project, whose metrics and alerts are known."""
    return measured(definitions(PROJECT), [small_file], DIMENSIONS)


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> MeasuredSample:
    return measured(definitions(), [_simulated(tmp_path_factory.mktemp("large"), 14, 52, 5)], DIMENSIONS)


def _bytes(of: Estimate, *names: str) -> float:
    return sum(metric.bytes for metric in of.metrics if not names or metric.reach.metric in names)


def _series(of: Estimate, *names: str) -> float:
    return sum(metric.forecast.series for metric in of.metrics if not names or metric.reach.metric in names)


def test_a_small_system_predicts_a_larger_one_that_is_really_simulated(
    small: MeasuredSample, large: MeasuredSample
) -> None:
    real = _month(large)
    predicted = _month(small, **large.usage.counts, pods=large.usage.pods)
    assert large.usage.counts["stores"] > 2 * small.usage.counts["stores"]
    assert _bytes(predicted) == pytest.approx(_bytes(real), rel=0.10)
    assert _series(predicted) == pytest.approx(_series(real), rel=0.10)
    assert sum(one.forecast.points for one in predicted.alerts) == pytest.approx(
        sum(one.forecast.points for one in real.alerts), rel=0.05
    )
    for metric in real.metrics:
        assert metric.forecast.usage.series <= metric.forecast.series_at_most


def test_without_a_size_the_estimate_is_the_sample_scaled_to_a_month(small: MeasuredSample) -> None:
    for metric in _month(small).metrics:
        usage = metric.forecast.usage
        written = (usage.written + usage.zeros) * 30 / small.usage.days
        assert metric.forecast.points == pytest.approx(written)
        assert metric.forecast.series == pytest.approx(usage.series, rel=1e-3)


def test_more_pods_are_predicted_as_they_are_when_the_same_lines_come_from_more_pods(
    small_of_known: MeasuredSample, small_file: Path, tmp_path: Path
) -> None:
    """Each line of an API pod is given, at random, to one of four."""
    spread = tmp_path / "spread.jsonl"
    with small_file.open() as lines, spread.open("w") as out:
        for line in lines:
            entry = json.loads(line)
            labels = entry["resource"]["labels"]
            if labels["container_name"] == "api":
                labels["pod_name"] += f"-{sha256(line.encode()).digest()[0] % 4}"
            out.write(json.dumps(entry) + "\n")
    real = measured(definitions(PROJECT), [spread], DIMENSIONS)
    api = "loyalty/stamp_transactions"
    assert _pods_of(real, api) == 4 * _pods_of(small_of_known, api)
    # Only the API's pods became more, so that each metric's pods must be told by its own.
    predicted = _month(small_of_known, pods=4 * small_of_known.usage.pods)
    assert _bytes(predicted, api) == pytest.approx(_bytes(_month(real), api), rel=0.05)
    assert _series(predicted, api) == pytest.approx(_series(_month(real), api), rel=0.05)


def _pods_of(sample: MeasuredSample, name: str) -> int:
    return next(one.pods for one in sample.usage.metrics if one.metric.api_name == name)


def test_the_json_names_each_amount_with_its_unit(small: MeasuredSample) -> None:
    found = json.loads(as_json(_month(small), shipped=False))
    assert list(found) == [
        "total", "parts", "log_storage", "size", "sample", "warnings", "metrics", "alerts", "prices",
    ]  # fmt: skip
    assert set(found["total"]) == {"usd_now", "usd_once_all_is_charged", "all_is_charged_from"}
    assert set(found["metrics"][0]) == {
        "metric", "distribution", "entries_in_sample", "points_per_month", "bytes_per_month", "active_series",
        "active_series_at_most", "share_of_limit", "label_sets_grow_with", "entries_grow_with", "pods", "warning",
        "limit_reached_at", "advice",
    }  # fmt: skip
    assert set(found["alerts"][0]) == {
        "policy", "conditions", "metric_references", "interval_seconds", "evaluations_per_month",
        "series_per_evaluation", "points_per_month", "usd_once_charged", "clauses",
    }  # fmt: skip
    assert len(found["metrics"]) == len(definitions().log_metrics)
    assert len(found["alerts"]) == len(definitions().alert_policies)
    assert found["sample"]["shipped"] is False


def test_alerts_cost_nothing_before_they_are_charged_and_something_after(small: MeasuredSample) -> None:
    before, after = _month(small, today=date(2027, 8, 31)), _month(small, today=date(2027, 9, 1))
    assert before.usd_now == before.usd_metrics
    assert after.usd_now == after.usd_all > before.usd_now


def test_an_alert_by_store_reads_more_with_more_stores_and_one_over_all_does_not(
    small_of_known: MeasuredSample,
) -> None:
    def points(of: Estimate) -> dict[str, float]:
        return {one.forecast.usage.policy.name: one.forecast.points for one in of.alerts}

    more = _month(small_of_known, stores=small_of_known.usage.counts["stores"] * 10)
    before, after = points(_month(small_of_known)), points(more)
    assert after["rate_limit_spike"] == pytest.approx(10 * before["rate_limit_spike"])
    assert after["email_failures"] == before["email_failures"]


def test_a_warning_comes_before_the_limit_and_says_how_the_design_must_change(small_of_known: MeasuredSample) -> None:
    assert _month(small_of_known).warnings == ()
    (near,) = (one for one in _month(small_of_known, stores=4_300).warnings if "stamp_transactions" in one)
    assert "of 30,000. Make one metric for each value of action" in near
    (over,) = (one for one in _month(small_of_known, stores=8_000).warnings if "stamp_transactions" in one)
    assert "beyond the limit, points can be lost" in over


def test_an_old_price_table_is_told(small: MeasuredSample) -> None:
    (warning,) = _month(small, today=PRICES.checked + timedelta(days=366)).warnings
    assert f"checked on {PRICES.checked}, more than a year ago" in warning


def test_more_merchants_than_stores_are_told(small: MeasuredSample) -> None:
    stores = small.usage.counts["stores"]
    assert _month(small, merchants=stores).warnings == ()
    assert _month(small, merchants=stores + 1).warnings == (
        f"{stores + 1} merchants have only {stores} stores; give --stores as well",
    )


@pytest.mark.parametrize("size", [{"stores": 0}, {"merchants": -1}, {"pods": 0}])
def test_a_system_of_nothing_is_refused(small: MeasuredSample, size: dict[str, int]) -> None:
    with pytest.raises(UserError, match="give 1 or more, or leave it out"):
        _month(small, **size)


def test_less_than_a_day_is_told_and_cannot_be_scaled_by_what_it_does_not_have(
    small_file: Path, tmp_path: Path
) -> None:
    hour = tmp_path / "hour.jsonl"
    with small_file.open() as lines:
        told = [line for line in lines if '"task_freshness"' in line and "T0" in line]
    hour.write_text("".join(told))
    sample = measured(definitions(), [hour], DIMENSIONS)
    assert sample.usage.counts["stores"] == 0
    assert "less than a day" in _month(sample).warnings[0]
    with pytest.raises(UserError, match="--stores: the sample has no stores to scale from"):
        _month(sample, stores=10)


def test_files_without_an_entry_are_refused(tmp_path: Path) -> None:
    empty = tmp_path / "empty.jsonl"
    empty.write_text("")
    with pytest.raises(UserError, match="hold no log entry; give logs of a day or more"):
        measured(definitions(), [empty], DIMENSIONS)


def test_a_series_is_active_for_24_hours_after_its_last_point(tmp_path: Path) -> None:
    """Two stores a day apart are active together only when less than 24 hours lie between them."""
    of_stores = replace(
        definitions(PROJECT),
        log_metrics=tuple(one for one in definitions(PROJECT).log_metrics if one.name == "rate_limited_requests"),
        alert_policies=tuple(one for one in definitions(PROJECT).alert_policies if one.name == "rate_limit_spike"),
    )
    for distance, together in ((23, 2), (24, 1)):
        told = [rejection(START, "s-1"), rejection(START + hours(distance), "s-2")]
        (found,) = measured(of_stores, [write_lines(tmp_path / f"{distance}.jsonl", told)], DIMENSIONS).usage.metrics
        assert found.series == together
