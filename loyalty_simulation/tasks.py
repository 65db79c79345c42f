# Celery has no types.
# mypy: disable-error-code="misc, untyped-decorator"
"""The Celery tasks of the stand-in. They really run, succeed, raise and retry; the world they run in is given."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any, Protocol

from celery import Celery, Task

from loyalty_simulation import broker, loyalty_module

EXPIRE_POINTS = "loyalty.expire_points"
SYNC_WALLET_PASSES = "loyalty.sync_wallet_passes"
DELIVER_MAIL = "loyalty.deliver_mail"
REPORT_PROGRAM = "loyalty.report_program"
WARM_PASS_IMAGES = "loyalty.warm_pass_images"
WATCHED_TASKS = (EXPIRE_POINTS, SYNC_WALLET_PASSES)

MAX_CARD_RETRIES = 5
# A retry's eta is counted from here: in the past for every machine, so that the worker runs it at once
# and `worker.py` lets the simulated time pass instead.
ETA_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


class Wallets(Protocol):
    def cards_to_sync(self, platform: str) -> list[str]:
        """Return card ids; raises ConnectionError when the platform cannot be reached at all."""

    def push_pass(self, platform: str, card_id: str) -> bool: ...

    def count_retry(self, platform: str, card_id: str) -> int:
        """Return how many times in a row the card has failed by now."""

    def give_up(self, platform: str, card_id: str) -> None: ...


class World(Protocol):
    """The systems that the tasks work on. Each call may take simulated time."""

    @property
    def wallets(self) -> Wallets: ...

    def expiring_chunks(self) -> Iterable[tuple[int, int]]:
        """Return (cards, points) a chunk; raises TimeoutError when the database does not answer."""

    def queued_mails(self) -> list[Any]:
        """Return mails (with `template_code`) waiting to be sent."""

    def send_mail(self, mail: Any) -> bool: ...

    def last_success(self, task: str) -> float:
        """Return Unix seconds."""

    def program_snapshots(self) -> Iterable[Mapping[str, Any]]: ...

    def fetch_images(self) -> int:
        """Fetch images and return their number; raises ConnectionError."""


class _App(Celery):
    def now(self) -> datetime:
        return ETA_EPOCH


def make_app(world: World) -> Celery:
    """Return the Celery application, whose tasks run in `world`."""
    app = _App("loyalty", broker="memory://localhost//", set_as_current=False)
    app.conf.update(
        broker_transport=f"{broker.__name__}:Transport",
        task_ignore_result=True,
        worker_hijack_root_logger=False,
    )

    # Not shared: Celery would give every later application of this process these very tasks, and their world.
    task = partial(app.task, shared=False)

    @task(name=EXPIRE_POINTS, bind=True, max_retries=2, default_retry_delay=300)
    def expire_points(self: Task) -> dict[str, int]:
        cards = points = 0
        try:
            for chunk_cards, chunk_points in world.expiring_chunks():
                loyalty_module.expiration_chunk_processed(chunk_cards, chunk_points)
                cards, points = cards + chunk_cards, points + chunk_points
        except TimeoutError as error:
            raise self.retry(exc=error) from None
        return {"cards": cards, "points": points}

    @task(name=SYNC_WALLET_PASSES)
    def sync_wallet_passes(platform: str) -> dict[str, Any]:
        cards = world.wallets.cards_to_sync(platform)
        failed = 0
        for card_id in cards:
            if world.wallets.push_pass(platform, card_id):
                continue
            failed += 1
            retry_count = world.wallets.count_retry(platform, card_id)
            loyalty_module.card_sync_failed(platform, card_id, retry_count)
            if retry_count >= MAX_CARD_RETRIES:
                loyalty_module.card_sync_exhausted(platform, card_id, retry_count)
                world.wallets.give_up(platform, card_id)
        loyalty_module.wallet_sync_completed(platform, len(cards), failed)
        return {"platform": platform, "cards": len(cards), "failed": failed}

    @task(name=DELIVER_MAIL)
    def deliver_mail() -> dict[str, int]:
        mails = world.queued_mails()
        sent = 0
        for mail in mails:
            accepted = world.send_mail(mail)
            sent += accepted
            loyalty_module.email_status_changed(mail.template_code, "sent" if accepted else "failed")
        return {"mails": len(mails), "sent": sent}

    @task(name=REPORT_PROGRAM)
    def report_program(snapshots: bool) -> None:
        for task in WATCHED_TASKS:
            loyalty_module.task_freshness(task, world.last_success(task))
        if snapshots:
            for snapshot in world.program_snapshots():
                loyalty_module.program_snapshot(**snapshot)

    @task(name=WARM_PASS_IMAGES, bind=True, max_retries=1, default_retry_delay=30)
    def warm_pass_images(self: Task) -> int:
        try:
            return world.fetch_images()
        except ConnectionError as error:
            raise self.retry(exc=error) from None

    return app
