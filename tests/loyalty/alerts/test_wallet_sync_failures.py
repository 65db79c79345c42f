"""wallet_sync_failures alone: what goes with this alert."""

from __future__ import annotations

from tests.loyalty.test_runbooks import PAGES


def test_the_page_that_the_monitoring_document_calls_runbook_wallet_sync_says_so() -> None:
    assert "runbook-wallet-sync" in PAGES["wallet_sync_failures"]
