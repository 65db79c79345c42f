"""A day of log lines through the metrics into the real Prometheus, and the number that a widget then shows.

A test of one dashboard stands in the file of that dashboard's name, and goes with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from loyalty_monitoring.common.database import connect
from loyalty_monitoring.query_languages.promql.variables import chosen
from loyalty_monitoring.replay.blocks import store_points
from loyalty_monitoring.replay.entries.load import load_entries
from loyalty_monitoring.replay.metric_points import make_points, needed_fields
from loyalty_monitoring.replay.prometheus import Prometheus, prometheus_with
from tests.log_lines import (
    START,
    Entry,
    entry,
    event,
    freshness,
    hours,
    mail,
    minutes,
    rejection,
    snapshot,
    wallet_run,
    write,
)
from tests.loyalty.dashboards.reading import DASHBOARDS, DEFINITIONS, LABELS, Shown, data_sets, widgets

NOW = START + hours(30)


def enrollment(step: str, count: int, merchant: str, at: datetime = NOW - hours(2)) -> list[Entry]:
    return [event(step, at, merchant_id=merchant, store_id="s-1", card_id="c-1") for _ in range(count)]


def points(action: str, value: float, merchant: str, store: str = "s-1") -> Entry:
    fields = {"merchant_id": merchant, "store_id": store, "card_id": "c-1", "points": value}
    return event(f"points_{action}", NOW - minutes(20), **fields)


def stamps(action: str, count: int, store: str, at: datetime = NOW - minutes(20)) -> list[Entry]:
    fields = {"merchant_id": "m-1", "store_id": store, "card_id": "c-1", "stamps": 2}
    return [event(f"stamp_{action}", at, **fields) for _ in range(count)]


def celery(text: str, at: datetime = NOW - hours(3)) -> Entry:
    return entry(at, "celery.app.trace", "INFO", {"message": text})


def celery_text(text: str, at: datetime = NOW - hours(3)) -> Entry:
    """The line of a worker whose logging was left at Celery's default."""
    line = entry(at, "", "ERROR", {})
    del line["jsonPayload"], line["labels"]
    return {**line, "textPayload": f"[2026-11-03 03:00:00,000: INFO/ForkPoolWorker-1] {text}"}


def card_sync(name: str, retries: int, severity: str) -> Entry:
    fields = {"platform": "google", "card_id": "c-1", "retry_count": retries}
    return event(name, NOW - minutes(20), severity=severity, **fields)


