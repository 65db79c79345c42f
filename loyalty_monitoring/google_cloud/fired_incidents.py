"""Read the incidents that Cloud Monitoring really opened: violation logs, the Alerts API, notifications.

None of the three is described completely, so each field is taken where it stands and missed where it does not.

- Violation logs: `log_id("monitoring.googleapis.com/ViolationOpenEventv1")` and `...ViolationAutoResolveEventv1`; all
  is in the entry's labels. No page describes them; github.com/kubernetes-sigs/kueue/issues/3956 shows some.
- Alerts: docs.cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alerts, a preview. `gcloud monitoring alerts list
  --format=json` prints the same objects.
- Notifications of webhooks and Pub/Sub, version 1.2:
  docs.cloud.google.com/monitoring/support/notification-options#webhooks
- Snoozes: docs.cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.snoozes
"""

from __future__ import annotations

import base64
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from loyalty_monitoring.common.errors import Position, UserError

OPEN_LOG = "monitoring.googleapis.com/ViolationOpenEventv1"
RESOLVE_LOG = "monitoring.googleapis.com/ViolationAutoResolveEventv1"
VIOLATION_FILTER = f'log_id("{OPEN_LOG}") OR log_id("{RESOLVE_LOG}")'

LARGEST_FILE = 256 * 2**20  # bytes; 13 months of alerts of a busy project are far below
_LONGEST_MESSAGE = 4_096  # characters of a violation's message that are looked into
_SAME = timedelta(minutes=2)  # of one incident in two sources that do not share its id
_LABELS = re.compile(r"\{([^{}]*)\}")
_LABEL = re.compile(r'([A-Za-z_][A-Za-z0-9_.]*)="?(.*?)"?(?=,\s*[A-Za-z_][A-Za-z0-9_.]*=|$)', re.DOTALL)
_VALUE = re.compile(r"\bvalue of (-?(?:\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|[Ii]nf(?:inity)?|NaN))")
_HEAD = 16_384  # characters that tell what a file holds
_OF_ENTRIES = re.compile(r'"(?:logName|insertId|textPayload|jsonPayload|protoPayload|timestamp)"\s*:')
_OF_INCIDENTS = re.compile(r'"(?:alerts|openTime|incident|snoozes|criteria)"\s*:')
_LAST = datetime.max.replace(tzinfo=UTC)
_FIRST_YEAR, _LAST_YEAR = 0, 32_503_680_000  # unix seconds of 1970 and 3000


@dataclass(frozen=True)
class FiredIncident:
    """An incident that was opened. What its source does not say is "" or None.

    `id` is that of the incident or alert, `policy_id` the last part of the policy's resource name, `title` its display
    name when the incident opened. `labels` are None where the source names none. `opened` is None when only the closing
    is known, `closed` None while the incident is open, or where that is not known.
    """

    id: str
    policy_id: str
    title: str
    labels: Mapping[str, str] | None
    opened: datetime | None
    closed: datetime | None
    value: float | None = None
    user_labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Snooze:
    """Policies (the last parts of their names) that opened no incident for a while."""

    name: str
    policy_ids: frozenset[str]
    begins: datetime
    ends: datetime


@dataclass(frozen=True)
class Fired:
    """The incidents of a project. `snoozes` are evidence where something did not fire."""

    incidents: tuple[FiredIncident, ...] = ()
    snoozes: tuple[Snooze, ...] = ()

    def __add__(self, other: Fired) -> Fired:
        return Fired(together(self.incidents, other.incidents), (*self.snoozes, *other.snoozes))


