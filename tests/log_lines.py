"""LogEntry objects as the module writes them, for tests: `event("card_enrolled", at, merchant_id="m-1")`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

Entry = dict[str, Any]

START = datetime(2026, 11, 2, tzinfo=UTC)

_RESOURCE = {
    "type": "k8s_container",
    "labels": {
        "project_id": "demo",
        "namespace_name": "loyalty",
        "pod_name": "worker-0",
        "container_name": "worker",
        "cluster_name": "c1",
        "location": "europe-west1",
    },
}
_LOGGERS = {
    "card": "services.card_service",
    "stamp": "services.stamp_service",
    "points": "services.points_service",
    "email": "services.notification_service",
    "expiration": "tasks.point_expiration",
    "wallet": "tasks.wallet_sync",
    "rate": "rate_limiter",
    "enrollment": "pages.enrollment",
    "task": "program_reporter",
    "program": "program_reporter",
}


def entry(at: datetime, logger: str, severity: str, payload: dict[str, Any], pod: str = "worker-0") -> Entry:
    """One LogEntry as `gcloud logging read --format=json` prints it."""
    return {
        "timestamp": at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "severity": severity,
        "insertId": f"{at.timestamp():.6f}",
        "logName": "projects/demo/logs/stdout",
        "resource": {**_RESOURCE, "labels": {**_RESOURCE["labels"], "pod_name": pod}},
        "labels": {"python_logger": logger},
        "jsonPayload": payload,
    }


def event(name: str, at: datetime, *, severity: str = "INFO", pod: str = "worker-0", **fields: Any) -> Entry:
    """One event of the module; the logger follows from the first word of its name."""
    logger = "services.wallet_sync" if name.startswith("card_sync") else _LOGGERS[name.split("_")[0]]
    payload = {"message": name.replace("_", " "), "event": name, **fields}
    return entry(at, f"app.modules.loyalty.{logger}", severity, payload, pod)


def minutes(value: float) -> timedelta:
    return timedelta(minutes=value)


def hours(value: float) -> timedelta:
    return timedelta(hours=value)


def every(step: timedelta, start: datetime, end: datetime) -> Iterator[datetime]:
    """The instants from `start` up to and with `end`."""
    at = start
    while at <= end:
        yield at
        at += step


def freshness(
    at: datetime, last_success: datetime, task: str = "loyalty.expire_points", pod: str = "worker-0"
) -> Entry:
    return event("task_freshness", at, pod=pod, task=task, last_success_timestamp=last_success.timestamp())


def wallet_run(at: datetime, failed: int, total: int, platform: str = "google") -> Entry:
    return event(
        "wallet_sync_completed",
        at,
        severity="WARNING" if failed else "INFO",
        platform=platform,
        cards_total=total,
        cards_failed=failed,
        failure_rate=failed / total if total else 0,
    )


def mail(at: datetime, status: str, template: str = "loyalty_welcome") -> Entry:
    severity = "WARNING" if status in ("failed", "bounced") else "INFO"
    return event("email_status_changed", at, severity=severity, template_code=template, status=status)


def rejection(at: datetime, store: str) -> Entry:
    return event("rate_limit_exceeded", at, severity="WARNING", store_id=store, status=429)


def snapshot(at: datetime, merchant: str = "m-1", **fields: Any) -> Entry:
    values: dict[str, Any] = {
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
    return event("program_snapshot", at, merchant_id=merchant, **{**values, **fields})


def write(file: Path, entries: Iterable[Entry]) -> Path:
    """Write the entries as one JSON line each, in the given order."""
    file.write_text("".join(json.dumps(entry) + "\n" for entry in entries))
    return file
