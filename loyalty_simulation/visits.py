"""Simulate what one customer does: collects, redeems, enrolls."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from random import Random

from loyalty_simulation import loyalty_module
from loyalty_simulation.clock import SECOND
from loyalty_simulation.merchants import Merchant
from loyalty_simulation.programs import card_id

SHARE_OF_VISITORS_THAT_ENROLL = 0.36

Happen = Callable[[], None]


def stamp_visit(random: Random, merchant: Merchant, store_id: str, number: int) -> Happen:
    kind = random.random()
    if kind < 0.9:
        event, stamps = "stamp_added", 1 if random.random() < 0.8 else 2
    elif kind < 0.985:
        event, stamps = "stamp_redeemed", 10
    else:
        event, stamps = "stamp_voided", 1
    return partial(
        loyalty_module.stamps_moved, event, merchant.merchant_id, store_id, card_id(merchant, number), stamps
    )


def point_visit(random: Random, merchant: Merchant, store_id: str, number: int) -> Happen:
    """Simulate a visit with points; of those issued, a good third is redeemed."""
    kind = random.random()
    if kind < 0.86:
        event, points = "points_earned", random.randint(1, 12) * 5
    elif kind < 0.97:
        event, points = "points_redeemed", random.choice((50, 100, 150))
    elif kind < 0.985:
        event, points = "points_voided", random.randint(1, 12) * 5
    else:
        event, points = "points_adjusted", random.choice((-20, -10, 10, 25))
    return partial(
        loyalty_module.points_moved, event, merchant.merchant_id, store_id, card_id(merchant, number), points
    )


def enrollment(random: Random, merchant: Merchant, store_id: str, enroll: Happen) -> Iterator[tuple[float, Happen]]:
    """Yield a visitor of the enrollment page, step by step, with the microseconds after the first: of 100, 62 start the
    form, 41 submit it, 36 get a card.
    """
    reached = random.random()
    after = 0.0

    def step(event: str) -> Happen:
        return partial(loyalty_module.enrollment_step, event, merchant.merchant_id, store_id)

    yield after, step("enrollment_page_viewed")
    if reached < 0.62:
        after += random.uniform(4, 30) * SECOND
        yield after, step("enrollment_form_started")
    if reached < 0.41:
        after += random.uniform(20, 120) * SECOND
        yield after, step("enrollment_submitted")
    if reached < SHARE_OF_VISITORS_THAT_ENROLL:
        yield after + random.uniform(0.1, 1) * SECOND, enroll
