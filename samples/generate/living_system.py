"""What happens when: customers, schedules, other systems. It logs nothing itself but through the module.

A day is planned at its midnight from a random generator of its own, so the first day of a story is the same
whether one day is told or eight. What follows from an event (an e-mail is opened) is planned as it happens.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random
from typing import Any
from uuid import UUID

from . import loyalty_module as loyalty
from . import other_modules, tasks
from .clock import DAY, HOUR, MINUTE, SECOND, SimulatedClock, microseconds
from .console import Console, Container
from .faults import ENROLLMENT_SIGN_REMOVED, OTHER_MODULES_BREAK, REPORTER_DOWN, REQUEST_FLOOD, Fault
from .merchants import MERCHANTS, QUIET, YOUNG, Merchant
from .rhythm import Rhythm, rhythm
from .worker import RunTask
from .world import SimulatedWorld, card_id

_FLOODED_STORE = "s-243"
_RECURRING_MAILS = ("loyalty_points_earned", "loyalty_reward_ready", "loyalty_birthday", "loyalty_stamp_card_full")

_WORKER = Container("worker-0", "worker")
_SPARE_WORKER = Container("spare-worker-0", "worker", structured=False)
_DEPLOY = timedelta(days=2, hours=11)  # new pods from Wednesday, 11:00


class LivingSystem:
    """A calendar of what happens in `world`. `tell` lets it happen."""

    def __init__(
        self, start: datetime, seed: int, faults: Sequence[Fault], clock: SimulatedClock, console: Console
    ) -> None:
        self._start, self._seed, self._faults = start, seed, faults
        self._clock, self._console = clock, console
        self.world = SimulatedWorld(start, seed, faults, clock, self._at)
        self._ids = Random(f"{seed}/task ids")
        self._calendar: list[tuple[int, int, Callable[[], None]]] = []
        self._planned = 0
        self._run_task: RunTask | None = None
        self._missed_guests = 0

    # --- living

    def tell(self, run_task: RunTask, days: int) -> None:
        """Let everything of the first `days` days happen, in order."""
        self._run_task = run_task
        for day in range(days):
            self._plan_day(day)
            end = microseconds(self._start) + (day + 1) * DAY
            while self._calendar and self._calendar[0][0] < end:
                moment, _, happen = heapq.heappop(self._calendar)
                self._clock.set(moment)
                with self._console.speaking(self._api(moment)):
                    happen()

    def _at(self, moment: float, happen: Callable[[], None]) -> None:
        self._planned += 1
        heapq.heappush(self._calendar, (int(moment), self._planned, happen))

    def _api(self, moment: int) -> Container:
        """One of the two pods of the API, which a deploy replaces."""
        deployed = moment >= microseconds(self._start + _DEPLOY)
        generation = "api-5d8f7c9b44" if deployed else "api-79bd6f5c8d"
        return Container(f"{generation}-{('x2kqp', 'm7v4z')[moment // 1000 % 2]}", "api")

    # --- planning

    def _plan_day(self, day: int) -> None:
        random = Random(f"{self._seed}/day {day}")
        midnight = microseconds(self._start) + day * DAY
        weekday = (self._start + timedelta(days=day)).weekday()
        busy = rhythm(random, midnight, weekday)
        for merchant in MERCHANTS:
            if merchant.is_active(day):
                self._plan_merchant(random, busy, merchant)
        if YOUNG.is_active(day):
            self._at(midnight + 9 * HOUR + 12 * MINUTE, partial(self.world.enroll, YOUNG, YOUNG.store_ids[0]))
        self._at(midnight + 7 * HOUR + 20 * MINUTE, self._morning_guest)
        self._at(midnight + 10 * HOUR + 5 * MINUTE, self._missed_guests_return)
        self._plan_fixed_times(random, midnight)
        self._plan_rate_limiting(random, busy, midnight)
        if weekday == 1:
            self._plan_newsletter(midnight + 10 * HOUR)
        other_modules.plan_other_modules(random, busy, self._at, self._console, self._clock)
        for minute in range(0, DAY, 10 * MINUTE):
            self._at(midnight + minute + 30 * SECOND, self._break_other_modules)

    def _plan_merchant(self, random: Random, busy: Rhythm, merchant: Merchant) -> None:
        def regular() -> str:
            return card_id(merchant, 1 + int(random.paretovariate(1.2)) % 300)

        for moment in busy.times(merchant.stamp_visits):
            self._at(moment, _stamp_visit(random, merchant, random.choice(merchant.store_ids), regular()))
        for moment in busy.times(merchant.point_visits):
            self._at(moment, _point_visit(random, merchant, random.choice(merchant.store_ids), regular()))
        for moment in busy.times(merchant.enrollments / 0.36):
            self._plan_enrollment(random, merchant, random.choice(merchant.store_ids), moment)
        for moment in busy.times((merchant.stamp_visits + merchant.point_visits) * 0.11):
            template = random.choice(_RECURRING_MAILS)
            self._at(moment, partial(self.world.queue_mail, template, regular()))
        for moment in busy.times(merchant.enrollments * 0.1):
            event = "card_anonymized" if random.random() < 0.2 else "card_deactivated"
            self._at(moment, partial(self.world.close_card, event, merchant, regular()))

    def _plan_enrollment(self, random: Random, merchant: Merchant, store_id: str, moment: float) -> None:
        """A visitor of the enrollment page: of 100, 62 start the form, 41 submit it, 36 get a card."""
        reached = random.random()

        def step(event: str) -> Callable[[], None]:
            return partial(loyalty.enrollment_step, event, merchant.merchant_id, store_id)

        self._at(moment, step("enrollment_page_viewed"))
        if reached < 0.62:
            moment += random.uniform(4, 30) * SECOND
            self._at(moment, step("enrollment_form_started"))
        if reached < 0.41:
            moment += random.uniform(20, 120) * SECOND
            self._at(moment, step("enrollment_submitted"))
        if reached < 0.36:
            self._at(moment + random.uniform(0.1, 1) * SECOND, partial(self.world.enroll, merchant, store_id))

    def _plan_fixed_times(self, random: Random, midnight: int) -> None:
        """What Celery beat starts, with the seconds it is late."""
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
        for number in range(24 * 12):
            self._at(
                midnight + (number * 5 + 1) * MINUTE + random.uniform(0, 4) * SECOND,
                partial(self._task, tasks.DELIVER_MAIL),
            )
        for hour in (4, 16):
            self._at(midnight + hour * HOUR + 25 * MINUTE, partial(self._task, tasks.WARM_PASS_IMAGES, _SPARE_WORKER))
        # The spare worker takes an extra run a day. Nobody configured its logging, so what the module says there
        # arrives as text and counts for nothing; Celery's own lines count.
        self._at(
            midnight + 5 * HOUR + 30 * MINUTE,
            partial(self._task, tasks.SYNC_WALLET_PASSES, _SPARE_WORKER, platform="apple"),
        )
        # Someone runs the expiration by hand when the night's run failed.
        self._at(midnight + 11 * HOUR + 30 * MINUTE, self._expire_if_stale)

    def _plan_rate_limiting(self, random: Random, busy: Rhythm, midnight: int) -> None:
        for begin in busy.times(5):
            store = random.choice(random.choice(MERCHANTS).store_ids)
            self._plan_refusals(random, store, begin, random.randint(4, 45))
        for minute in range(0, DAY, MINUTE):
            moment = datetime.fromtimestamp((midnight + minute) // SECOND, UTC)
            if any(f.name == REQUEST_FLOOD and f.active(self._start, moment) for f in self._faults):
                self._plan_refusals(random, _FLOODED_STORE, midnight + minute, 160)

    def _plan_refusals(self, random: Random, store_id: str, begin: float, count: int) -> None:
        """So many 429 within a minute from `begin`."""
        for _ in range(count):
            self._at(begin + random.uniform(0, 60) * SECOND, partial(loyalty.rate_limit_exceeded, store_id))

    def _plan_newsletter(self, moment: int) -> None:
        for number in range(320):
            card = card_id(MERCHANTS[0], number)
            self._at(moment + number * 0.4 * SECOND, partial(self.world.queue_mail, "loyalty_newsletter", card))

    # --- happening

    def _task(self, name: str, container: Container = _WORKER, **kwargs: Any) -> None:
        assert self._run_task is not None
        with self._console.speaking(container):
            self._run_task(name, str(UUID(int=self._ids.getrandbits(128), version=4)), **kwargs)

    def _report(self, snapshots: bool) -> None:
        if not self.world.broken(REPORTER_DOWN):
            self._task(tasks.REPORT_PROGRAM, snapshots=snapshots)

    def _expire_if_stale(self) -> None:
        if self.world.stale(tasks.EXPIRE_POINTS, 24 * 3600):
            self._task(tasks.EXPIRE_POINTS)

    def _break_other_modules(self) -> None:
        if self.world.broken(OTHER_MODULES_BREAK):
            other_modules.break_down(self._clock)

    def _morning_guest(self) -> None:
        """The quiet merchant's card of the day."""
        if self.world.broken(ENROLLMENT_SIGN_REMOVED):
            self._missed_guests += 1
        else:
            self.world.enroll(QUIET, QUIET.store_ids[0])

    def _missed_guests_return(self) -> None:
        if not self.world.broken(ENROLLMENT_SIGN_REMOVED):
            for _ in range(self._missed_guests):
                self.world.enroll(QUIET, QUIET.store_ids[0])
            self._missed_guests = 0


def _stamp_visit(random: Random, merchant: Merchant, store_id: str, card_id: str) -> Callable[[], None]:
    kind = random.random()
    if kind < 0.9:
        event, stamps = "stamp_added", 1 if random.random() < 0.8 else 2
    elif kind < 0.985:
        event, stamps = "stamp_redeemed", 10
    else:
        event, stamps = "stamp_voided", 1
    return partial(loyalty.stamps_moved, event, merchant.merchant_id, store_id, card_id, stamps)


def _point_visit(random: Random, merchant: Merchant, store_id: str, card_id: str) -> Callable[[], None]:
    """Of the points issued, a good third is redeemed."""
    kind = random.random()
    if kind < 0.86:
        event, points = "points_earned", random.randint(1, 12) * 5
    elif kind < 0.97:
        event, points = "points_redeemed", random.choice((50, 100, 150))
    elif kind < 0.985:
        event, points = "points_voided", random.randint(1, 12) * 5
    else:
        event, points = "points_adjusted", random.choice((-20, -10, 10, 25))
    return partial(loyalty.points_moved, event, merchant.merchant_id, store_id, card_id, points)
