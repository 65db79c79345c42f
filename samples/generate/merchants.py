"""Who uses the loyalty module in the story."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Merchant:
    """Rates are per weekday. `program_started_day` counts from the story's first day (negative: before)."""

    merchant_id: str
    name: str
    store_ids: tuple[str, ...]
    cards: int
    stamp_visits: int
    point_visits: int
    enrollments: int
    program_started_day: int = -400
    program_active: bool = True
    at_risk_share: float = 0.12

    def is_active(self, day: int) -> bool:
        return self.program_active and day >= self.program_started_day


def _stores(first: int, count: int) -> tuple[str, ...]:
    return tuple(f"s-{number}" for number in range(first, first + count))


# One card every morning: the least that is no alert (7 new cards in 7 days; fewer than 5 would be one).
QUIET = Merchant("m-18", "Teehaus am See", _stores(118, 1), 160, 12, 0, 0)
# Too young for "fewer than 5 new cards in 7 days" to mean anything.
YOUNG = Merchant("m-19", "Новая булочная", _stores(119, 1), 0, 6, 0, 0, program_started_day=1)
# Its program is switched off: nothing happens, and no alert may ask for new cards.
CLOSED = Merchant("m-20", "Pause & Co.", _stores(120, 1), 3, 0, 0, 0, program_active=False)

MERCHANTS: tuple[Merchant, ...] = (
    Merchant("m-11", "Café Zoë", _stores(201, 8), 9200, 1785, 0, 105, at_risk_share=0.11),
    Merchant("m-12", "Bäckerei Müßig", _stores(211, 7), 7400, 1394, 442, 82, at_risk_share=0.13),
    Merchant("m-13", "寿司 一番", _stores(221, 4), 3100, 408, 714, 51, at_risk_share=0.15),
    Merchant("m-14", "Crème & Crumbs", _stores(231, 6), 5600, 0, 1666, 70),
    Merchant("m-15", "O'Leary's \"Old\" Books", _stores(241, 3), 2700, 0, 578, 29, at_risk_share=0.16),
    Merchant("m-16", "Yoga Loft", _stores(251, 2), 1900, 323, 187, 24, at_risk_share=0.09),
    Merchant("m-17", "Paws", _stores(261, 5), 4300, 527, 765, 56),
    QUIET,
    YOUNG,
    CLOSED,
)
