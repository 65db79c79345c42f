"""The price table: the shipped one loads, and each mistake in another is named with its place."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from loyalty_monitoring.cost.prices import SHIPPED, load_prices
from loyalty_monitoring.errors import UserError


def _changed(tmp_path: Path, old: str, new: str) -> Path:
    text = SHIPPED.read_text()
    assert old in text
    file = tmp_path / "prices.yaml"
    file.write_text(text.replace(old, new, 1))
    return file


def test_each_price_of_the_shipped_table_has_an_address_and_a_day() -> None:
    for price in load_prices().prices.values():
        assert price.origin.source.startswith("https://")
        assert price.origin.read <= load_prices().checked


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("checked: 2026-11-23", "checked: soon", "checked: 'soon' is no day; write it like 2026-11-23"),
        ("checked: 2026-11-23\n", "", "checked: is missing; add it"),
        ("free: 150", "free: -1", "prices.metric_ingestion.free: -1 is no amount; write a number of 0 or more"),
        ("free: 150", "free: true", "prices.metric_ingestion.free: True is no amount"),
        ("free: 150", "free: many", "prices.metric_ingestion.free: 'many' is no amount"),
        ("usd: 0.258", "usd: -0.258", "prices.metric_ingestion.tiers.0.usd: -0.258 is no amount"),
        ("unit: MiB", "unit: MB", "prices.metric_ingestion.unit: 'MB' is not known"),
        ("up_to: 250000", "up_to: 100000", "tiers.1.up_to: must be more than the tier before it ends at (100000)"),
        ("{usd: 0.061}", "{up_to: 9, usd: 0.061}", "tiers.2.up_to: the last tier has no end; remove up_to"),
        ("{up_to: 100000, usd: 0.258}", "{usd: 0.258}", "tiers.0.up_to: is missing; add it"),
        ("  alert_points:", "  alert_pionts:", "prices.alert_points: is missing; add it"),
        ("read: 2026-11-23", "raed: 2026-11-23", "prices.metric_ingestion.read: is missing; add it"),
        ("    free: 150", "    free: 150\n    fee: 1", "fee: is not known; did you mean 'free'?"),
        ("source: https://cloud", "source: cloud", "source: must be the https:// address of the page that says so"),
        ("certainty: documented", "certainty: sure", "certainty: 'sure' is not known"),
        ("limit: 30000", "limit: 0", "active_series_per_metric.limit: 0 is no count"),
        ("counter: 8", "counter: 8.5", "bytes_per_point.counter: 8.5 is no count"),
    ],
)
def test_a_mistake_in_the_table_is_named_with_its_place(tmp_path: Path, old: str, new: str, message: str) -> None:
    with pytest.raises(UserError) as caught:
        load_prices(_changed(tmp_path, old, new))
    assert message in caught.value.message
    assert caught.value.position is not None
    assert caught.value.position.file == tmp_path / "prices.yaml"


def test_a_table_without_tiers_is_refused(tmp_path: Path) -> None:
    file = _changed(tmp_path, "tiers:\n      - {usd: 0.35}", "tiers: []")
    with pytest.raises(UserError, match="at least one tier"):
        load_prices(file)


def test_the_table_is_old_after_a_year_and_not_on_its_anniversary() -> None:
    table = load_prices()
    assert not table.is_old(table.checked + timedelta(days=365))
    assert table.is_old(table.checked + timedelta(days=366))


def test_alerts_can_be_charged_by_condition(tmp_path: Path) -> None:
    table = load_prices(_changed(tmp_path, "unit: metric reference", "unit: condition"))
    assert table.alert_queries.unit == "condition"
    assert table.alert_queries.since == date(2027, 9, 1)
