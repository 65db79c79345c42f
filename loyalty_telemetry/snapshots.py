"""The numbers of a merchant's program."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypedDict

from loyalty_telemetry.events import program_snapshot


class Snapshot(TypedDict):
    """The fields of one `program_snapshot`: what the module's own query finds for a merchant."""

    merchant_id: str
    program_active: bool
    program_active_days: int
    new_cards_7d: int
    active_cards: int
    at_risk_cards: int
    google_wallet_cards: int
    apple_wallet_cards: int
    stamp_cards: int
    stamp_cards_completed: int
    cohort_m3_cards: int
    cohort_m3_retained: int


def report_programs(query: Callable[[], Iterable[Snapshot]]) -> None:
    """Log one line for each merchant that the query finds.

    >>> report_programs(lambda: [])
    """
    for snapshot in query():
        program_snapshot(**snapshot)
