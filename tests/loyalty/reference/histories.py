"""Log histories for each alert, drawn by Hypothesis: faults, gaps, jitter, values at the boundary, spoiled lines."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from tests.loyalty.reference.events import Entry

MINUTE, HOUR = 60, 3600
Line = tuple[float, dict[str, Any], dict[str, Any]]  # seconds after the start, jsonPayload, what else differs

_LOGGERS = {
    "task_freshness": "program_reporter",
    "program_snapshot": "program_reporter",
    "wallet_sync_completed": "wallet_sync",
    "email_status_changed": "notification_service",
    "rate_limit_exceeded": "rate_limiter",
}
# What turns a good line into one that must not count; most lines stay as they are.
_FLAWS: tuple[dict[str, Any], ...] = (
    {"logger": "app.modules.orders.{}"},
    {"logger": "app.modules.loyalty.{}_v2"},
    {"logger": "app.modules.loyalty_v2.{}"},
    {"severity": "ERROR"},
    {"resource": "gce_instance"},
    {"text": True},
    {"missing": True},
)


@dataclass(frozen=True)
class History:
    """Lines in the order in which they arrive, and how long is watched; both count from the start, in seconds."""

    alert: str
    lines: tuple[Line, ...]
    starts: int
    length: int


def entries(history: History, start: float) -> Iterator[Entry]:
    """The log entries of a history that starts at this moment (unix seconds)."""
    for after, payload, other in history.lines:
        at = start + after
        fields = {key: value["after"] + start if isinstance(value, dict) else value for key, value in payload.items()}
        logger = other.get("logger", "app.modules.loyalty.services.{}").format(_LOGGERS[payload["event"]])
        yield {
            "timestamp": datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z"),
            "severity": other.get("severity", "INFO"),
            "resource": {
                "type": other.get("resource", "k8s_container"),
                "labels": {"project_id": "demo", "pod_name": other.get("worker", "worker-0")},
            },
            "labels": {"python_logger": logger},
            "jsonPayload": {"message": "m", **fields},
        }


@st.composite
def histories(draw: st.DrawFn, alert: str) -> History:
    lines, length = draw(_KINDS[alert]())
    spoiled = draw(st.dictionaries(st.integers(0, max(0, len(lines) - 1)), st.sampled_from(_FLAWS), max_size=3))
    made = [_spoil(line, spoiled.get(index, {})) for index, line in enumerate(lines)]
    if draw(st.booleans()):
        made.reverse()  # the latest lines arrive first
    starts = draw(st.sampled_from([0, 3, 22, 23])) * HOUR
    return History(alert, tuple(made), starts, length)


def _spoil(line: Line, flaw: dict[str, Any]) -> Line:
    after, payload, other = line
    field = next(key for key in payload if key != "event")
    if flaw.get("text"):
        payload = {**payload, field: 7 if isinstance(payload[field], str) else "7"}
    if flaw.get("missing"):
        payload = {key: value for key, value in payload.items() if key != field}
    return after, payload, {**other, **{key: value for key, value in flaw.items() if key not in ("text", "missing")}}


def _worker() -> st.SearchStrategy[dict[str, Any]]:
    return st.sampled_from([{}, {}, {"worker": "worker-1"}])


@st.composite
def _reports(draw: st.DrawFn) -> tuple[list[Line], int]:
    """A1 and A8: reports every 15 minutes with jitter and gaps; successes about 26 hours apart."""
    lines: list[Line] = []
    success = draw(st.sampled_from([-24 * HOUR, -25 * HOUR - 1, -26 * HOUR, -26 * HOUR - 1, 0]))
    at = float(draw(st.integers(0, 40 * MINUTE)))
    for _ in range(draw(st.integers(1, 8))):
        # A stretch of reports that name one success, then a new success or a gap.
        task = draw(st.sampled_from(["loyalty.expire_points"] * 3 + ["loyalty.sync_wallet_passes"]))
        for _ in range(draw(st.integers(1, 6))):
            fields = {"event": "task_freshness", "task": task, "last_success_timestamp": {"after": success}}
            lines.append((at, fields, draw(_worker())))
            at += 15 * MINUTE + draw(st.sampled_from([0, 0, -90, 200]))
        at += draw(st.sampled_from([0, 0, 30, 74, 76, 89, 91, 96, 119, 121, 200])) * MINUTE
        if draw(st.booleans()):
            success = int(at) - draw(
                st.sampled_from([60, HOUR, 26 * HOUR - 61, 26 * HOUR - 1, 26 * HOUR, 26 * HOUR + 1])
            )
    return lines, int(at) + draw(st.sampled_from([0, 1, 3])) * HOUR


def _run(at: float, failed: int, total: int, platform: str, worker: dict[str, Any]) -> Line:
    payload = {
        "event": "wallet_sync_completed",
        "platform": platform,
        "cards_total": total,
        "cards_failed": failed,
        "failure_rate": failed / total if total else 0,
    }
    return at, payload, {**worker, **({"severity": "WARNING"} if failed else {})}


_RUNS = (
    (0, 100),
    (50, 100),
    (51, 100),
    (100, 100),
    (499, 999),
    (500, 999),
    (0, 0),
    (5, 100),
    (6, 100),
    (1, 20),
    (1, 19),
)


@st.composite
def _runs(draw: st.DrawFn) -> tuple[list[Line], int]:
    """A2 and A3: runs of both platforms, 50 to 70 minutes apart, some missed."""
    lines = []
    at = float(draw(st.integers(0, HOUR)))
    for _ in range(draw(st.integers(1, 9))):
        lines.append(_run(at, *draw(st.sampled_from(_RUNS)), "google", draw(_worker())))
        if draw(st.booleans()):
            later = draw(st.sampled_from([1, 65, 9 * MINUTE]))
            lines.append(_run(at + later, *draw(st.sampled_from(_RUNS)), "apple", draw(_worker())))
        at += draw(st.sampled_from([50, 59, 60, 60, 61, 70])) * MINUTE + draw(st.integers(-1, 1))
        at += draw(st.sampled_from([0, 0, 0, 60, 120, 290, 320, 400])) * MINUTE
    return lines, int(at) + draw(st.sampled_from([0, 1, 7])) * HOUR


@st.composite
def _mails(draw: st.DrawFn) -> tuple[list[Line], int]:
    """A4: bursts of sent and failed mails around 1%, hours apart."""
    lines: list[Line] = []
    at = float(draw(st.integers(0, HOUR)))
    states = st.sampled_from(["sent", "sent", "sent", "failed", "failed", "bounced", "delivered"])
    templates = st.sampled_from(["loyalty_welcome"] * 3 + ["loyalty_points", "order_confirmation"])
    for _ in range(draw(st.integers(1, 6))):
        status, template = draw(states), draw(templates)
        count = draw(st.sampled_from([1, 97, 98, 99, 100] if status == "sent" else [1, 1, 2]))
        severity = {"severity": "WARNING"} if status in ("failed", "bounced") else {}
        payload = {"event": "email_status_changed", "template_code": template, "status": status}
        worker = draw(_worker())
        lines += [(at, payload, {**worker, **severity})] * count
        at += draw(st.sampled_from([1, 59, 61, 10 * HOUR, 23 * HOUR, 24 * HOUR - 61, 24 * HOUR + 61]))
    return lines, int(at) + draw(st.sampled_from([0, 5, 25])) * HOUR


@st.composite
def _rejections(draw: st.DrawFn) -> tuple[list[Line], int]:
    """A5: minutes with 60, 100 or 101 rejections of two stores, at the edges of minutes."""
    lines: list[Line] = []
    minute = draw(st.integers(0, 5))
    for _ in range(draw(st.integers(1, 6))):
        count = draw(st.sampled_from([1, 60, 99, 100, 101, 102, 150]))
        first, spread = draw(st.sampled_from([(0.0, 59.999), (0.0, 0.5), (59.0, 0.999), (30.0, 60.0), (10.0, 40.0)]))
        payload = {"event": "rate_limit_exceeded", "store_id": draw(st.sampled_from(["s-1", "s-2"])), "status": 429}
        other = {**draw(_worker()), "severity": "WARNING"}
        start = minute * MINUTE + first
        lines += [(round(start + spread * index / count, 3), payload, other) for index in range(count)]
        minute += draw(st.sampled_from([0, 1, 1, 2, 30]))
    return lines, (minute + 6) * MINUTE


@st.composite
def _snapshots(draw: st.DrawFn) -> tuple[list[Line], int]:
    """A6 and A7: hourly snapshots of one to three merchants with jitter, gaps, and values at the boundaries."""
    lines: list[Line] = []
    hours = draw(st.integers(1, 9))
    for merchant in range(draw(st.integers(1, 3))):
        first = draw(st.integers(0, HOUR - 1))
        active, days = draw(st.sampled_from([True, True, True, False])), draw(st.sampled_from([6, 7, 100]))
        at_risk, new = draw(st.sampled_from([100, 199, 200, 201, 400])), draw(st.sampled_from([0, 4, 5, 6]))
        for hour in range(hours):
            change = draw(st.integers(0, 11))
            if change == 0:
                continue  # a missed report
            if change == 1:
                active = not active
            if change == 2:
                at_risk = draw(st.sampled_from([0, 199, 201, 900]))
            if change == 3:
                new = draw(st.sampled_from([0, 4, 5, 50]))
            late = draw(st.sampled_from([0, 0, 59, -120, 240]))
            payload = {
                "event": "program_snapshot",
                "merchant_id": f"m-{merchant}",
                "program_active": active,
                "program_active_days": days,
                "new_cards_7d": new,
                "active_cards": draw(st.sampled_from([1000, 1000, 1000, 0, 9000])),
                "at_risk_cards": at_risk,
                **dict.fromkeys(("google_wallet_cards", "apple_wallet_cards", "stamp_cards"), 10),
                **dict.fromkeys(("stamp_cards_completed", "cohort_m3_cards", "cohort_m3_retained"), 5),
            }
            lines.append((float(max(0, first + hour * HOUR + late)), payload, draw(_worker())))
    return lines, (hours + draw(st.sampled_from([0, 1, 3]))) * HOUR


_KINDS: dict[str, Callable[[], st.SearchStrategy[tuple[list[Line], int]]]] = {
    "expiration_task_stale": _reports,
    "telemetry_silent": _reports,
    "google_wallet_down": _runs,
    "wallet_sync_failures": _runs,
    "email_failures": _mails,
    "rate_limit_spike": _rejections,
    "high_churn": _snapshots,
    "low_enrollment": _snapshots,
}
