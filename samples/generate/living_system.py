"""What happens when: customers, schedules, other systems. It logs nothing itself but through the module.

A day is planned at its midnight from a random generator of its own, so the first day of a story is the same
whether one day is told or eight. What follows from an event (an e-mail is opened) is planned as it happens.
"""

from __future__ import annotations

import heapq
import logging
import math
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random
from typing import Any
from uuid import UUID

from . import loyalty_module as loyalty
from . import tasks
from .clock import DAY, HOUR, MINUTE, SECOND, SimulatedClock, microseconds
from .console import Console, Container
from .faults import (
    APPLE_CERTIFICATE,
    APPLE_UNREACHABLE,
    DATABASE_TIMEOUT,
    ENROLLMENT_SIGN_REMOVED,
    GOOGLE_OUTAGE,
    OTHER_MODULES_BREAK,
    REGULARS_STAY_AWAY,
    REPORTER_DOWN,
    REQUEST_FLOOD,
    SMTP_DOWN,
    Fault,
)
from .merchants import MERCHANTS, QUIET, YOUNG, Merchant
from .worker import RunTask

# Relative traffic of each hour: nights are quiet, lunch and the way home are not; weekends start late.
_WEEKDAY = (1, 0, 0, 0, 1, 4, 14, 34, 40, 30, 30, 44, 62, 50, 34, 34, 44, 60, 58, 38, 22, 12, 6, 2)
_WEEKEND = (3, 2, 1, 0, 0, 1, 4, 10, 24, 44, 56, 60, 58, 54, 52, 50, 46, 40, 34, 26, 20, 14, 8, 5)
_DAY_FACTOR = (0.95, 0.95, 1.0, 1.05, 1.15, 1.25, 0.6)  # Monday to Sunday

_FLOODED_STORE = "s-243"
_ONE_FAILED_MAIL_IN = 500  # 0.2%, well below the alert's 1%, also in the first hours
_HEALTHY_CARD_FAILURE = 0.006
_RECURRING_MAILS = ("loyalty_points_earned", "loyalty_reward_ready", "loyalty_birthday", "loyalty_stamp_card_full")

_ORDERS = logging.getLogger("app.modules.orders.order_service")
_ORDERS_MAIL = logging.getLogger("app.modules.orders.notification_service")
_ORDERS_LIMITER = logging.getLogger("app.modules.orders.rate_limiter")
_V2_WALLET = logging.getLogger("app.modules.loyalty_v2.wallet_sync")
_V2_CARDS = logging.getLogger("app.modules.loyalty_v2.card_service")
_CARD_TEST = logging.getLogger("app.modules.loyalty.card_service_test")

_WORKER = Container("worker-0", "worker")
_SPARE_WORKER = Container("spare-worker-0", "worker", structured=False)
_NGINX = Container("ingress-6b9d", "nginx")
_DEPLOY = timedelta(days=2, hours=11)  # new pods from Wednesday, 11:00


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