def from_violations(labels_of_entries: Iterable[Mapping[str, str]]) -> tuple[FiredIncident, ...]:
    """Join openings and closings by `violation_id`. One mapping an entry: the labels of the LogEntry."""
    opened: dict[str, FiredIncident] = {}
    closed: dict[str, FiredIncident] = {}
    for number, labels in enumerate(labels_of_entries):
        key = labels.get("violation_id") or f"entry {number}"
        message = labels.get("verbose_message") or labels.get("terse_message") or ""
        one = FiredIncident(
            id=labels.get("violation_id", ""),
            policy_id=last_part(labels.get("policy_id", "")),
            title=labels.get("policy_display_name", ""),
            labels=labels_in(message),
            opened=_instant(labels.get("started_at")),
            closed=_instant(labels.get("resolved_at")),
            value=value_in(message),
        )
        if one.closed is None:
            opened.setdefault(key, one)
        else:
            closed.setdefault(key, one)
    joined = [_with_end(one, closed.pop(key, None)) for key, one in opened.items()]
    # Of what opened before the export begins, only the end is known; its value is that of the end.
    return one_each([*joined, *(replace(one, opened=None, value=None) for one in closed.values())])


def from_alerts(alerts: Iterable[Any]) -> tuple[FiredIncident, ...]:
    """Return alerts as the API's JSON. What is no object is passed over."""
    found = []
    for alert in alerts:
        if not isinstance(alert, dict):
            continue
        policy, metric, resource = (_object(alert.get(key)) for key in ("policy", "metric", "resource"))
        labels = _texts(resource.get("labels")) | _texts(metric.get("labels"))
        found.append(
            FiredIncident(
                id=last_part(_text(alert.get("name"))),
                policy_id=last_part(_text(policy.get("name"))),
                title=_text(policy.get("displayName")),
                labels=labels if metric or resource else None,
                opened=_instant(alert.get("openTime")),
                closed=_instant(alert.get("closeTime")),
                user_labels=_texts(policy.get("userLabels")),
            )
        )
    return one_each(found)


def from_notifications(notifications: Iterable[Any]) -> tuple[FiredIncident, ...]:
    """Read notifications as their JSON; an incident has one when it opens and one when it closes."""
    found: dict[str, FiredIncident] = {}
    for number, notification in enumerate(notifications):
        incident = _object(_object(notification).get("incident"))
        metric, resource = _object(incident.get("metric")), _object(incident.get("resource"))
        condition = _text(_object(incident.get("condition")).get("name"))
        policy = re.search(r"alertPolicies/([^/]+)", condition)
        one = FiredIncident(
            id=_text(incident.get("incident_id")),
            policy_id=policy[1] if policy else "",
            title=_text(incident.get("policy_name")),
            labels=(_texts(resource.get("labels")) | _texts(metric.get("labels"))) if metric or resource else None,
            opened=_instant(incident.get("started_at")),
            closed=_instant(incident.get("ended_at")),
            value=_number(incident.get("observed_value")),
            user_labels=_texts(incident.get("policy_user_labels")),
        )
        key = one.id or f"notification {number}"
        before = found.get(key)
        # The value that counts is that of the opening.
        found[key] = (
            one if before is None else _with_end(*sorted((before, one), key=lambda each: each.closed is not None))
        )
    return one_each(found.values())


def from_snoozes(snoozes: Iterable[Any]) -> tuple[Snooze, ...]:
    """Read snoozes as the API's JSON; one without an interval is passed over."""
    found = []
    for snooze in map(_object, snoozes):
        interval, criteria = _object(snooze.get("interval")), _object(snooze.get("criteria"))
        begins, ends = _instant(interval.get("startTime")), _instant(interval.get("endTime"))
        policies = criteria.get("policies")
        if begins is not None and ends is not None and isinstance(policies, list):
            ids = frozenset(last_part(policy) for policy in policies if isinstance(policy, str))
            found.append(Snooze(_text(snooze.get("displayName")), ids, begins, ends))
    return tuple(found)


