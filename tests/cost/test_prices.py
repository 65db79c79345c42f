"""The price table: the shipped one loads, and each mistake in another is named with its place."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from loyalty_monitoring.common.errors import UserError
from loyalty_monitoring.cost.prices import SHIPPED, load_prices
from tests.conftest import ROOT


def _changed(tmp_path: Path, old: str, new: str) -> Path:
    text = SHIPPED.read_text()
    assert old in text
    file = tmp_path / "prices.yaml"
    file.write_text(text.replace(old, new, 1))
    return file


def test_the_document_says_each_price_and_limit_of_the_shipped_table() -> None:
    document = (ROOT / "docs" / "cost.md").read_text()
    table = load_prices()
    for price in table.prices.values():
        for tier in price.tiers:
            assert f"${tier.usd:g}" in document
            assert tier.up_to is None or f"{tier.up_to:,.0f}" in document
        assert price.origin.source.removeprefix("https://") in document
    assert f"first {table.metric_ingestion.free:.0f} MiB" in document
    assert f"first {table.log_storage.free:.0f} GiB" in document
    assert "free until 2027-09-01" in document
    assert {table.alert_queries.since, table.alert_points.since} == {date(2027, 9, 1)}
    assert f"{table.counter_bytes} bytes, one of a distribution {table.distribution_bytes}" in document
    assert f"must not exceed {table.series_limit:,}" in document


def test_each_price_of_the_shipped_table_has_an_address_and_a_day() -> None:
    for price in load_prices().prices.values():
        assert price.origin.source.startswith("https://")
        assert price.origin.read <= load_prices().checked


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("checked: 2026-11-23", "checked: soon", 'checked is "soon"; expected a day, such as 2026-11-23'),
        ("checked: 2026-11-23", "checked: 2026-02-29", "2026-02-29 is no day of the calendar; correct it"),
        ("checked: 2026-11-23\n", "", "the file lacks the key 'checked'; add it"),
        ("free: 150", "free: -1", "prices.metric_ingestion.free is -1; expected a number of 0 or more"),
        ("free: 150", "free: true", "prices.metric_ingestion.free is true; expected a number of 0 or more"),
        ("free: 150", "free: many", 'prices.metric_ingestion.free is "many"; expected a number of 0 or more'),
        ("free: 150", "free: .inf", "'.inf' is not a plain decimal number"),
        ("usd: 0.258", "usd: -0.258", "tiers.0.usd is -0.258; expected a number of 0 or more"),
        ("unit: MiB", "unit: MB", "prices.metric_ingestion.unit is 'MB'; did you mean 'MiB'?"),
        ("up_to: 250000", "up_to: 100000", "this tier ends before it begins, at 100,000; order the tiers by up_to"),
        ("{usd: 0.061}", "{up_to: 9, usd: 0.061}", "the last tier has no end; remove its up_to"),
        ("{up_to: 100000, usd: 0.258}", "{usd: 0.258}", "only the last tier has no end; add up_to to this one"),
        ("tiers:\n      - {usd: 0.35}", "tiers: []", "tiers is []; expected a list of at least one tier"),
        ("  alert_points:", "  alert_pionts:", "unknown key 'alert_pionts' in prices; did you mean 'alert_points'?"),
        ("read: 2026-11-23", "raed: 2026-11-23", "unknown key 'raed' in prices.metric_ingestion; did you mean 'read'?"),
        ("source: https://cloud", "source: cloud", "expected the https:// address of the page that says so"),
        ("certainty: documented", "certainty: sure", "certainty is 'sure'; expected one of: documented, second-hand"),
        ("limit: 30000", "limit: 0", "active_series_per_metric.limit is 0; expected a whole number of 1 or more"),
        ("counter: 8", "counter: 8.5", "bytes_per_point.counter is 8.5; expected a whole number of 1 or more"),
    ],
)
def test_a_mistake_in_the_table_is_named_with_its_place(tmp_path: Path, old: str, new: str, message: str) -> None:
    with pytest.raises(UserError) as caught:
        load_prices(_changed(tmp_path, old, new))
    assert message in caught.value.message
    assert caught.value.position is not None
    assert caught.value.position.file == tmp_path / "prices.yaml"


def test_the_table_is_old_after_a_year_and_not_on_its_anniversary() -> None:
    table = load_prices()
    assert not table.is_old(table.checked + timedelta(days=365))
    assert table.is_old(table.checked + timedelta(days=366))


def test_alerts_can_be_charged_by_condition(tmp_path: Path) -> None:
    table = load_prices(_changed(tmp_path, "unit: metric reference", "unit: condition"))
    assert table.alert_queries.unit == "condition"
    assert table.alert_queries.since == date(2027, 9, 1)
