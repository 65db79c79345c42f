"""Schedule what customers, schedules and other systems do. Only the module logs.

A day is planned at its midnight from a random generator of its own, so the first day of a story is the same
whether one day is told or eight. What follows from an event (an e-mail is opened) is planned as it happens.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from random import Random
from typing import Any
from uuid import UUID

from loyalty_simulation import faults, loyalty_module, other_modules, tasks, visits
from loyalty_simulation.clock import DAY, HOUR, MINUTE, SECOND, SimulatedClock, microseconds
from loyalty_simulation.console import Console, Container
from loyalty_simulation.merchants import QUIET, YOUNG, Merchant
from loyalty_simulation.pods import SPARE_WORKER, Pods
from loyalty_simulation.programs import card_id
from loyalty_simulation.rhythm import Rhythm, rhythm
from loyalty_simulation.timeline import Timeline
from loyalty_simulation.worker import RunTask
from loyalty_simulation.world import SimulatedWorld

_RECURRING_MAILS = ("loyalty_points_earned", "loyalty_reward_ready", "loyalty_birthday", "loyalty_stamp_card_full")


class LivingSystem:
    """A calendar of what happens in `world`. `tell` lets it happen."""

    def __init__(
        self,
        start: datetime,
        days: int,
        seed: int,
        merchants: Sequence[Merchant],
        timeline: Timeline,
        clock: SimulatedClock,
        console: Console,
        *,
        new_project: bool,
    ) -> None:
        self._begin = microseconds(start)
        self._end = self._begin + days * DAY
        self._seed, self._merchants, self._timeline = seed, merchants, timeline
        self._stores = [store_id for merchant in merchants for store_id in merchant.store_ids]
        self._clock, self._console = clock, console
        self._pods = Pods(start, days, seed, timeline)
        self.world = SimulatedWorld(self._begin, seed, merchants, timeline, clock, self._at, new_project=new_project)
        self._ids = Random(f"{seed}/task ids")
        self._calendar: list[tuple[int, int, Callable[[], None]]] = []
        self._planned = 0
        self._run_task: RunTask | None = None
        self._missed_guests = 0

    # --- living

    def tell(self, run_task: RunTask) -> Iterator[int]:
        """Let everything happen, in order; gives each moment before which all is told: midnights, and the end."""
        self._run_task = run_task
        self._plan_faults()
        for number, midnight in enumerate(range(self._begin // DAY * DAY, self._end, DAY)):
            self._plan_day(number, midnight)
            until = min(midnight + DAY, self._end)
            while self._calendar and self._calendar[0][0] < until:
                moment, _, happen = heapq.heappop(self._calendar)
                self._clock.set(moment)
                with self._console.speaking(self._pods.api(moment)):
                    happen()
            yield until

    def _at(self, moment: float, happen: Callable[[], None]) -> None:
        if moment >= self._begin:
            self._planned += 1
            heapq.heappush(self._calendar, (int(moment), self._planned, happen))

    # --- planning

    def _plan_day(self, number: int, midnight: int) -> None:
        random = Random(f"{self._seed}/day {number}")
        weekday = datetime.fromtimestamp(midnight // SECOND, UTC).weekday()
        busy = rhythm(random, midnight, weekday)
        for merchant in self._merchants:
            self._plan_merchant(random, busy, merchant)
        self._at(midnight + 7 * HOUR + 20 * MINUTE, self._morning_guest)
        self._at(midnight + 9 * HOUR + 12 * MINUTE, partial(self._guest, YOUNG))
        self._at(midnight + 10 * HOUR + 5 * MINUTE, self._missed_guests_return)
        self._plan_fixed_times(random, midnight)
        for begin in busy.times(5):
            # The first two stores are those of the faults, whose refusals are counted to the one.
            self._plan_refusals(random, random.choice(self._stores[2:]), begin, random.randint(4, 45))
        if weekday == 1:
            self._plan_mailing("loyalty_newsletter", midnight + 10 * HOUR, 8 * len(self._stores))
        other_modules.plan_other_modules(random, busy, len(self._stores), self._at, self._console, self._clock)

    def _plan_merchant(self, random: Random, busy: Rhythm, merchant: Merchant) -> None:
        stores = merchant.store_ids

        def moments(a_store: float) -> list[float]:
            return [m for m in busy.times(a_store * len(stores)) if self.world.programs.is_open(merchant, m)]

        def regular() -> int:
            return 1 + int(random.paretovariate(1.2)) % 300

        for moment in moments(merchant.stamp_visits):
            visit = visits.stamp_visit(random, merchant, random.choice(stores), number := regular())
            self._at(moment, partial(self._with_card, merchant, number, visit))
        for moment in moments(merchant.point_visits):
            visit = visits.point_visit(random, merchant, random.choice(stores), number := regular())
            self._at(moment, partial(self._with_card, merchant, number, visit))
        for moment in moments(merchant.enrollments / visits.SHARE_OF_VISITORS_THAT_ENROLL):
            enroll = partial(self.world.enroll, merchant, store_id := random.choice(stores))
            for after, step in visits.enrollment(random, merchant, store_id, enroll):
                self._at(moment + after, step)
        for moment in moments((merchant.stamp_visits + merchant.point_visits) * 0.11):
            mail = partial(
                self.world.queue_mail, random.choice(_RECURRING_MAILS), card_id(merchant, number := regular())
            )
            self._at(moment, partial(self._with_card, merchant, number, mail))
        for moment in moments(merchant.enrollments * 0.1):
            event = "card_anonymized" if random.random() < 0.2 else "card_deactivated"
            close = partial(self.world.close_card, event, merchant, card_id(merchant, number := regular()))
            self._at(moment, partial(self._with_card, merchant, number, close))

    def _plan_fixed_times(self, random: Random, midnight: int) -> None:
        """Schedule what Celery beat starts, with the seconds it is late."""
        self._at(midnight + 3 * HOUR + random.uniform(1, 5) * SECOND, partial(self._task, tasks.EXPIRE_POINTS))
        for hour in range(24):
            for platform in ("google", "apple"):
                # Runs come 60 minutes apart, up to 10 more or less: beat is late, or the queue is full.
                late = random.uniform(0, 7.5) * MINUTE
                self._at(
                    midnight + hour * HOUR + late,
                    partial(self._task, tasks.SYNC_WALLET_PASSES, platform=platform),
                )
            for quarter in range(4):
                late = random.uniform(1, 9) * SECOND
                self._at(
                    midnight + hour * HOUR + quarter * 15 * MINUTE + late,
                    partial(self._report, snapshots=quarter == 0),
                )
        for number in range(24 * 6):
            self._at(
                midnight + (number * 10 + 1) * MINUTE + random.uniform(0, 4) * SECOND,
                partial(self._task, tasks.DELIVER_MAIL),
            )
        # The spare worker warms images and takes an extra run a day. What the module says there arrives as text and
        # counts for nothing; Celery's own lines count.
        for hour in (4, 16):
            self._at(midnight + hour * HOUR + 25 * MINUTE, partial(self._spare_task, tasks.WARM_PASS_IMAGES))
        self._at(
            midnight + 5 * HOUR + 30 * MINUTE,
            partial(self._spare_task, tasks.SYNC_WALLET_PASSES, platform="apple"),
        )
        # Someone runs the expiration by hand when the night's run failed.
        self._at(midnight + 11 * HOUR + 30 * MINUTE, self._expire_if_stale)

    def _plan_faults(self) -> None:
        """Schedule the faults that bring actions of their own."""
        first, second = self._stores[:2]
        for fault, refusals in (
            (faults.REQUEST_FLOOD, ((first, 160),)),
            (faults.EXACTLY_100_REJECTIONS, ((first, 100),)),
            (faults.TWO_BUSY_STORES, ((first, 60), (second, 60))),
        ):
            for minute in self._times(fault, MINUTE):
                for store_id, count in refusals:
                    self._plan_refusals(Random(f"{self._seed}/{minute}"), store_id, minute, count)
        for minute in self._times(faults.OTHER_MODULES_BREAK, 10 * MINUTE):
            self._at(minute, partial(other_modules.break_down, self._clock, first))
        for fault in (faults.SMTP_DOWN, faults.MAIL_BOUNCES):
            for begin, _ in self._timeline.periods(fault):
                # Many enough to be over 1% of a day's mail, in the night as well.
                self._plan_mailing("loyalty_reminder", begin + MINUTE, 20 + 2 * len(self._stores))

    def _times(self, fault: faults.Fault, step: int) -> Iterator[int]:
        """Yield each whole `step` of the clock while the fault is on."""
        for begin, end in self._timeline.periods(fault):
            yield from range(-(-begin // step) * step, end, step)

    def _plan_refusals(self, random: Random, store_id: str, begin: float, count: int) -> None:
        """Schedule so many 429 within a minute from `begin`."""
        for _ in range(count):
            self._at(begin + random.uniform(0, 59.9) * SECOND, partial(loyalty_module.rate_limit_exceeded, store_id))

    def _plan_mailing(self, template_code: str, moment: int, count: int) -> None:
        merchant = self._merchants[0]
        for number in range(1, count + 1):
            mail = partial(self.world.queue_mail, template_code, card_id(merchant, number))
            self._at(moment + number * 0.4 * SECOND, partial(self._with_card, merchant, number, mail))

    # --- happening

    def _with_card(self, merchant: Merchant, number: int, happen: Callable[[], None]) -> None:
        """Call `action` with a customer who has a card (on a new project, few have)."""
        if self.world.programs.has_card(merchant, number):
            happen()

    def _task(self, name: str, **kwargs: Any) -> None:
        now = self._clock.now
        if (back := self._pods.worker_is_back(now)) > now:
            self._at(back, partial(self._task, name, **kwargs))
            return
        self._publish(self._pods.worker(now), name, **kwargs)

    def _spare_task(self, name: str, **kwargs: Any) -> None:
        self._publish(SPARE_WORKER, name, **kwargs)

    def _publish(self, worker: Container, name: str, **kwargs: Any) -> None:
        assert self._run_task is not None
        with self._console.speaking(worker):
            self._run_task(name, str(UUID(int=self._ids.getrandbits(128), version=4)), **kwargs)

    def _report(self, snapshots: bool) -> None:
        if not (self.world.broken(faults.REPORTER_DOWN) or self.world.broken(faults.REPORTER_PAUSES)):
            self._task(tasks.REPORT_PROGRAM, snapshots=snapshots)

    def _expire_if_stale(self) -> None:
        if self.world.stale(tasks.EXPIRE_POINTS, 24 * 3600):
            self._task(tasks.EXPIRE_POINTS)

    def _guest(self, merchant: Merchant) -> None:
        if self.world.programs.is_open(merchant, self._clock.now):
            self.world.enroll(merchant, merchant.store_ids[0])

    def _morning_guest(self) -> None:
        """Schedule the quiet merchant's card of the day."""
        if self.world.broken(faults.ENROLLMENT_SIGN_REMOVED):
            self._missed_guests += 1
        else:
            self._guest(QUIET)

    def _missed_guests_return(self) -> None:
        if not self.world.broken(faults.ENROLLMENT_SIGN_REMOVED):
            for _ in range(self._missed_guests):
                self._guest(QUIET)
            self._missed_guests = 0
