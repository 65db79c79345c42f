"""The reporters are on beat's schedule however the app is configured, and refuse to report a task that is not there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from celery import Celery

from loyalty_telemetry import InMemoryStore, Snapshot, install
from loyalty_telemetry.reporting import REPORT_FRESHNESS, REPORT_PROGRAMS
from tests.loyalty.telemetry.conftest import Printed

OWN_ENTRY: dict[str, Any] = {"nightly": {"task": "loyalty.expire_points", "schedule": 86_400}}
NAMES = {"nightly", REPORT_FRESHNESS, REPORT_PROGRAMS}


class _Settings:
    beat_schedule = OWN_ENTRY


def _expire_points() -> None: ...


def _app() -> Celery:
    return Celery("loyalty", broker="memory://", set_as_current=False)


def _snapshot(merchant_id: str) -> Snapshot:
    return {
        "merchant_id": merchant_id,
        "program_active": True,
        "program_active_days": 100,
        "new_cards_7d": 50,
        "active_cards": 1000,
        "at_risk_cards": 100,
        "google_wallet_cards": 400,
        "apple_wallet_cards": 300,
        "stamp_cards": 500,
        "stamp_cards_completed": 200,
        "cohort_m3_cards": 100,
        "cohort_m3_retained": 60,
    }


def test_the_teams_own_schedule_stays_whether_it_is_set_before_or_after() -> None:
    before, after, from_object = _app(), _app(), _app()
    before.conf.beat_schedule = dict(OWN_ENTRY)
    for app in (before, after, from_object):
        install(app, InMemoryStore(), snapshots=list)
    after.conf.beat_schedule = dict(OWN_ENTRY)
    from_object.config_from_object(_Settings)
    assert [set(app.conf.beat_schedule) for app in (before, after, from_object)] == [NAMES] * 3


@pytest.mark.parametrize(("name", "minutes"), [(REPORT_FRESHNESS, [0, 15, 30, 45]), (REPORT_PROGRAMS, [0])])
def test_reports_are_due_at_fixed_minutes_so_a_restarted_beat_delays_none(name: str, minutes: list[int]) -> None:
    app = _app()
    install(app, InMemoryStore(), snapshots=list)
    schedule = app.conf.beat_schedule[name]["schedule"]
    midnight = datetime(2026, 11, 2, tzinfo=UTC)
    schedule.nowfun = lambda: midnight
    due, moments = midnight - timedelta(seconds=1), []
    for _ in range(8):
        due += schedule.remaining_delta(due)[1]
        moments.append(due)
    assert sorted({moment.minute for moment in moments}) == minutes


def test_a_report_that_no_worker_took_before_the_next_is_due_is_dropped() -> None:
    app = _app()
    install(app, InMemoryStore(), snapshots=list)
    expires = {name: entry["options"]["expires"] for name, entry in app.conf.beat_schedule.items()}
    assert expires == {REPORT_FRESHNESS: 15 * 60, REPORT_PROGRAMS: 60 * 60}


def test_without_a_query_there_is_no_snapshot_task() -> None:
    app = _app()
    install(app, InMemoryStore())
    assert REPORT_PROGRAMS not in app.tasks
    assert set(app.conf.beat_schedule) == {REPORT_FRESHNESS}


def test_a_watched_name_that_is_no_task_silences_the_report_and_says_so(printed: Printed) -> None:
    app = _app()
    install(app, InMemoryStore(), watched=["loyalty.expire_points", "loyalty.sync_walet_passes"])
    app.task(_expire_points, name="loyalty.expire_points", shared=False)
    result = app.tasks[REPORT_FRESHNESS].apply()
    assert isinstance(result.result, LookupError)
    assert "loyalty.sync_walet_passes" in str(result.result)
    assert "loyalty.expire_points" not in str(result.result)
    assert "task_freshness" not in [entry["jsonPayload"].get("event") for entry in printed.entries()]


def test_one_snapshot_a_merchant_is_logged(printed: Printed) -> None:
    app = _app()
    install(app, InMemoryStore(), snapshots=lambda: map(_snapshot, ["m-1", "m-2"]))
    app.tasks[REPORT_PROGRAMS].apply()
    payloads = [entry["jsonPayload"] for entry in printed.entries()]
    assert [p["merchant_id"] for p in payloads if p.get("event") == "program_snapshot"] == ["m-1", "m-2"]
