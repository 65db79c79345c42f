"""The transactions: by store, by action, and what was redeemed of what was issued."""

from __future__ import annotations

from tests.loyalty.dashboards.reading import DASHBOARDS, Shown, lines_over, variables_of, widgets


def test_stamps_are_counted_by_store_and_hour(shown: Shown) -> None:
    title = "Stamp transactions per hour by store, 20 busiest stores"
    assert shown(title) == {"s-1": 4, "s-2": 2}
    assert shown(title, store_id="s-2") == {"s-2": 2}


def test_points_are_counted_by_store_and_hour(shown: Shown) -> None:
    title = "Points transactions per hour by store, 20 busiest stores"
    assert shown(title) == {"s-1": 4, "s-2": 1}
    assert shown(title, merchant_id="m-2") == {"s-1": 1}


def test_stamps_are_summed_by_action(shown: Shown) -> None:
    assert shown("Stamps per hour by action") == {"added": 10, "redeemed": 2}


def test_points_are_summed_by_action(shown: Shown) -> None:
    assert shown("Points per hour by action") == {"earned": 400, "redeemed": 60, "adjusted": -5}


def test_points_redeemed_over_issued(shown: Shown) -> None:
    assert shown("Points redeemed over points issued in 7 days") == {"": 60 / 400}


def test_points_redeemed_over_issued_by_merchant(shown: Shown) -> None:
    assert shown("Points redeemed over points issued in 7 days, 20 lowest merchants") == {"m-1": 0.3, "m-2": 0}


def test_the_target_of_redemption_is_a_line_and_turns_a_scorecard_yellow(dashboard: str) -> None:
    assert lines_over("points_redemption_target", dashboard) == {"xyChart", "scorecard"}


def test_merchant_and_store_can_be_chosen(dashboard: str) -> None:
    assert variables_of(dashboard) == {"merchant_id", "store_id"}


def test_transactions_are_shown_per_hour_as_their_row_asks(dashboard: str) -> None:
    assert "D2" in DASHBOARDS[dashboard].rows
    titles = {widget["title"] for widget in widgets(DASHBOARDS[dashboard])}
    assert "Stamp transactions per hour by store, 20 busiest stores" in titles
    assert "Points transactions per hour by store, 20 busiest stores" in titles
