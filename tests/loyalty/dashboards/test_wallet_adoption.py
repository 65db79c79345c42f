"""The wallets: cards with a pass, and the runs that sync them."""

from __future__ import annotations

from tests.log_lines import minutes
from tests.loyalty.dashboards.conftest import NOW
from tests.loyalty.dashboards.reading import Shown


def test_wallet_adoption_is_the_share_of_the_active_cards_however_many_snapshots_came(shown: Shown) -> None:
    assert shown("Cards with a Google Wallet pass") == {"": 400 / 4000}
    assert shown("Cards with an Apple Wallet pass") == {"": 1200 / 4000}
    assert shown("Cards with a Google Wallet pass", merchant_id="m-1") == {"": 0.4}
    by_merchant = shown("Share of cards with a Google Wallet pass, 20 lowest merchants")
    assert by_merchant == {"m-1": 0.4, "m-2": 0}


def test_a_wallet_run_s_share_of_failed_cards(shown: Shown) -> None:
    last = "Share of failed cards in the last run by platform"
    assert shown(last) == {"google": 0.1, "apple": 0}
    assert shown(last, at=NOW - minutes(10)) == {"google": 0.9}
    assert shown("Share of failed cards in 70 minutes, all platforms") == {"": 100 / 500}
    assert shown("Cards synced by platform in 70 minutes") == {"google": 200, "apple": 300}


def test_failed_and_given_up_cards(shown: Shown) -> None:
    assert shown("Failed attempts per hour by platform") == {"google": 2}
    retries = "Retries before a failed attempt, mean of the hour by platform"
    assert shown(retries) == {"google": 1.5}
    assert shown("Cards given up per hour by platform") == {"google": 1}
