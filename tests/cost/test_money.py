"""What a month's amount costs, at the borders of free allotment and tiers."""

from __future__ import annotations

from datetime import date

import pytest

from loyalty_monitoring.cost.money import MIB, usd
from loyalty_monitoring.cost.prices import Origin, Price, Tier, load_prices

SHIPPED = load_prices()


def _price(free: float, *tiers: Tier) -> Price:
    return Price("MiB", free, tiers, date(2018, 7, 1), Origin("https://example.com", date(2026, 1, 1), "documented"))


def test_exactly_the_free_allotment_costs_nothing() -> None:
    assert usd(SHIPPED.metric_ingestion, 150) == 0


def test_one_byte_more_than_the_free_allotment_costs() -> None:
    assert usd(SHIPPED.metric_ingestion, 150 + 1 / MIB) == pytest.approx(0.258 / MIB, rel=1e-6)


def test_nothing_costs_nothing() -> None:
    assert usd(SHIPPED.metric_ingestion, 0) == 0


def test_the_last_unit_of_a_tier_has_its_price_and_the_next_one_that_of_the_next_tier() -> None:
    first, second = 100_000, 250_000
    price = SHIPPED.metric_ingestion
    assert usd(price, first) == pytest.approx((first - 150) * 0.258)
    assert usd(price, first + 1) - usd(price, first) == pytest.approx(0.151)
    assert usd(price, second) - usd(price, second - 1) == pytest.approx(0.151)
    assert usd(price, second + 1) - usd(price, second) == pytest.approx(0.061)


def test_a_free_allotment_may_be_larger_than_the_first_tier() -> None:
    price = _price(200, Tier(100, 1.0), Tier(None, 0.5))
    assert usd(price, 200) == 0
    assert usd(price, 202) == 1.0


def test_the_logs_of_50_gib_are_free() -> None:
    assert usd(SHIPPED.log_storage, 50) == 0
    assert usd(SHIPPED.log_storage, 51) == 0.5
