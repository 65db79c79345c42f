"""Which log entries are events of the module: the log contract, read a second time, in plain Python."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

Entry = Mapping[str, Any]
Check = Callable[[Any], bool]


@dataclass(frozen=True)
class Event:
    """An entry that keeps the contract. `at` is in unix seconds."""

    name: str
    at: float
    fields: Mapping[str, Any]


def is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def is_count(value: Any) -> bool:
    return is_number(value) and value >= 0


def is_rate(value: Any) -> bool:
    return is_number(value) and 0 <= value <= 1


def is_text(value: Any) -> bool:
    return isinstance(value, str)


def is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def is_platform(value: Any) -> bool:
    return value in ("google", "apple")


_COUNTS = (
    "program_active_days",
    "new_cards_7d",
    "active_cards",
    "at_risk_cards",
    "google_wallet_cards",
    "apple_wallet_cards",
    "stamp_cards",
    "stamp_cards_completed",
    "cohort_m3_cards",
    "cohort_m3_retained",
)
# What the contract's table says of the events that an alert looks at: logger, and the required fields.
_TABLE: dict[str, tuple[str, dict[str, Check]]] = {
    "email_status_changed": (
        "notification_service",
        {
            "template_code": is_text,
            "status": lambda value: value in ("sent", "failed", "bounced", "delivered", "opened", "clicked"),
        },
    ),
    "wallet_sync_completed": (
        "wallet_sync",
        {"platform": is_platform, "cards_total": is_count, "cards_failed": is_count, "failure_rate": is_rate},
    ),
    "rate_limit_exceeded": (
        "rate_limiter",
        {"store_id": is_text, "status": lambda value: is_number(value) and value == 429},
    ),
    "task_freshness": ("program_reporter", {"task": is_text, "last_success_timestamp": is_number}),
    "program_snapshot": (
        "program_reporter",
        {"merchant_id": is_text, "program_active": is_flag, **dict.fromkeys(_COUNTS, is_count)},
    ),
}


def _severity(name: str, fields: Mapping[str, Any]) -> str:
    if name == "rate_limit_exceeded":
        return "WARNING"
    if name == "email_status_changed" and fields["status"] in ("failed", "bounced"):
        return "WARNING"
    if name == "wallet_sync_completed" and fields["cards_failed"] > 0:
        return "WARNING"
    return "INFO"


def events(entries: Iterable[Entry]) -> list[Event]:
    """The entries that keep the contract, in order of time."""
    return sorted(_events(entries), key=lambda event: event.at)


def _events(entries: Iterable[Entry]) -> Iterator[Event]:
    for entry in entries:
        fields = entry.get("jsonPayload", {})
        name = fields.get("event")
        if name not in _TABLE or entry["resource"]["type"] != "k8s_container":
            continue
        logger, checks = _TABLE[name]
        if not re.fullmatch(rf"app\.modules\.loyalty\.(?:[^.]+\.)*{logger}", entry["labels"]["python_logger"]):
            continue
        if not all(key in fields and check(fields[key]) for key, check in checks.items()):
            continue
        if entry["severity"] == _severity(name, fields):
            yield Event(name, datetime.fromisoformat(entry["timestamp"]).timestamp(), fields)