def read_incident_files(files: Sequence[Path]) -> Fired:
    """Read files of alerts, notifications or snoozes, told apart by their fields. Errors: UserError with the file."""
    found = Fired()
    for file in files:
        alerts, notifications, snoozes = [], [], []
        for value in _values(file):
            match value:
                case {"incident": dict()}:
                    notifications.append(value)
                case {"criteria": dict(), "interval": dict()}:
                    snoozes.append(value)
                case {"policy": dict()} | {"openTime": str()}:
                    alerts.append(value)
                case _:
                    raise UserError(
                        "holds something else than incidents; expected the answer of the Alerts API, what `gcloud "
                        "monitoring alerts list --format=json` prints, or notifications of version 1.2, one a line",
                        Position(file),
                    )
        found += Fired(from_alerts(alerts) + from_notifications(notifications), from_snoozes(snoozes))
    return found


def holds_incidents(file: Path) -> bool:
    """Return whether a file has alerts, notifications or snoozes rather than log entries, by the names at its
    beginning.
    """
    try:
        with file.open(encoding="utf-8", errors="replace") as opened:
            head = opened.read(_HEAD)
    except OSError:
        return False
    return _OF_ENTRIES.search(head) is None and _OF_INCIDENTS.search(head) is not None


def read_stack_outputs(file: Path) -> dict[str, str]:
    """Map the ids of alert policies to the names of their definitions, from `pulumi stack output --json`.

    Errors: UserError.
    """
    for value in _values(file):
        policies = value.get("alert_policies") if isinstance(value, dict) else None
        if isinstance(policies, dict):
            return {
                last_part(_text(resource)): name for name, resource in policies.items() if last_part(_text(resource))
            }
    raise UserError("has no alert_policies; write it with: pulumi stack output --json", Position(file))


def one_each(incidents: Iterable[FiredIncident]) -> tuple[FiredIncident, ...]:
    """Return the incidents of one source, each id once, in the order of their opening."""
    by_id: dict[str, FiredIncident] = {}
    for number, one in enumerate(incidents):
        key = one.id or f" {number}"
        by_id[key] = _merged(by_id[key], one) if key in by_id else one
    return _in_order(by_id.values())


def together(some: Sequence[FiredIncident], others: Sequence[FiredIncident]) -> tuple[FiredIncident, ...]:
    """Return the incidents of two sources, each once, in the order of their opening.

    An incident of both has one id, or else (that all sources give one incident one id is not documented) one policy,
    labels that do not contradict each other, and openings at most two minutes apart: a policy never opens two incidents
    of one label set within that.
    """
    found = dict(enumerate(some))
    left = set(found)
    by_id = {one.id: place for place, one in found.items() if one.id}
    by_minute: dict[int, list[int]] = {}
    for place, one in found.items():
        by_minute.setdefault(_minute(one), []).append(place)
    for one in others:
        number: int | None = by_id.get(one.id)
        if number is None or number not in left:
            minute = _minute(one)
            near = [each for at in range(minute - 3, minute + 4) for each in by_minute.get(at, ()) if each in left]
            number = next((each for each in near if _is_same(one, found[each])), None)
        if number is None:
            found[len(found)] = one
        else:
            left.discard(number)
            found[number] = _merged(found[number], one)
    return _in_order(found.values())


def was_open(incident: FiredIncident, start: datetime, end: datetime) -> bool:
    """Return whether the incident was open at some time from `start` to `end`, as far as is known."""
    opened_in_time = incident.opened is None or incident.opened <= end
    return opened_in_time and (incident.closed is None or incident.closed >= start)


def labels_in(message: str) -> dict[str, str] | None:
    """Return the labels that a violation's message names, as in "with metric labels {platform=google}"; None without
    any.
    """
    groups = _LABELS.findall(message[:_LONGEST_MESSAGE])
    return {key: value.strip() for group in groups for key, value in _LABEL.findall(group)} if groups else None


def value_in(message: str) -> float | None:
    """Return the value in a violation's message, such as "above the threshold of 1.000 with a value of 2.000."."""
    found = _VALUE.search(message[:_LONGEST_MESSAGE])
    return float(found[1]) if found else None


