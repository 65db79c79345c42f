"""What GKE's logging agent makes of a line that a container prints: a LogEntry.

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
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal

Stream = Literal["stdout", "stderr"]

_SEVERITY_OF_STREAM: Mapping[Stream, str] = {"stdout": "INFO", "stderr": "ERROR"}
_MOVED = {
    "httpRequest": "httpRequest",
    "logging.googleapis.com/insertId": "insertId",
    "logging.googleapis.com/labels": "labels",
    "logging.googleapis.com/operation": "operation",
    "logging.googleapis.com/sourceLocation": "sourceLocation",
    "logging.googleapis.com/spanId": "spanId",
    "logging.googleapis.com/trace": "trace",
    "logging.googleapis.com/trace_sampled": "traceSampled",
}


def log_entry_from_line(
    line: str,
    *,
    printed_at: str,
    stream: Stream,
    resource: Mapping[str, Any],
    insert_id: str,
    message_alone: Literal["jsonPayload", "textPayload"] = "jsonPayload",
) -> dict[str, Any]:
    """The LogEntry, as `gcloud logging read --format=json` prints it, of one line without its line break.

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
    payload = _json_object(line)
    if payload is None:
        return entry | {"textPayload": line}
    entry["timestamp"] = _pop_time(payload) or printed_at
    entry["severity"] = str(payload.pop("severity", entry["severity"])).upper()
    for special, field in _MOVED.items():
        if value := payload.pop(special, None):
            entry[field] = value
    if "line" in entry.get("sourceLocation", {}):  # int64, which the API's JSON writes as a string
        entry["sourceLocation"]["line"] = str(entry["sourceLocation"]["line"])
    if message_alone == "textPayload" and payload.keys() == {"message"}:
        return entry | {"textPayload": payload["message"]}
    return entry | {"jsonPayload": payload}


def _json_object(line: str) -> dict[str, Any] | None:
    if not line.startswith("{"):
        return None
    try:
        value = json.loads(line)
    except json.JSONDecodeError:
        return None
    return value if isinstance(value, dict) else None


def _pop_time(payload: dict[str, Any]) -> str | None:
    """The line's own time, in the three notations that the page lists."""
    if isinstance(payload.get("time"), str):
        return str(payload.pop("time"))
    if isinstance(payload.get("timestamp"), dict):
        split = payload.pop("timestamp")
        return _rfc3339(split["seconds"], split["nanos"])
    if "timestampSeconds" in payload:
        return _rfc3339(payload.pop("timestampSeconds"), payload.pop("timestampNanos", 0))
    return None


def _rfc3339(seconds: int | str, nanos: int | str) -> str:
    return f"{datetime.fromtimestamp(int(seconds), UTC):%Y-%m-%dT%H:%M:%S}.{int(nanos):09d}Z"
