"""The reporters on Celery: their tasks, and when beat starts them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from celery import Celery
from celery.schedules import crontab
from celery.signals import task_success

from loyalty_telemetry.freshness import Freshness, Store
from loyalty_telemetry.snapshots import Snapshot, report_programs

REPORT_FRESHNESS, REPORT_PROGRAMS = "loyalty.report_freshness", "loyalty.report_programs"
WATCHED = ("loyalty.expire_points", "loyalty.sync_wallet_passes")


def install(
    app: Celery,
    store: Store,
    *,
    watched: Sequence[str] = WATCHED,
    snapshots: Callable[[], Iterable[Snapshot]] | None = None,
) -> None:
    """Report every 15 minutes when each watched task last succeeded, and every hour what `snapshots` finds.

    Call it in the module that makes the Celery app. Two tasks are registered, `loyalty.report_freshness` and
    `loyalty.report_programs`, and put on beat's schedule; they run in the app's default queue unless `task_routes`
    says otherwise. A worker that has no task of a watched name reports nothing, and says so: a name that is misspelt
    would otherwise hide the real task from the alert.

    >>> from loyalty_telemetry import InMemoryStore
    >>> app = Celery("loyalty", broker="memory://", set_as_current=False)
    >>> install(app, InMemoryStore(), snapshots=lambda: [])
    >>> sorted(app.conf.beat_schedule)
    ['loyalty.report_freshness', 'loyalty.report_programs']
    """
    freshness = Freshness(store, watched)
    task_success.connect(freshness.succeeded, weak=False)

    def report_freshness() -> None:
        unknown = sorted(set(watched) - set(app.tasks))
        if unknown:
            raise LookupError(f"watched, but no task of this worker: {', '.join(unknown)}; no task_freshness is logged")
        freshness.report()

    _schedule(app, REPORT_FRESHNESS, report_freshness, crontab(minute="*/15"), expires=15 * 60)
    if snapshots is not None:
        query = snapshots

        def report_all_programs() -> None:
            report_programs(query)

        _schedule(app, REPORT_PROGRAMS, report_all_programs, crontab(minute="0"), expires=60 * 60)


def _schedule(app: Celery, name: str, function: Callable[[], None], when: crontab, expires: int) -> None:
    # By the clock, not by an interval, which begins anew whenever beat restarts without its file. What a worker finds
    # too late is dropped: the next one is due.
    app.task(function, name=name, shared=False, ignore_result=True)
    app.add_periodic_task(when, app.signature(name), name=name, expires=expires)
