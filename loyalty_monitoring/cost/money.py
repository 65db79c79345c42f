"""Amounts of a month -> USD."""

from __future__ import annotations

from loyalty_monitoring.cost.prices import Price

MIB = 2**20
GIB = 2**30


def usd(price: Price, amount: float) -> float:
    """Return the price of `amount` units a month. The free allotment uses up the first units of the first tiers."""
    total, reached = 0.0, price.free
    for tier in price.tiers:
        end = amount if tier.up_to is None else min(amount, tier.up_to)
        if end > reached:
            total += (end - reached) * tier.usd
            reached = end
    return total