def last_part(name: str) -> str:
    """Return the last part of a resource's name, or all of it."""
    return name.rpartition("/")[2]


def _values(file: Path) -> Iterator[Any]:
    """Yield the JSON values of a file: its lines, or what stands in one array or in one page of an answer."""
    try:
        if file.stat().st_size > LARGEST_FILE:
            raise UserError(f"is larger than {LARGEST_FILE // 2**20} MiB; name a file of fewer days", Position(file))
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise UserError(f"cannot be read ({error.strerror}); check its name and rights", Position(file)) from error
    except UnicodeDecodeError as error:
        raise UserError("is not UTF-8 text; save it as UTF-8", Position(file)) from error
    decoder, position = json.JSONDecoder(), 0
    while position < len(text):
        if text[position].isspace():
            position += 1
            continue
        try:
            value, position = decoder.raw_decode(text, position)
        except (ValueError, RecursionError) as error:
            line = text.count("\n", 0, position) + 1
            raise UserError(
                "is not JSON from here on; write one object a line, or one array", Position(file, line)
            ) from error
        yield from _unpacked(value)


def _unpacked(value: Any) -> Iterator[Any]:
    match value:
        case list():
            for item in value:
                yield from _unpacked(item)
        case {"alerts": list() as inner} | {"snoozes": list() as inner}:
            yield from inner
        # A page without results has only this, or nothing.
        case dict() if value.keys() <= {"totalSize", "nextPageToken"}:
            return
        case {"message": {"data": str() as data}}:
            # What a Pub/Sub push subscription delivers: cloud.google.com/pubsub/docs/push#receive_push
            try:
                yield json.loads(base64.b64decode(data))
            except (ValueError, RecursionError):
                yield value
        case _:
            yield value


def _in_order(incidents: Iterable[FiredIncident]) -> tuple[FiredIncident, ...]:
    return tuple(sorted(incidents, key=lambda one: (one.opened or one.closed or _LAST, one.id)))


def _minute(one: FiredIncident) -> int:
    return int((one.opened or one.closed or _LAST).timestamp()) // 60


def _is_same(one: FiredIncident, other: FiredIncident) -> bool:
    same_policy = one.policy_id == other.policy_id if one.policy_id and other.policy_id else one.title == other.title
    if not same_policy or one.opened is None or other.opened is None or abs(one.opened - other.opened) > _SAME:
        return False
    if one.labels is None or other.labels is None:
        return True
    return all(other.labels[key] == value for key, value in one.labels.items() if key in other.labels)


def _merged(one: FiredIncident, other: FiredIncident) -> FiredIncident:
    return FiredIncident(
        id=one.id or other.id,
        policy_id=one.policy_id or other.policy_id,
        title=one.title or other.title,
        labels=one.labels if other.labels is None else {**other.labels, **(one.labels or {})},
        opened=one.opened or other.opened,
        closed=one.closed or other.closed,
        value=other.value if one.value is None else one.value,
        user_labels={**other.user_labels, **one.user_labels},
    )


def _with_end(opening: FiredIncident, closing: FiredIncident | None) -> FiredIncident:
    return opening if closing is None else _merged(opening, closing)


def _instant(value: Any) -> datetime | None:
    """Return Unix seconds as number or text, or an RFC 3339 time. 0 and what is no time of 1970 to 3000 is None."""
    number = _number(value)
    if number is not None:
        return datetime.fromtimestamp(number, UTC) if _FIRST_YEAR < number < _LAST_YEAR else None
    try:
        # Nine digits of a second, as protobuf writes them, are more than Python takes.
        instant = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", value)) if isinstance(value, str) else None
    except ValueError:
        return None
    return instant and (instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC))


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _texts(value: Any) -> dict[str, str]:
    return {key: item for key, item in _object(value).items() if isinstance(item, str)}