class LivingSystem:
    """The world (`tasks.World`) and its calendar. `tell(until)` lets it live."""

    def __init__(
        self, start: datetime, seed: int, faults: Sequence[Fault], clock: SimulatedClock, console: Console
    ) -> None:
        self._start, self._seed, self._faults = start, seed, faults
        self._clock, self._console = clock, console
        self._random = Random(f"{seed}/tasks")
        self._ids = Random(f"{seed}/task ids")
        self._calendar: list[tuple[int, int, Callable[[], None]]] = []
        self._planned = 0
        self._run_task: RunTask | None = None
        self._mails: list[Mail] = []
        self._mails_sent = 0
        self._missed_guests = 0
        self._retries: dict[tuple[str, str], int] = {}
        midnight = microseconds(start)
        # Before the story: the last runs of the watched tasks, and seven days of enrollments.
        self._successes = {
            tasks.EXPIRE_POINTS: (midnight - 21 * HOUR + 41 * SECOND) / SECOND,
            tasks.SYNC_WALLET_PASSES: (midnight - 55 * MINUTE) / SECOND,
        }
        self._programs = {m.merchant_id: _program(m, midnight) for m in MERCHANTS}

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

    def task_succeeded(self, task: str) -> None:
        self._successes[task] = round(self._clock.time(), 3)

    def _at(self, moment: float, happen: Callable[[], None]) -> None:
        self._planned += 1
        heapq.heappush(self._calendar, (int(moment), self._planned, happen))

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock.now // SECOND, UTC)

    def _broken(self, name: str) -> bool:
        now = self._now()
        return any(fault.name == name and fault.active(self._start, now) for fault in self._faults)

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
        busy = _Rhythm(random, midnight, _WEEKEND if weekday >= 5 else _WEEKDAY, _DAY_FACTOR[weekday])
        for merchant in MERCHANTS:
            if merchant.is_active(day):
                self._plan_merchant(random, busy, merchant)
        if YOUNG.is_active(day):
            self._at(midnight + 9 * HOUR + 12 * MINUTE, partial(self._enroll, YOUNG, YOUNG.store_ids[0]))
        self._at(midnight + 7 * HOUR + 20 * MINUTE, self._morning_guest)
        self._at(midnight + 10 * HOUR + 5 * MINUTE, self._missed_guests_return)
        self._plan_fixed_times(random, midnight, day)
        self._plan_rate_limiting(random, busy, midnight)
        self._plan_other_modules(random, busy, midnight, weekday)

    def _plan_merchant(self, random: Random, busy: _Rhythm, merchant: Merchant) -> None:
        program = self._programs[merchant.merchant_id]

        def regular() -> str:
            return _card_id(merchant, 1 + int(random.paretovariate(1.2)) % 300)

        for moment in busy.times(merchant.stamp_visits):
            self._at(moment, _stamp_visit(random, merchant, random.choice(merchant.store_ids), regular()))
        for moment in busy.times(merchant.point_visits):
            self._at(moment, _point_visit(random, merchant, random.choice(merchant.store_ids), regular()))
        for moment in busy.times(merchant.enrollments / 0.36):
            self._plan_enrollment(random, merchant, random.choice(merchant.store_ids), moment)
        for moment in busy.times((merchant.stamp_visits + merchant.point_visits) * 0.11):
            template = random.choice(_RECURRING_MAILS)
            self._at(moment, partial(self._queue_mail, template, regular()))
        for moment in busy.times(merchant.enrollments * 0.1):
            event = "card_anonymized" if random.random() < 0.2 else "card_deactivated"
            card = regular()

            def close(event: str = event, card: str = card) -> None:
                program.cards -= 1
                loyalty.card_closed(event, merchant.merchant_id, card)

            self._at(moment, close)

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
            self._at(moment + random.uniform(0.1, 1) * SECOND, partial(self._enroll, merchant, store_id))

    def _plan_fixed_times(self, random: Random, midnight: int, day: int) -> None:
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

    def _plan_rate_limiting(self, random: Random, busy: _Rhythm, midnight: int) -> None:
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

    def _plan_other_modules(self, random: Random, busy: _Rhythm, midnight: int, weekday: int) -> None:
        """What is not the loyalty module's and must not count as such."""
        for moment in busy.times(420):
            path = random.choice(("/healthz", "/shop", "/loyalty/enroll", "/api/v1/loyalty/stamps", "/static/app.js"))
            self._at(moment, partial(self._nginx, path))
        for moment in busy.times(150):
            order = f"o-{random.randrange(10_000, 99_999)}"
            fails = random.random() < 0.1  # ten times the share at which loyalty mail would page someone
            self._at(moment, partial(self._order, order, fails))
        for moment in busy.times(12):
            card = f"c-{random.randrange(900_000, 999_999)}"
            self._at(moment, partial(_shadow_enrollment, card))
        for minute in range(0, DAY, 10 * MINUTE):
            self._at(midnight + minute + 30 * SECOND, self._break_other_modules)
        if weekday == 1:
            for number in range(320):  # the newsletter goes out on Tuesdays
                self._at(
                    midnight + 10 * HOUR + number * 0.4 * SECOND,
                    partial(self._queue_mail, "loyalty_newsletter", f"c-11{number:05d}"),
                )

    # --- happening

    def _task(self, name: str, container: Container = _WORKER, **kwargs: Any) -> None:
        assert self._run_task is not None
        with self._console.speaking(container):
            self._run_task(name, str(UUID(int=self._ids.getrandbits(128), version=4)), **kwargs)

    def _report(self, snapshots: bool) -> None:
        if not self._broken(REPORTER_DOWN):
            self._task(tasks.REPORT_PROGRAM, snapshots=snapshots)

    def _expire_if_stale(self) -> None:
        if self._clock.time() - self._successes[tasks.EXPIRE_POINTS] > 24 * 3600:
            self._task(tasks.EXPIRE_POINTS)

    def _enroll(self, merchant: Merchant, store_id: str) -> None:
        program = self._programs[merchant.merchant_id]
        card = _card_id(merchant, program.next_card)
        program.next_card += 1
        program.cards += 1
        program.enrolled.append(self._clock.now)
        loyalty.card_enrolled(merchant.merchant_id, store_id, card)
        self._queue_mail("loyalty_welcome", card)

    def _morning_guest(self) -> None:
        """The quiet merchant's card of the day."""
        if self._broken(ENROLLMENT_SIGN_REMOVED):
            self._missed_guests += 1
        else:
            self._enroll(QUIET, QUIET.store_ids[0])

    def _missed_guests_return(self) -> None:
        if not self._broken(ENROLLMENT_SIGN_REMOVED):
            for _ in range(self._missed_guests):
                self._enroll(QUIET, QUIET.store_ids[0])
            self._missed_guests = 0

    def _queue_mail(self, template_code: str, card_id: str) -> None:
        self._mails.append(Mail(template_code))
        loyalty.email_queued(template_code, f"{card_id}@example.com")

    def _nginx(self, path: str) -> None:
        status = 200 if self._random.random() < 0.97 else 404
        line = f'10.4.0.7 - - [{self._now():%d/%b/%Y:%H:%M:%S +0000}] "GET {path} HTTP/1.1" {status} 512'
        with self._console.speaking(_NGINX):
            self._console.print(line, "stdout")

    def _order(self, order_id: str, fails: bool) -> None:
        loyalty.log_event(_ORDERS, logging.INFO, "Order placed", "order_placed", order_id=order_id)
        level, status = (logging.WARNING, "failed") if fails else (logging.INFO, "sent")
        fields = {"template_code": "order_confirmation", "status": status}
        # The loyalty module's mail service sends for other modules as well: same logger, other template.
        for logger in (loyalty.notification_service, _ORDERS_MAIL):
            loyalty.log_event(logger, level, f"E-mail {status}", "email_status_changed", **fields)

    def _break_other_modules(self) -> None:
        if not self._broken(OTHER_MODULES_BREAK):
            return
        loyalty.log_event(
            _V2_WALLET,
            logging.WARNING,
            "Wallet sync completed",
            "wallet_sync_completed",
            platform="google",
            cards_total=50,
            cards_failed=50,
            failure_rate=1,
        )
        for _ in range(150):
            self._clock.spend(0.1)
            fields = {"store_id": "s-201", "status": 429}
            loyalty.log_event(_ORDERS_LIMITER, logging.WARNING, "Rate limit exceeded", "rate_limit_exceeded", **fields)

    # --- the world of the tasks

    def expiring_chunks(self) -> Iterator[tuple[int, int]]:
        for number in range(self._random.randint(5, 8)):
            self._clock.spend(self._random.uniform(3, 9))
            if number == 1 and self._broken(DATABASE_TIMEOUT):
                raise TimeoutError("canceling statement due to statement timeout")
            cards = 500 if number else self._random.randint(180, 500)
            yield cards, cards * self._random.randint(4, 30)

    def cards_to_sync(self, platform: str) -> list[str]:
        self._clock.spend(self._random.uniform(0.2, 1.5))
        if platform == "apple" and self._broken(APPLE_UNREACHABLE):
            raise ConnectionError("api.push.apple.com: connection refused")
        hour = self._now().hour
        busy = 1.0 if 7 <= hour < 22 else 0.6
        count = round({"google": 150, "apple": 110}[platform] * busy * self._random.uniform(0.8, 1.2))
        waiting = [card for name, card in self._retries if name == platform]
        cards = dict.fromkeys(waiting)
        while len(cards) < count:
            merchant = self._random.choice(MERCHANTS[:7])
            cards[_card_id(merchant, self._random.randint(1, 3000))] = None
        return list(cards)[: max(count, 1)]

    def push_pass(self, platform: str, card_id: str) -> bool:
        self._clock.spend(self._random.uniform(0.02, 0.25))
        chance = _HEALTHY_CARD_FAILURE
        if platform == "google" and self._broken(GOOGLE_OUTAGE):
            chance = 0.9
        elif platform == "apple" and self._broken(APPLE_CERTIFICATE):
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
        if self._broken(SMTP_DOWN) or self._mails_sent % _ONE_FAILED_MAIL_IN == 0:
            return False
        self._follow(mail)
        return True

    def _follow(self, mail: Mail) -> None:
        """What the recipient's side reports later."""
        moment = self._clock.now + self._random.uniform(0.5, 90) * SECOND

        def report(status: str) -> None:
            self._at(moment, partial(loyalty.email_status_changed, mail.template_code, status))

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
            away = 2.3 if self._broken(REGULARS_STAY_AWAY) else wave
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


