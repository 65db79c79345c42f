"""The world that the tasks work in: mails, databases, wallets and programs, and how they break."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Any

from loyalty_simulation import faults, loyalty_module, tasks
from loyalty_simulation.clock import DAY, HOUR, MINUTE, SECOND, SimulatedClock
from loyalty_simulation.merchants import Merchant
from loyalty_simulation.programs import Programs
from loyalty_simulation.timeline import Timeline
from loyalty_simulation.wallets import Wallets

# What fails on healthy days stays well below the alert's 1 in 100 also where there is little: one mail in 500, none
# while fewer than 300 a day are sent.
_ONE_FAILED_MAIL_IN = 500
_FEWEST_MAILS_A_DAY = 300

Schedule = Callable[[float, Callable[[], None]], None]
"""`schedule(moment, happen)`: `moment` in microseconds since 1970."""


@dataclass(frozen=True)
class Mail:
    template_code: str


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
        self._timeline, self._clock, self._schedule = timeline, clock, schedule
        self._random = Random(f"{seed}/tasks")
        self._mails: list[Mail] = []
        self._mails_sent = 0
        self._last_mails: deque[int] = deque(maxlen=_FEWEST_MAILS_A_DAY)
        if new_project:  # a task that never succeeded reports the moment watching began
            self._successes = dict.fromkeys(tasks.WATCHED_TASKS, start / SECOND)
        else:
            last_night = (start - 3 * HOUR) // DAY * DAY + 3 * HOUR
            self._successes = {
                tasks.EXPIRE_POINTS: min(last_night + 41 * SECOND, start - SECOND) / SECOND,
                tasks.SYNC_WALLET_PASSES: (start - 55 * MINUTE) / SECOND,
            }
        self.programs = Programs(start, merchants, timeline, clock, new_project=new_project)
        self.wallets = Wallets(self._random, self.programs, timeline, clock)

    def broken(self, fault: faults.Fault) -> bool:
        return self._timeline.active(fault, self._clock.now)

    # --- what customers change

    def enroll(self, merchant: Merchant, store_id: str) -> None:
        card = self.programs.new_card(merchant)
        loyalty_module.card_enrolled(merchant.merchant_id, store_id, card)
        self.queue_mail("loyalty_welcome", card)

    def close_card(self, event: str, merchant: Merchant, card: str) -> None:
        self.programs.close_card(merchant)
        loyalty_module.card_closed(event, merchant.merchant_id, card)

    def queue_mail(self, template_code: str, card: str) -> None:
        self._mails.append(Mail(template_code))
        loyalty_module.email_queued(template_code, f"{card}@example.com")

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
        """Schedule what the recipient's side reports later."""
        moment = self._clock.now + self._random.uniform(0.5, 90) * SECOND

        def report(status: str) -> None:
            self._schedule(moment, partial(loyalty_module.email_status_changed, mail.template_code, status))

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
        return self.programs.snapshots()

    def fetch_images(self) -> int:
        self._clock.spend(self._random.uniform(0.5, 4))
        if self._random.random() < 0.5:
            raise ConnectionError("images.example.com: timed out")
        return self._random.randint(10, 60)
