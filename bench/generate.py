"""Log entries for measuring: the mix of a sample day, for as many merchants and stores as asked. Seeded."""

from __future__ import annotations

import gzip
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

Entry = dict[str, Any]

START = datetime(2026, 11, 2, tzinfo=UTC)
_SEED = 20261102


def write_day(sample: Path, out: Path, count: int, merchants: int, stores: int, days: int = 1) -> None:
    """Write `count` entries in the proportions of `sample`, evenly over the days and in order of time."""
    with gzip.open(sample) as lines:
        templates = [orjson.loads(line) for line in lines]
    rng = random.Random(_SEED)
    step = timedelta(days=days) / count
    with out.open("wb", buffering=2**20) as file:
        for index in range(count):
            entry = rng.choice(templates)
            entry["timestamp"] = _text(START + step * index)
            entry["insertId"] = f"{index:08x}"
            payload = entry.get("jsonPayload", {})
            merchant = rng.randrange(merchants)
            if "merchant_id" in payload:
                payload["merchant_id"] = f"m-{merchant}"
            if "store_id" in payload:
                payload["store_id"] = f"s-{merchant + merchants * rng.randrange(stores // merchants)}"
            if "card_id" in payload:
                payload["card_id"] = f"c-{rng.randrange(1_000_000)}"
            file.write(orjson.dumps(entry) + b"\n")


def write_week(out: Path, merchants: int, stores: int) -> int:
    """Write seven days of what the alerts look at; return the number of entries. In no order of time."""
    count = 0
    with out.open("wb", buffering=2**20) as file:
        for entry in _week(merchants, stores):
            file.write(orjson.dumps(entry) + b"\n")
            count += 1
    return count


def _week(merchants: int, stores: int) -> Iterator[Entry]:
    rng = random.Random(_SEED)
    for hour in range(7 * 24):
        at = START + timedelta(hours=hour)
        for merchant in range(merchants):
            yield _entry(
                at + timedelta(seconds=merchant % 300), "tasks.program_reporter", "INFO", **_snapshot(rng, merchant)
            )
        for quarter in range(4):
            for task in ("loyalty.expire_points", "loyalty.sync_wallet_passes"):
                succeeded = at.replace(hour=3).timestamp() - 86_400
                fields = {"event": "task_freshness", "task": task, "last_success_timestamp": succeeded}
                yield _entry(at + timedelta(minutes=15 * quarter), "tasks.program_reporter", "INFO", **fields)
        for platform in ("google", "apple"):
            fields = {"event": "wallet_sync_completed", "platform": platform, "cards_total": 10_000, "cards_failed": 0}
            yield _entry(at + timedelta(minutes=7), "tasks.wallet_sync", "INFO", **fields, failure_rate=0.0)
    for minute in range(7 * 24 * 60):
        at = START + timedelta(minutes=minute)
        for _ in range(40):  # e-mails
            template = f"loyalty_{rng.choice(['welcome', 'points', 'birthday', 'expiry'])}"
            fields = {"event": "email_status_changed", "template_code": template}
            status = rng.choice(["sent", "delivered", "opened", "clicked"])
            yield _entry(_within(at, rng), "services.notification_service", "INFO", **fields, status=status)
        for _ in range(40):  # refused requests
            fields = {"event": "rate_limit_exceeded", "store_id": f"s-{rng.randrange(stores)}", "status": 429}
            yield _entry(_within(at, rng), "api.middleware.rate_limiter", "WARNING", **fields)


def _snapshot(rng: random.Random, merchant: int) -> Entry:
    counts = {
        "program_active_days": 400,
        "new_cards_7d": rng.randrange(5, 60),
        "active_cards": 500,
        "at_risk_cards": 50,
        "google_wallet_cards": 200,
        "apple_wallet_cards": 200,
        "stamp_cards": 300,
        "stamp_cards_completed": 90,
        "cohort_m3_cards": 100,
        "cohort_m3_retained": 45,
    }
    return {"event": "program_snapshot", "merchant_id": f"m-{merchant}", "program_active": True, **counts}


def _entry(at: datetime, logger: str, severity: str, **payload: Any) -> Entry:
    labels = {"project_id": "demo", "namespace_name": "loyalty", "pod_name": f"worker-{at.day % 2}"}
    labels |= {"container_name": "worker", "cluster_name": "c1", "location": "europe-west1"}
    return {
        "timestamp": _text(at),
        "severity": severity,
        "resource": {"type": "k8s_container", "labels": labels},
        "labels": {"python_logger": f"app.modules.loyalty.{logger}"},
        "jsonPayload": payload,
    }


def _within(minute: datetime, rng: random.Random) -> datetime:
    return minute + timedelta(milliseconds=rng.randrange(60_000))


def _text(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