@dataclass(frozen=True)
class _Rhythm:
    """When, in a day, things happen that customers do."""

    random: Random
    midnight: int
    hours: Sequence[int]
    factor: float

    def times(self, count: float) -> list[float]:
        """About `count` moments (of a usual day; this one may be busier), in microseconds."""
        expected = count * self.factor
        number = max(0, round(self.random.gauss(expected, math.sqrt(expected) / 2)))
        hours = self.random.choices(range(24), weights=self.hours, k=number)
        return [self.midnight + (hour + self.random.random()) * HOUR for hour in hours]


def _program(merchant: Merchant, midnight: int) -> Program:
    program = Program(merchant, merchant.cards, 1 + merchant.cards)
    if merchant is QUIET:
        program.enrolled.extend(midnight - day * DAY + 7 * HOUR + 20 * MINUTE for day in range(7, 0, -1))
    elif merchant.enrollments:
        count = merchant.enrollments * 7
        program.enrolled.extend(midnight - 7 * DAY + (number + 1) * 7 * DAY // (count + 1) for number in range(count))
    return program


def _card_id(merchant: Merchant, number: int) -> str:
    return f"c-{merchant.merchant_id.removeprefix('m-')}{number:05d}"


def _is_deleted_pass(card_id: str) -> bool:
    """A few customers deleted the pass behind the module's back: it fails until the module gives up."""
    return int(card_id[-5:]) % 1500 == 7


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


def _shadow_enrollment(card_id: str) -> None:
    """The next version of the module and a test script log alike, under their own names."""
    for logger in (_V2_CARDS, _CARD_TEST):
        loyalty.log_event(
            logger,
            logging.INFO,
            "Card enrolled",
            "card_enrolled",
            merchant_id="m-11",
            store_id="s-201",
            card_id=card_id,
        )
