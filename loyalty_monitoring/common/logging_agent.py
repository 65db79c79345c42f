"""Turn a line that a container prints into a LogEntry, as GKE's logging agent does.

Sources:
- https://cloud.google.com/logging/docs/structured-logging (the special JSON fields, and that the agent moves
  them out of the payload into the LogEntry's own fields)
- https://cloud.google.com/kubernetes-engine/docs/concepts/about-logs (one line is one entry; without a severity
  of its own a line on stdout is INFO, on stderr ERROR; log names `stdout` and `stderr`)
- https://cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry (the entry; fields at their default are
  not printed)
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any, Literal

Stream = Literal["stdout", "stderr"]

_SEVERITY_OF_STREAM: Mapping[Stream, str] = {"stdout": "INFO", "stderr": "ERROR"}
# The special field of a line -> the entry's field, and what it must be to be moved there.
_MOVED: Mapping[str, tuple[str, type]] = {
    "httpRequest": ("httpRequest", dict),
    "logging.googleapis.com/insertId": ("insertId", str),
    "logging.googleapis.com/labels": ("labels", dict),
    "logging.googleapis.com/operation": ("operation", dict),
    "logging.googleapis.com/sourceLocation": ("sourceLocation", dict),
    "logging.googleapis.com/spanId": ("spanId", str),
    "logging.googleapis.com/trace": ("trace", str),
    "logging.googleapis.com/trace_sampled": ("traceSampled", bool),
}
# Dates and times that RFC 3339 has; whether the month has the day is asked of `date`.
_RFC_3339 = re.compile(r"(\d{4}-\d\d-\d\d)T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)")


def _refuse(number: str) -> None:
    raise ValueError(f"{number} is no number that JSON can write again")


def _number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        _refuse(text)
    return value


_DECODER = json.JSONDecoder(parse_constant=_refuse, parse_float=_number)


def log_entry_from_line(
    line: str,
    *,
    printed_at: str,
    stream: Stream,
    resource: Mapping[str, Any],
    insert_id: str,
    message_alone: Literal["jsonPayload", "textPayload"] = "jsonPayload",
) -> dict[str, Any]:
    """Return the LogEntry, as `gcloud logging read --format=json` prints it, of one line without its line break.

    `printed_at` (RFC 3339) is when the container runtime took the line: the entry's timestamp unless the line
    says `time`, `timestamp` or `timestampSeconds`. StructuredLogHandler says none of them.
    `resource` is the monitored resource (`type`, `labels`) of the container; its `project_id` names the log.

    A line that is no JSON object becomes `textPayload`. Of one whose only field, once the special ones are
    moved, is `message` (Celery's own lines through StructuredLogHandler), the page says that it becomes
    `textPayload` unless the agent detects JSON, while the log contract has `jsonPayload.message`;
    `message_alone` chooses, so that definitions can be tried with both.
    """
    entry: dict[str, Any] = {
        "timestamp": printed_at,
        "severity": _SEVERITY_OF_STREAM[stream],
        "insertId": insert_id,
        "logName": f"projects/{resource['labels']['project_id']}/logs/{stream}",
        "resource": resource,
    }
    payload = json_object(line)
    if payload is None:
        return entry | {"textPayload": line}
    entry["timestamp"] = _pop_time(payload) or printed_at
    entry["severity"] = str(payload.pop("severity", entry["severity"])).upper()
    for special, (field, kind) in _MOVED.items():
        value = payload.get(special)
        if value is None or isinstance(value, kind):
            payload.pop(special, None)
            if value:
                entry[field] = value
    if "line" in entry.get("sourceLocation", {}):  # int64, which the API's JSON writes as a string
        entry["sourceLocation"]["line"] = str(entry["sourceLocation"]["line"])
    if message_alone == "textPayload" and payload.keys() == {"message"}:
        return entry | {"textPayload": payload["message"]}
    return entry | {"jsonPayload": payload}


def is_rfc3339(text: str) -> bool:
    """Return whether Cloud Logging takes the text for a timestamp."""
    found = _RFC_3339.fullmatch(text)
    if found is None:
        return False
    try:
        return bool(date.fromisoformat(found[1]))
    except ValueError:
        return False


def json_object(line: str) -> dict[str, Any] | None:
    """Return the JSON object that a line is, or None."""
    if not line.startswith("{"):
        return None
    try:
        value = _DECODER.decode(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def own_time(payload: Mapping[str, Any]) -> str | None:
    """Return the line's own time as RFC 3339, in the three notations that the page lists, or None."""
    return _time_and_keys(payload)[0]


def _pop_time(payload: dict[str, Any]) -> str | None:
    """Take the line's own time out of it."""
    found, keys = _time_and_keys(payload)
    for key in keys:
        payload.pop(key, None)
    return found


def _time_and_keys(payload: Mapping[str, Any]) -> tuple[str | None, tuple[str, ...]]:
    time, timestamp = payload.get("time"), payload.get("timestamp")
    if isinstance(time, str) and is_rfc3339(time):
        return time, ("time",)
    if isinstance(timestamp, dict) and (found := _rfc3339(timestamp.get("seconds"), timestamp.get("nanos", 0))):
        return found, ("timestamp",)
    found = _rfc3339(payload.get("timestampSeconds"), payload.get("timestampNanos", 0))
    return found, ("timestampSeconds", "timestampNanos") if found else ()


def _rfc3339(seconds: Any, nanos: Any) -> str | None:
    try:
        at, fraction = datetime.fromtimestamp(int(seconds), UTC), int(nanos)
    except (TypeError, ValueError, OverflowError, OSError):
        return None
    return f"{at:%Y-%m-%dT%H:%M:%S}.{fraction:09d}Z" if 0 <= fraction < 10**9 else None
