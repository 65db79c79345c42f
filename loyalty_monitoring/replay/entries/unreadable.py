"""Name what is no LogEntry but is known: the option or the command that makes LogEntry objects of it."""

from __future__ import annotations

import json
import re
from typing import Any

_YAML = re.compile(r"(---|- )?\s*[A-Za-z@][\w.@/-]*:(\s|$)|---\s*$")
# https://kubernetes.io/docs/concepts/cluster-administration/logging/, and Python's and Celery's own formats
# The prefixes are those of kubectl and docker compose: container_lines.py.
_LINE_OF_A_LOG = re.compile(
    r"(\x1b\[[0-9;]*m)*(\[pod/\S+\] |[A-Za-z0-9][\w.-]* *\| )"
    r"|\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d|(DEBUG|INFO|WARNING|ERROR|CRITICAL)[ :\[]"
)
_TIME_OF_BIGQUERY = re.compile(
    r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d([.]\d+)?( UTC|[+-]\d\d(:?\d\d)?)?$|\d+([.]\d+)?(E\d+)?$"
)

# docs.cloud.google.com/logging/docs/analyze/log-analytics-schema; .../logging/docs/export/bigquery
_COLUMNS_OF_BIGQUERY = {
    "json_payload", "text_payload", "proto_payload", "log_name", "insert_id", "receive_timestamp",
    "receiveTimestamp_", "protopayload_auditlog", "protopayload_requestlog",
}  # fmt: skip
# docs.cloud.google.com/logging/docs/structured-logging#structured_logging_special_fields
_STRUCTURED = re.compile(r"logging[.]googleapis[.]com/")
_OF_A_LINE = {"message", "msg", "severity", "level", "levelname", "log", "stream"}

_OF_AN_ENTRY = {"resource", "logName", "jsonPayload", "textPayload", "protoPayload"}

_READ = "read entries with `gcloud logging read --format=json`"
_IMPORT = f"`loyalty-monitoring import` makes an entry of it, as Cloud Logging does, or {_READ}"


def hint(line: str) -> str:
    """Return words to follow the reason, or none."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        if _YAML.match(line):
            return f" (YAML, as `gcloud logging read` prints by itself: {_READ})"
        if _LINE_OF_A_LOG.match(line):
            return f" (a line of a log: {_IMPORT})"
        return ""
    return _hint_of_object(value) if isinstance(value, dict) else ""


def _hint_of_object(value: dict[str, Any]) -> str:
    timestamp = value.get("timestamp")
    if value.keys() & _COLUMNS_OF_BIGQUERY or (isinstance(timestamp, str) and _TIME_OF_BIGQUERY.match(timestamp)):
        return f" (a row of BigQuery: `backtest --view` counts them where they are, or {_READ})"
    if isinstance(timestamp, dict):
        return " (a client library's object: write the time like 2026-11-07T03:00:00Z)"
    if not value.keys() & _OF_AN_ENTRY and (value.keys() & _OF_A_LINE or any(map(_STRUCTURED.match, value))):
        return f" (a line of a container's output: {_IMPORT})"
    if "conditions" in value or "filter" in value or "mosaicLayout" in value:
        return " (a definition: name files of log entries)"
    return ""