LOG: list[Entry] = [
    *enrollment("enrollment_page_viewed", 100, "m-1"),
    *enrollment("enrollment_form_started", 40, "m-1"),
    *enrollment("enrollment_submitted", 20, "m-1"),
    *enrollment("card_enrolled", 15, "m-1"),
    # Everybody leaves at the first step of this merchant.
    *enrollment("enrollment_page_viewed", 50, "m-2"),
    # Older than the windows.
    *enrollment("enrollment_page_viewed", 7, "m-1", NOW - hours(24) - minutes(1)),
    *enrollment("card_enrolled", 7, "m-1", NOW - hours(24) - minutes(1)),
    event("card_deactivated", NOW - hours(1), merchant_id="m-1", card_id="c-1"),
    points("earned", 100, "m-1"),
    points("earned", 100, "m-1", "s-2"),
    points("redeemed", 60, "m-1"),
    points("earned", 200, "m-2"),
    points("adjusted", -5, "m-1"),
    *stamps("added", 3, "s-1"),
    *stamps("redeemed", 1, "s-1"),
    *stamps("added", 2, "s-2"),
    *stamps("added", 9, "s-2", NOW - minutes(61)),
    *[mail(NOW - hours(2), status) for status in ["sent"] * 10 + ["delivered"] * 8 + ["opened"] * 4 + ["failed"] * 2],
    *[mail(NOW - hours(2), status, "loyalty_expiry") for status in ["failed"] * 3 + ["bounced"]],
    *[mail(NOW - hours(2), "sent", "loyalty_birthday") for _ in range(5)],
    event("email_queued", NOW - minutes(5), template_code="loyalty_welcome", recipient="a@example.com"),
    celery("Task loyalty.expire_points[a1] succeeded in 1.5s: None"),
    celery("Task loyalty.expire_points[a2] succeeded in 2.5s: None"),
    celery_text("Task loyalty.expire_points[a3] succeeded in 8.0s: None"),
    celery("Task loyalty.expire_points[a4] raised unexpected: ValueError('x')"),
    celery("Task loyalty.expire_points[a5] retry: Retry in 10s"),
    celery_text("Task loyalty.sync_wallet_passes[b1] raised unexpected: ValueError('x')"),
    freshness(NOW - minutes(20), NOW - hours(5)),
    freshness(NOW - minutes(5), NOW - hours(3)),
    event("expiration_chunk_processed", NOW - hours(3), cards=50, points=700),
    event("expiration_chunk_processed", NOW - hours(3), cards=30, points=100),
    # m-1 has three snapshots in the window, m-2 two: each weighs by its cards only.
    *[snapshot(NOW - minutes(at), "m-1", cohort_m3_cards=100, cohort_m3_retained=60) for at in (5, 60, 115)],
    *[
        snapshot(
            NOW - minutes(at),
            "m-2",
            active_cards=3000,
            at_risk_cards=1500,
            google_wallet_cards=0,
            apple_wallet_cards=900,
            cohort_m3_cards=0,
            cohort_m3_retained=0,
            stamp_cards=300,
            stamp_cards_completed=0,
            new_cards_7d=2,
        )
        for at in (30, 90)
    ],
    snapshot(NOW - minutes(30), "m-3", program_active=False, new_cards_7d=0, active_cards=0, at_risk_cards=0,
             google_wallet_cards=0, apple_wallet_cards=0, stamp_cards=0, stamp_cards_completed=0,
             cohort_m3_cards=0, cohort_m3_retained=0),
    wallet_run(NOW - minutes(65), 90, 100),
    wallet_run(NOW - minutes(5), 10, 100),
    wallet_run(NOW - minutes(5), 0, 300, "apple"),
    card_sync("card_sync_failed", 1, "WARNING"),
    card_sync("card_sync_failed", 2, "WARNING"),
    card_sync("card_sync_exhausted", 5, "ERROR"),
    *[rejection(NOW - minutes(40), "s-1") for _ in range(30)],
    *[rejection(NOW - minutes(10), "s-1") for _ in range(20)],
]  # fmt: skip


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    with serving(tmp_path_factory.mktemp("dashboards"), LOG) as prometheus:
        yield prometheus


@pytest.fixture
def dashboard(request: pytest.FixtureRequest) -> str:
    """The dashboard that the test's file is named after."""
    return request.path.stem.removeprefix("test_")


@pytest.fixture
def shown(server: Prometheus, dashboard: str) -> Shown:
    """Return what a widget shows at an instant: the values of the labels, joined, to the number.

    Widgets of one title show one thing.
    """

    def show(title: str, data_set: int = 0, at: datetime = NOW, **choice: str) -> dict[str, float]:
        found = {
            data_sets(w)[data_set]["prometheusQuery"] for w in widgets(DASHBOARDS[dashboard]) if is_chart(w, title)
        }
        (query,) = {chosen(one, choice) for one in found}
        second = int(at.timestamp())
        return {
            " ".join(value for _, value in sorted(series.labels.items())): pytest.approx(series.samples[0][1])
            for series in server.query_range(query, second, second, 60)
        }

    return show


def is_chart(widget: dict[str, Any], title: str) -> bool:
    return widget["title"] == title and bool(data_sets(widget))


@contextmanager
def serving(folder: Path, log: list[Entry]) -> Iterator[Prometheus]:
    with connect() as con:
        load_entries(con, [write(folder / "log.jsonl", log)], needed_fields(DEFINITIONS.log_metrics), strict=True)
        make_points(con, DEFINITIONS.log_metrics, LABELS.keys())
        given = store_points(con, DEFINITIONS.log_metrics, LABELS.keys(), folder / "data")
    with prometheus_with(folder / "data", given) as prometheus:
        yield prometheus
