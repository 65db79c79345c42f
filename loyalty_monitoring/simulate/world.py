"""The world that the tasks work in: cards, mails, wallets, databases, and how they break."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import Any

from . import faults, tasks
from . import loyalty_module as loyalty
from .clock import DAY, HOUR, MINUTE, SECOND, SimulatedClock
from .merchants import QUIET, Merchant
from .timeline import Timeline

# What fails on healthy days stays well below the alerts' limits also where there is little: one mail in 500 (the
# alert: 1 in 100), none while fewer than 300 a day are sent; one card in 250 (1 in 20), none in a run below 60 cards.
_ONE_FAILED_MAIL_IN = 500
_FEWEST_MAILS_A_DAY = 300
_CARD_FAILURE = 0.004
_FEWEST_CARDS_A_RUN = 60

Schedule = Callable[[float, Callable[[], None]], None]
"""`schedule(moment, happen)`: `moment` in microseconds since 1970."""


@dataclass(frozen=True)
class Mail:
    template_code: str


@dataclass
class Program:
    """The state of one merchant's program."""

    merchant: Merchant
    started: int
    cards: int
    cards_ever: int
    enrolled: deque[int] = field(default_factory=deque)  # when, newest last


class SimulatedWorld:
    """`tasks.World`, and the changes that customers make to it."""

    def __init__(
        self,
        start: int,
        seed: int,
        merchants: Sequence[Merchant],
        timeline: Timeline,
        clock: SimulatedClock,
        schedule: Schedule,
        *,
        new_project: bool,
    ) -> None:
        self._start, self._timeline = start, timeline
        self._clock, self._schedule = clock, schedule
        self._random = Random(f"{seed}/tasks")
        self._mails: list[Mail] = []
        self._mails_sent = 0
        self._last_mails: deque[int] = deque(maxlen=_FEWEST_MAILS_A_DAY)
        self._retries: dict[tuple[str, str], int] = {}
        self._few_and_bad = False
        self._card_chance = 0.0
        self._cards_pushed = 0
        if new_project:  # a task that never succeeded reports the moment watching began
            self._successes = dict.fromkeys(tasks.WATCHED_TASKS, start / SECOND)
        else:
            last_night = (start - 3 * HOUR) // DAY * DAY + 3 * HOUR
            self._successes = {
                tasks.EXPIRE_POINTS: min(last_night + 41 * SECOND, start - SECOND) / SECOND,
                tasks.SYNC_WALLET_PASSES: (start - 55 * MINUTE) / SECOND,
            }
        self._programs = {
            m.merchant_id: Program(m, start, 0, 0) if new_project else _program(m, start) for m in merchants
        }
        self._paused = merchants[-4].merchant_id  # the last regular one

    def broken(self, fault: faults.Fault) -> bool:
        return self._timeline.active(fault, self._clock.now)

    # --- what customers see, and what they change

    def is_open(self, merchant: Merchant, moment: float) -> bool:
        """Whether customers come and the program is on."""
        return self._program_active(merchant, moment) and not self._timeline.active(faults.PUBLIC_HOLIDAY, moment)

    def has_card(self, merchant: Merchant, number: int) -> bool:
        return number <= self._programs[merchant.merchant_id].cards_ever

    def enroll(self, merchant: Merchant, store_id: str) -> None:
        program = self._programs[merchant.merchant_id]
        program.cards_ever += 1
        program.cards += 1
        program.enrolled.append(self._clock.now)
        card = card_id(merchant, program.cards_ever)
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
        # Other tasks run at its side, and learn of it when their clock has come so far.
        self._schedule(self._clock.now, partial(self._successes.__setitem__, task, round(self._clock.time(), 3)))

    def stale(self, task: str, seconds: float) -> bool:
        return self._clock.time() - self._successes[task] > seconds

    def expiring_chunks(self) -> Iterator[tuple[int, int]]:
        for number in range(self._random.randint(5, 8)):
            self._clock.spend(self._random.uniform(3, 9))
            if number == 1 and (
                self.broken(faults.EXPIRATION_FAILS)
                or self._timeline.first_time(faults.EXPIRATION_RETRIED, self._clock.now)
            ):
                raise TimeoutError("canceling statement due to statement timeout")
            cards = 500 if number else self._random.randint(180, 500)
            yield cards, cards * self._random.randint(4, 30)

    def cards_to_sync(self, platform: str) -> list[str]:
        self._clock.spend(self._random.uniform(0.2, 1.5))
        if platform == "apple" and self.broken(faults.APPLE_UNREACHABLE):
            raise ConnectionError("api.push.apple.com: connection refused")
        self._few_and_bad = few = platform == "google" and self._few_google_cards_and_bad()
        hour = self._clock.now % DAY // HOUR
        busy = 1.0 if 7 <= hour < 22 else 0.6
        count = 3 if few else round({"google": 150, "apple": 110}[platform] * busy * self._random.uniform(0.8, 1.2))
        programs = [program for program in self._programs.values() if program.cards_ever]
        count = min(count, sum(program.cards_ever for program in programs) // 2)
        waiting = [] if few else [card for name, card in self._retries if name == platform]
        cards = dict.fromkeys(waiting)
        while len(cards) < count:
            program = self._random.choice(programs)
            cards[card_id(program.merchant, self._random.randint(1, program.cards_ever))] = None
        self._cards_pushed = 0
        self._card_chance = self._chance_that_a_card_fails(platform, count)
        return list(cards)[:count]

    def push_pass(self, platform: str, card_id: str) -> bool:
        self._clock.spend(self._random.uniform(0.02, 0.25))
        self._cards_pushed += 1
        if self._fails(platform, card_id):
            return False
        self._retries.pop((platform, card_id), None)
        return True

    def _few_google_cards_and_bad(self) -> bool:
        """A run of three cards of which two fail. So few that they are no 5% of all cards."""
        now = self._clock.now
        return self._timeline.first_time(faults.ONE_BAD_WALLET_RUN, now) or (
            self.broken(faults.EVERY_OTHER_WALLET_RUN_BAD) and now // HOUR % 2 == 0
        )

    def _chance_that_a_card_fails(self, platform: str, count: int) -> float:
        if platform == "google" and self.broken(faults.WALLET_OUTAGE):
            return 0.9
        if platform == "apple" and self.broken(faults.APPLE_CERTIFICATE):
            return 0.6
        quiet = self.broken(faults.ONE_BAD_WALLET_RUN) or self.broken(faults.EVERY_OTHER_WALLET_RUN_BAD)
        return 0.0 if quiet or count < _FEWEST_CARDS_A_RUN else _CARD_FAILURE

    def _fails(self, platform: str, card_id: str) -> bool:
        if self._few_and_bad:
            return self._cards_pushed <= 2
        if platform == "apple" and self._cards_pushed % 30 == 0 and self.broken(faults.SINGLE_APPLE_FAILURES):
            return True
        # Some customers, never the first of a merchant, deleted the pass behind the module's back: it fails until the
        # module gives up.
        if self._card_chance and int(card_id[-5:]) % 1500 == 1007:
            return True
        return self._random.random() < self._card_chance

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
        self._last_mails.append(self._clock.now)
        if self.broken(faults.SMTP_DOWN) or (self._mails_sent % _ONE_FAILED_MAIL_IN == 0 and self._many_mails_a_day()):
            return False
        self._follow(mail)
        return True

    def _many_mails_a_day(self) -> bool:
        return len(self._last_mails) == _FEWEST_MAILS_A_DAY and self._clock.now - self._last_mails[0] < DAY

    def _follow(self, mail: Mail) -> None:
        """What the recipient's side reports later."""
        moment = self._clock.now + self._random.uniform(0.5, 90) * SECOND

        def report(status: str) -> None:
            self._schedule(moment, partial(loyalty.email_status_changed, mail.template_code, status))

        if self._random.random() < (0.5 if self.broken(faults.MAIL_BOUNCES) else 0.012):
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
        wave = 1 + 0.08 * math.sin(self._clock.now / DAY)
        away = 2.5 if self.broken(faults.REGULARS_STAY_AWAY) else wave
        for program in self._programs.values():
            self._clock.spend(0.2)
            yield self._snapshot(program, away)

    def _snapshot(self, program: Program, away: float) -> Mapping[str, Any]:
        now, merchant, cards = self._clock.now, program.merchant, program.cards
        while program.enrolled and program.enrolled[0] <= now - 7 * DAY:
            program.enrolled.popleft()
        active = self._program_active(merchant, now)
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

    def _program_active(self, merchant: Merchant, moment: float) -> bool:
        off = merchant.merchant_id == self._paused and self._timeline.active(faults.PROGRAM_SWITCHED_OFF, moment)
        return merchant.program_active and moment >= self._programs[merchant.merchant_id].started and not off

    def _active_since(self, program: Program, now: int) -> int:
        if program.merchant.merchant_id != self._paused:
            return program.started
        ends = [end for _, end in self._timeline.periods(faults.PROGRAM_SWITCHED_OFF) if end <= now]
        return max([program.started, *ends])

    def fetch_images(self) -> int:
        self._clock.spend(self._random.uniform(0.5, 4))
        if self._random.random() < 0.5:
            raise ConnectionError("images.example.com: timed out")
        return self._random.randint(10, 60)


def _program(merchant: Merchant, start: int) -> Program:
    """A program with a past: cards, and the enrollments of the last seven days."""
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
