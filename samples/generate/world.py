"""The world that the tasks work in: cards, mails, wallets, databases, and how they break."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from random import Random
from typing import Any

from . import loyalty_module as loyalty
from . import tasks
from .clock import DAY, HOUR, MINUTE, SECOND, SimulatedClock, microseconds
from .faults import (
    APPLE_CERTIFICATE,
    APPLE_UNREACHABLE,
    DATABASE_TIMEOUT,
    GOOGLE_OUTAGE,
    REGULARS_STAY_AWAY,
    SMTP_DOWN,
    Fault,
)
from .merchants import MERCHANTS, QUIET, Merchant

_ONE_FAILED_MAIL_IN = 500  # 0.2%, well below the alert's 1%, also in the first hours
_HEALTHY_CARD_FAILURE = 0.006

Schedule = Callable[[float, Callable[[], None]], None]
"""`schedule(moment, happen)`: `moment` in microseconds since 1970."""


@dataclass(frozen=True)
class Mail:
    template_code: str


@dataclass
class Program:
    """The state of one merchant's program."""

    merchant: Merchant
    cards: int
    next_card: int
    enrolled: deque[int] = field(default_factory=deque)  # when, newest last


class SimulatedWorld:
    """`tasks.World`, and the changes that customers make to it."""

    def __init__(
        self, start: datetime, seed: int, faults: Sequence[Fault], clock: SimulatedClock, schedule: Schedule
    ) -> None:
        self._start, self._faults = start, faults
        self._clock, self._schedule = clock, schedule
        self._random = Random(f"{seed}/tasks")
        self._mails: list[Mail] = []
        self._mails_sent = 0
        self._retries: dict[tuple[str, str], int] = {}
        midnight = microseconds(start)
        # Before the story: the last runs of the watched tasks, and seven days of enrollments.
        self._successes = {
            tasks.EXPIRE_POINTS: (midnight - 21 * HOUR + 41 * SECOND) / SECOND,
            tasks.SYNC_WALLET_PASSES: (midnight - 55 * MINUTE) / SECOND,
        }
        self._programs = {m.merchant_id: _program(m, midnight) for m in MERCHANTS}

    def broken(self, fault: str) -> bool:
        now = datetime.fromtimestamp(self._clock.now // SECOND, UTC)
        return any(f.name == fault and f.active(self._start, now) for f in self._faults)

    # --- what customers change

    def enroll(self, merchant: Merchant, store_id: str) -> None:
        program = self._programs[merchant.merchant_id]
        card = card_id(merchant, program.next_card)
        program.next_card += 1
        program.cards += 1
        program.enrolled.append(self._clock.now)
        loyalty.card_enrolled(merchant.merchant_id, store_id, card)
        self.queue_mail("loyalty_welcome", card)

    def close_card(self, event: str, merchant: Merchant, card: str) -> None:
        self._programs[merchant.merchant_id].cards -= 1
        loyalty.card_closed(event, merchant.merchant_id, card)

    def queue_mail(self, template_code: str, card: str) -> None:
        self._mails.append(Mail(template_code))
        loyalty.email_queued(template_code, f"{card}@example.com")

    # --- what the tasks see of it

    def task_succeeded(self, task: str) -> None:
        self._successes[task] = round(self._clock.time(), 3)

    def stale(self, task: str, seconds: float) -> bool:
        return self._clock.time() - self._successes[task] > seconds

    def expiring_chunks(self) -> Iterator[tuple[int, int]]:
        for number in range(self._random.randint(5, 8)):
            self._clock.spend(self._random.uniform(3, 9))
            if number == 1 and self.broken(DATABASE_TIMEOUT):
                raise TimeoutError("canceling statement due to statement timeout")
            cards = 500 if number else self._random.randint(180, 500)
            yield cards, cards * self._random.randint(4, 30)

    def cards_to_sync(self, platform: str) -> list[str]:
        self._clock.spend(self._random.uniform(0.2, 1.5))
        if platform == "apple" and self.broken(APPLE_UNREACHABLE):
            raise ConnectionError("api.push.apple.com: connection refused")
        hour = self._clock.now % DAY // HOUR
        busy = 1.0 if 7 <= hour < 22 else 0.6
        count = round({"google": 150, "apple": 110}[platform] * busy * self._random.uniform(0.8, 1.2))
        waiting = [card for name, card in self._retries if name == platform]
        cards = dict.fromkeys(waiting)
        while len(cards) < count:
            merchant = self._random.choice(MERCHANTS[:7])
            cards[card_id(merchant, self._random.randint(1, 3000))] = None
        return list(cards)[: max(count, 1)]

    def push_pass(self, platform: str, card_id: str) -> bool:
        self._clock.spend(self._random.uniform(0.02, 0.25))
        chance = _HEALTHY_CARD_FAILURE
        if platform == "google" and self.broken(GOOGLE_OUTAGE):
            chance = 0.9
        elif platform == "apple" and self.broken(APPLE_CERTIFICATE):
            chance = 0.28
        if _is_deleted_pass(card_id):
            chance = 1.0
        if self._random.random() < chance:
            return False
        self._retries.pop((platform, card_id), None)
        return True

    def count_retry(self, platform: str, card_id: str) -> int:
        count = self._retries.get((platform, card_id), 0) + 1
        self._retries[platform, card_id] = count
        return count

    def give_up(self, platform: str, card_id: str) -> None:
        del self._retries[platform, card_id]

    def queued_mails(self) -> list[Mail]:
        mails, self._mails = self._mails, []
        return mails

    def send_mail(self, mail: Mail) -> bool:
        self._clock.spend(self._random.uniform(0.02, 0.09))
        self._mails_sent += 1
        if self.broken(SMTP_DOWN) or self._mails_sent % _ONE_FAILED_MAIL_IN == 0:
            return False
        self._follow(mail)
        return True

    def _follow(self, mail: Mail) -> None:
        """What the recipient's side reports later."""
        moment = self._clock.now + self._random.uniform(0.5, 90) * SECOND

        def report(status: str) -> None:
            self._schedule(moment, partial(loyalty.email_status_changed, mail.template_code, status))

        if self._random.random() < 0.012:
            report("bounced")
            return
        report("delivered")
        if self._random.random() < 0.42:
            moment += self._random.expovariate(1 / 90) * MINUTE + MINUTE
            report("opened")
            if self._random.random() < 0.3:
                moment += self._random.uniform(5, 240) * SECOND
                report("clicked")

    def last_success(self, task: str) -> float:
        self._clock.spend(self._random.uniform(0.004, 0.02))
        return self._successes[task]

    def program_snapshots(self) -> Iterator[Mapping[str, Any]]:
        now = self._clock.now
        day = (now - microseconds(self._start)) // DAY
        wave = 1 + 0.08 * math.sin(now / DAY)
        for merchant in MERCHANTS:
            program = self._programs[merchant.merchant_id]
            self._clock.spend(0.2)
            while program.enrolled and program.enrolled[0] <= now - 7 * DAY:
                program.enrolled.popleft()
            active = merchant.is_active(day)
            away = 2.3 if self.broken(REGULARS_STAY_AWAY) else wave
            cards = program.cards
            yield {
                "merchant_id": merchant.merchant_id,
                "merchant_name": merchant.name,
                "program_active": active,
                "program_active_days": max(0, day - merchant.program_started_day) if active else 0,
                "new_cards_7d": len(program.enrolled),
                "active_cards": cards,
                "at_risk_cards": round(cards * merchant.at_risk_share * away),
                "google_wallet_cards": round(cards * 0.41),
                "apple_wallet_cards": round(cards * 0.34),
                "stamp_cards": cards if merchant.stamp_visits else 0,
                "stamp_cards_completed": round(cards * 0.27) if merchant.stamp_visits else 0,
                "cohort_m3_cards": merchant.cards // 40,
                "cohort_m3_retained": round(merchant.cards // 40 * 0.46),
            }

    def fetch_images(self) -> int:
        self._clock.spend(self._random.uniform(0.5, 4))
        if self._random.random() < 0.5:
            raise ConnectionError("images.example.com: timed out")
        return self._random.randint(10, 60)


def _program(merchant: Merchant, midnight: int) -> Program:
    program = Program(merchant, merchant.cards, 1 + merchant.cards)
    if merchant is QUIET:
        program.enrolled.extend(midnight - day * DAY + 7 * HOUR + 20 * MINUTE for day in range(7, 0, -1))
    elif merchant.enrollments:
        count = merchant.enrollments * 7
        program.enrolled.extend(midnight - 7 * DAY + (number + 1) * 7 * DAY // (count + 1) for number in range(count))
    return program


def card_id(merchant: Merchant, number: int) -> str:
    return f"c-{merchant.merchant_id.removeprefix('m-')}{number:05d}"


def _is_deleted_pass(card_id: str) -> bool:
    """A few customers deleted the pass behind the module's back: it fails until the module gives up."""
    return int(card_id[-5:]) % 1500 == 7
