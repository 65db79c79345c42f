"""The comparison: one pass in plain Python over the same lines to the same points, written to be quick.

orjson parses; regular expressions are compiled once and a logger's verdict is remembered; an entry's event selects,
by one dictionary look-up, the few metrics that can count it. The definitions are spelled out by hand.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson

Payload = dict[str, Any]
Key = tuple[Any, ...]

_NUMBERS = (int, float)


@dataclass(frozen=True)
class _Event:
    """The log contract of an event."""

    logger: str
    severity: str
    strings: tuple[str, ...] = ()
    counts: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    check: Callable[[Payload], bool] | None = None
    warns: Callable[[Payload], bool] | None = None


@dataclass(frozen=True)
class _Metric:
    name: str
    events: tuple[str, ...]
    labels: tuple[str, ...] = ()
    value: str | None = None
    cut: int = 0  # the label made of the event is what follows this many characters
    cut_name: bool = False
    check: Callable[[Payload], bool] | None = None


_TRANSACTION = ("merchant_id", "store_id", "card_id")
_SNAPSHOT = [
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
]
_STATUSES = frozenset({"sent", "failed", "bounced", "delivered", "opened", "clicked"})
_PLATFORMS = frozenset({"google", "apple"})


def _on_platform(payload: Payload) -> bool:
    return payload.get("platform") in _PLATFORMS


_EVENTS: dict[str, _Event] = {
    "card_enrolled": _Event("card_service", "INFO", _TRANSACTION),
    "card_deactivated": _Event("card_service", "INFO", ("merchant_id", "card_id")),
    "card_anonymized": _Event("card_service", "INFO", ("merchant_id", "card_id")),
    **{
        f"stamp_{what}": _Event("stamp_service", "INFO", _TRANSACTION, ("stamps",))
        for what in ("added", "redeemed", "voided")
    },
    **{
        f"points_{what}": _Event("points_service", "INFO", _TRANSACTION, ("points",))
        for what in ("earned", "redeemed", "voided")
    },
    "points_adjusted": _Event("points_service", "INFO", _TRANSACTION, (), ("points",)),
    "email_queued": _Event("notification_service", "INFO", ("template_code", "recipient")),
    "email_status_changed": _Event(
        "notification_service",
        "INFO",
        ("template_code",),
        check=lambda payload: payload.get("status") in _STATUSES,
        warns=lambda payload: payload["status"] in ("failed", "bounced"),
    ),
    "expiration_chunk_processed": _Event("point_expiration", "INFO", (), ("cards", "points")),
    "card_sync_failed": _Event("wallet_sync", "WARNING", ("card_id",), ("retry_count",), check=_on_platform),
    "card_sync_exhausted": _Event("wallet_sync", "ERROR", ("card_id",), ("retry_count",), check=_on_platform),
    "wallet_sync_completed": _Event(
        "wallet_sync",
        "INFO",
        (),
        ("cards_total", "cards_failed", "failure_rate"),
        check=lambda payload: _on_platform(payload) and payload["failure_rate"] <= 1,
        warns=lambda payload: bool(payload["cards_failed"] > 0),
    ),
    "rate_limit_exceeded": _Event(
        "rate_limiter", "WARNING", ("store_id",), check=lambda payload: payload.get("status") == 429
    ),
    **{
        f"enrollment_{what}": _Event("enrollment", "INFO", ("merchant_id", "store_id"))
        for what in ("page_viewed", "form_started", "submitted")
    },
    "task_freshness": _Event("program_reporter", "INFO", ("task",), (), ("last_success_timestamp",)),
    "program_snapshot": _Event(
        "program_reporter",
        "INFO",
        ("merchant_id",),
        tuple(_SNAPSHOT),
        check=lambda payload: isinstance(payload.get("program_active"), bool),
    ),
}


def _events(prefix: str) -> tuple[str, ...]:
    return tuple(event for event in _EVENTS if event.startswith(prefix))


_METRICS = (
    _Metric("card_events", _events("card_e") + _events("card_d") + _events("card_a"), ("event", "merchant_id")),
    _Metric("stamp_transactions", _events("stamp_"), ("merchant_id", "store_id"), "stamps", 6, True),
    _Metric("points_transactions", _events("points_"), ("merchant_id", "store_id"), "points", 7, True),
    _Metric("emails_queued", ("email_queued",), ("template_code",)),
    _Metric(
        "email_status",
        ("email_status_changed",),
        ("template_code", "status"),
        check=lambda payload: bool(payload["template_code"].startswith("loyalty_")),
    ),
    _Metric("expired_cards", ("expiration_chunk_processed",), (), "cards"),
    _Metric("expired_points", ("expiration_chunk_processed",), (), "points"),
    _Metric("card_sync_failures", ("card_sync_failed",), ("platform",), "retry_count"),
    _Metric("card_sync_exhausted", ("card_sync_exhausted",), ("platform",), "retry_count"),
    _Metric("wallet_sync_cards_total", ("wallet_sync_completed",), ("platform",), "cards_total"),
    _Metric("wallet_sync_cards_failed", ("wallet_sync_completed",), ("platform",), "cards_failed"),
    _Metric("rate_limited_requests", ("rate_limit_exceeded",), ("store_id",)),
    _Metric("enrollment_funnel", _events("enrollment_"), ("merchant_id",), None, 11, True),
    _Metric("enrollment_funnel", ("card_enrolled",), ("merchant_id",), None, 5, True),
    _Metric("task_last_success", ("task_freshness",), ("task",), "last_success_timestamp"),
    _Metric(
        "programs_not_judged",
        ("program_snapshot",),
        ("merchant_id",),
        check=lambda payload: not payload["program_active"] or payload["program_active_days"] < 7,
    ),
    *(_Metric(f"program_{field}", ("program_snapshot",), ("merchant_id",), field) for field in _SNAPSHOT[1:7]),
    *(_Metric(f"program_{field}", ("program_snapshot",), ("merchant_id",), field) for field in _SNAPSHOT[7:]),
)
_BY_EVENT = {event: tuple(metric for metric in _METRICS if event in metric.events) for event in _EVENTS}
_LOGGERS = {
    name: re.compile(rf"^app[.]modules[.]loyalty[.]([^.]+[.])*{name}$")
    for name in {event.logger for event in _EVENTS.values()}
}

_TASKS = r"(loyalty[.]expire_points|loyalty[.]sync_wallet_passes)"
_TRACE = r"Task " + _TASKS + r"\[[^]]+\] "
_SUCCEEDED = re.compile(r"^" + _TRACE + r"succeeded in (?:([0-9.]+(?:e[+-]?[0-9]+)?)s)?")
_FAILED = re.compile(r"^" + _TRACE + r"(?:raised (?:un)?expected|INTERNAL ERROR): ")
_PLAIN = re.compile(r"^(?:\[[^]]*\] )?(Task .*)", re.DOTALL)


@lru_cache(maxsize=4096)
def _logs_as(logger: str, name: str) -> bool:
    return _LOGGERS[name].search(logger) is not None


@lru_cache(maxsize=100_000)
def _minute(text: str) -> int:
    return int(datetime.fromisoformat(text + ":00+00:00").timestamp()) // 60


def points(file: Path) -> dict[str, tuple[int, int, int]]:
    """Return the entries matched, series, and points (zeros included) of each metric with any."""
    matched: defaultdict[str, int] = defaultdict(int)
    counts: defaultdict[Key, defaultdict[int, int]] = defaultdict(lambda: defaultdict(int))
    sums: defaultdict[Key, defaultdict[int, float]] = defaultdict(lambda: defaultdict(float))

    def add(name: str, entry: Payload, labels: tuple[str, ...], value: float | None) -> None:
        key = (name, *entry["resource"]["labels"].values(), labels)
        minute = _minute(entry["timestamp"][:16])
        matched[name] += 1
        counts[key][minute] += 1
        if value is not None:
            sums[key][minute] += value

    with file.open("rb") as lines:
        for line in lines:
            entry = orjson.loads(line)
            if entry["resource"]["type"] != "k8s_container":
                continue
            payload = entry.get("jsonPayload")
            if payload is None:
                _add_task(entry, entry.get("textPayload", ""), "_text", add)
                continue
            event = payload.get("event")
            rule = _EVENTS.get(event)
            if rule is None:
                if entry.get("labels", {}).get("python_logger") == "celery.app.trace":
                    _add_task(entry, payload.get("message", ""), "", add)
                continue
            if not _logs_as(entry.get("labels", {}).get("python_logger", ""), rule.logger) or not _keeps(
                rule, entry, payload
            ):
                continue
            for metric in _BY_EVENT[event]:
                if metric.check is None or metric.check(payload):
                    labels = tuple([payload[name] for name in metric.labels])
                    if metric.cut_name:
                        labels = (event[metric.cut :], *labels)
                    add(metric.name, entry, labels, payload[metric.value] if metric.value else None)

    result: dict[str, tuple[int, int, int]] = {}
    for key, minutes in counts.items():
        with_zeros = {near for minute in minutes for near in (minute - 1, minute, minute + 1)}
        _, series, total = result.get(key[0], (0, 0, 0))
        result[key[0]] = (matched[key[0]], series + 1, total + len(with_zeros))
    return result


def _keeps(rule: _Event, entry: Payload, payload: Payload) -> bool:
    for name in rule.strings:
        if type(payload.get(name)) is not str:
            return False
    for name in rule.counts:
        value = payload.get(name)
        if type(value) not in _NUMBERS or value < 0:
            return False
    for name in rule.numbers:
        if type(payload.get(name)) not in _NUMBERS:
            return False
    if rule.check is not None and not rule.check(payload):
        return False
    severity = "WARNING" if rule.warns is not None and rule.warns(payload) else rule.severity
    return bool(entry.get("severity") == severity)


def _add_task(entry: Payload, message: str, suffix: str, add: Callable[..., None]) -> None:
    if suffix:
        plain = _PLAIN.search(message)
        if plain is None:
            return
        message = plain[1]
    if found := _SUCCEEDED.search(message):
        add(f"celery_task_successes{suffix}", entry, (found[1],), None)
        if found[2]:
            add(f"celery_task_runtime{suffix}", entry, (found[1],), float(found[2]))
    elif found := _FAILED.search(message):
        add(f"celery_task_failures{suffix}", entry, (found[1],), None)
