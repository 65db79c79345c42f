"""The merchants' programs: who is open, how many cards there are, and what the hourly snapshot says of them."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from loyalty_simulation import faults
from loyalty_simulation.clock import DAY, HOUR, MINUTE, SimulatedClock
from loyalty_simulation.merchants import QUIET, Merchant
from loyalty_simulation.timeline import Timeline


@dataclass
class Program:
    """The state of one merchant's program."""

    merchant: Merchant
    started: int
    cards: int
    cards_ever: int
    enrolled: deque[int] = field(default_factory=deque)  # when, newest last


class Programs:
    """Moments are microseconds since 1970."""

    def __init__(
        self,
        start: int,
        merchants: Sequence[Merchant],
        timeline: Timeline,
        clock: SimulatedClock,
        *,
        new_project: bool,
    ) -> None:
        self._start, self._timeline, self._clock = start, timeline, clock
        self._programs = {
            m.merchant_id: Program(m, start, 0, 0) if new_project else _program_with_a_past(m, start) for m in merchants
        }
        self._paused = merchants[-4].merchant_id  # the last regular one

    def with_cards(self) -> list[Program]:
        return [program for program in self._programs.values() if program.cards_ever]

    def is_open(self, merchant: Merchant, moment: float) -> bool:
        """Return whether customers come and the program is on."""
        return self._active(merchant, moment) and not self._timeline.active(faults.PUBLIC_HOLIDAY, moment)

    def has_card(self, merchant: Merchant, number: int) -> bool:
        return number <= self._programs[merchant.merchant_id].cards_ever

    def new_card(self, merchant: Merchant) -> str:
        program = self._programs[merchant.merchant_id]
        program.cards_ever += 1
        program.cards += 1
        program.enrolled.append(self._clock.now)
        return card_id(merchant, program.cards_ever)

    def close_card(self, merchant: Merchant) -> None:
        self._programs[merchant.merchant_id].cards -= 1

    def snapshots(self) -> Iterator[Mapping[str, Any]]:
        wave = 1 + 0.08 * math.sin(self._clock.now / DAY)
        away = 2.5 if self._timeline.active(faults.REGULARS_STAY_AWAY, self._clock.now) else wave
        for program in self._programs.values():
            self._clock.spend(0.2)
            yield self._snapshot(program, away)

    def _snapshot(self, program: Program, away: float) -> Mapping[str, Any]:
        now, merchant, cards = self._clock.now, program.merchant, program.cards
        while program.enrolled and program.enrolled[0] <= now - 7 * DAY:
            program.enrolled.popleft()
        active = self._active(merchant, now)
        # Three months ago, a fortieth of the cards of then was new; a new project has no such cards.
        cohort = merchant.cards * merchant.stores // 40 if program.started < self._start else 0
        return {
            "merchant_id": merchant.merchant_id,
            "merchant_name": merchant.name,
            "program_active": active,
            "program_active_days": (now - self._active_since(program, now)) // DAY if active else 0,
            "new_cards_7d": len(program.enrolled),
            "active_cards": cards,
            "at_risk_cards": int(cards * merchant.at_risk_share * away),
            "google_wallet_cards": round(cards * 0.41),
            "apple_wallet_cards": round(cards * 0.34),
            "stamp_cards": cards if merchant.stamp_visits else 0,
            "stamp_cards_completed": round(cards * 0.27) if merchant.stamp_visits else 0,
            "cohort_m3_cards": cohort,
            "cohort_m3_retained": round(cohort * 0.46),
        }

    def _active(self, merchant: Merchant, moment: float) -> bool:
        off = merchant.merchant_id == self._paused and self._timeline.active(faults.PROGRAM_SWITCHED_OFF, moment)
        return merchant.program_active and moment >= self._programs[merchant.merchant_id].started and not off

    def _active_since(self, program: Program, now: int) -> int:
        if program.merchant.merchant_id != self._paused:
            return program.started
        ends = [end for _, end in self._timeline.periods(faults.PROGRAM_SWITCHED_OFF) if end <= now]
        return max([program.started, *ends])


def _program_with_a_past(merchant: Merchant, start: int) -> Program:
    """Make a program with cards, and the enrollments of the last seven days."""
    midnight = start // DAY * DAY
    cards = merchant.cards * merchant.stores
    program = Program(merchant, midnight + merchant.program_started_day * DAY, cards, cards)
    if merchant is QUIET:
        mornings = (midnight + 7 * HOUR + 20 * MINUTE - day * DAY for day in range(7, -1, -1))
        program.enrolled.extend(morning for morning in mornings if morning < start)
    elif merchant.enrollments:
        count = round(merchant.enrollments * merchant.stores * 7)
        program.enrolled.extend(start - 7 * DAY + (number + 1) * 7 * DAY // (count + 1) for number in range(count))
    return program


def card_id(merchant: Merchant, number: int) -> str:
    return f"c-{merchant.merchant_id.removeprefix('m-')}{number:05d}"
