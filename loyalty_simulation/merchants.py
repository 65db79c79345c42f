"""Make the merchants and their stores, as many as asked for."""

from __future__ import annotations

from dataclasses import dataclass, replace

from loyalty_monitoring.common.errors import UserError


@dataclass(frozen=True)
class Merchant:
    """Numbers of cards and of what happens a weekday are per store. `program_started_day` counts from the
    simulation's first day (negative: before)."""

    merchant_id: str
    name: str
    stores: int
    cards: int
    stamp_visits: int
    point_visits: int
    enrollments: float
    at_risk_share: float = 0.12
    program_started_day: int = -400
    program_active: bool = True

    @property
    def store_ids(self) -> tuple[str, ...]:
        return tuple(f"s-{self.merchant_id.removeprefix('m-')}{number:02d}" for number in range(1, self.stores + 1))


# One card every morning: the least that is no alert (7 new cards in 7 days; fewer than 5 would be one).
QUIET = Merchant("m-18", "Teehaus am See", 1, 160, 12, 0, 0)
# Too young, in its first week, for "fewer than 5 new cards in 7 days" to mean anything.
YOUNG = Merchant("m-19", "Новая булочная", 1, 0, 6, 0, 0, program_started_day=1)
# Its program is switched off: nothing happens, and no alert may ask for new cards.
CLOSED = Merchant("m-20", "Pause & Co.", 1, 3, 0, 0, 0, program_active=False)
_SPECIAL = (QUIET, YOUNG, CLOSED)
FEWEST_MERCHANTS = len(_SPECIAL) + 1

_REGULAR = (
    Merchant("m-11", "Café Zoë", 8, 1150, 170, 53, 13, 0.11),
    Merchant("m-12", "Bäckerei Müßig", 7, 1060, 199, 63, 12, 0.13),
    Merchant("m-13", "寿司 一番", 4, 775, 102, 178, 13, 0.15),
    Merchant("m-14", "Crème & Crumbs", 6, 930, 0, 278, 12),
    Merchant("m-15", "O'Leary's \"Old\" Books", 3, 900, 0, 193, 10, 0.16),
    Merchant("m-16", "Yoga Loft", 2, 950, 161, 93, 12, 0.09),
    Merchant("m-17", "Paws", 5, 860, 105, 153, 11),
)


def make_merchants(merchants: int, stores: int) -> tuple[Merchant, ...]:
    """Make the quiet, the young and the closed one, with a store each, and regular ones that share the other stores."""
    if merchants < FEWEST_MERCHANTS:
        raise UserError(
            f"{merchants} merchants are too few; give {FEWEST_MERCHANTS} or more: a usual one, a quiet one, a young "
            "one and one whose program is off"
        )
    if stores < merchants:
        raise UserError(f"{merchants} merchants need {merchants} stores or more, not {stores}")
    regular = []
    for number in range(merchants - len(_SPECIAL)):
        model = _REGULAR[number % len(_REGULAR)]
        if number >= len(_REGULAR):
            model = replace(model, merchant_id=f"m-{number + 14}", name=f"{model.name} {number + 14}")
        regular.append(model)
    counts = _shares([merchant.stores for merchant in regular], stores - len(_SPECIAL))
    return (*(replace(one, stores=count) for one, count in zip(regular, counts, strict=True)), *_SPECIAL)


def _shares(weights: list[int], total: int) -> list[int]:
    """Return `total` in parts of at least 1, as near to the weights as whole numbers can be."""
    shares = [1] * len(weights)
    for _ in range(total - len(weights)):
        shares[min(range(len(weights)), key=lambda i: shares[i] / weights[i])] += 1
    return shares
