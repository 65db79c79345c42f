"""A Log Analytics view in BigQuery: its name, and how a LogEntry's fields are read from its columns.

Source: the sample queries of docs.cloud.google.com/logging/docs/analyze/examples, which read these columns; there is no
list of all columns and types. docs/backtest.md says what is second-hand.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from loyalty_monitoring.common.errors import UserError
from loyalty_monitoring.query_languages.logging_filter import FieldPath

# cloud.google.com/resource-manager/docs/creating-managing-projects, cloud.google.com/bigquery/docs/datasets; a view of
# logs is named like `_AllLogs`.
_NAME = re.compile(
    r"(?P<project>(?:[a-z0-9.-]{1,63}:)?[a-z][a-z0-9-]{4,61}[a-z0-9])"
    r"\.(?P<dataset>[A-Za-z0-9_]{1,1024})\.(?P<view>[A-Za-z0-9_-]{1,1024})"
)

# Fields of LogEntry and the columns that hold them, below each of which a JSON column's keys follow.
_SCALARS: dict[FieldPath, str] = {
    ("logName",): "log_name",
    ("timestamp",): "timestamp",
    ("receiveTimestamp",): "receive_timestamp",
    ("severity",): "severity",
    ("insertId",): "insert_id",
    ("textPayload",): "text_payload",
    ("trace",): "trace",
    ("spanId",): "span_id",
    ("traceSampled",): "trace_sampled",
    ("resource", "type"): "resource.type",
    ("httpRequest", "requestMethod"): "http_request.request_method",
    ("httpRequest", "requestUrl"): "http_request.request_url",
    ("httpRequest", "requestSize"): "http_request.request_size",
    ("httpRequest", "status"): "http_request.status",
    ("httpRequest", "responseSize"): "http_request.response_size",
    ("httpRequest", "userAgent"): "http_request.user_agent",
    ("httpRequest", "remoteIp"): "http_request.remote_ip",
    ("httpRequest", "serverIp"): "http_request.server_ip",
    ("httpRequest", "referer"): "http_request.referer",
    ("httpRequest", "protocol"): "http_request.protocol",
    ("sourceLocation", "file"): "source_location.file",
    ("sourceLocation", "line"): "source_location.line",
    ("sourceLocation", "function"): "source_location.function",
}
_RESOURCE_LABELS: FieldPath = ("resource", "labels")
_JSON: dict[FieldPath, str] = {
    _RESOURCE_LABELS: "resource.labels",
    ("labels",): "labels",
    ("jsonPayload",): "json_payload",
}


@dataclass(frozen=True)
class View:
    """PROJECT.DATASET.VIEW, of a dataset that is linked to a log bucket."""

    project: str
    dataset: str
    view: str

    def __str__(self) -> str:
        return f"{self.project}.{self.dataset}.{self.view}"


def parse_view(text: str) -> View:
    """Parse PROJECT.DATASET.VIEW, whose parts can stand between backticks afterwards. Errors: UserError."""
    found = _NAME.fullmatch(text)
    if found is None:
        raise UserError(
            f"{text!r} is not the name of a view; write PROJECT.DATASET.VIEW, with the dataset that is linked to the "
            "log bucket, such as my-project.loyalty_logs._AllLogs"
        )
    return View(**found.groupdict())


def json_text(path: FieldPath) -> str:
    """Return GoogleSQL for the JSON text of a field, NULL where the entry has none, or null. Errors: UserError."""
    if (column := _SCALARS.get(path)) is not None:
        return f"NULLIF(TO_JSON_STRING({column}), 'null')"
    if path[:2] == _RESOURCE_LABELS and len(path) > 2:
        return f"JSON_QUERY(TO_JSON_STRING(resource.labels), {_literal(json_path(path[2:]))})"
    for length in range(len(path), 0, -1):
        if (column := _JSON.get(path[:length])) is not None:
            value = f"JSON_QUERY({column}, {_literal(json_path(path[length:]))})" if path[length:] else column
            # Of an absent value as well, TO_JSON_STRING writes null.
            return f"NULLIF(TO_JSON_STRING({value}), 'null')"
    raise UserError(f"a Log Analytics view is not read for the field {'.'.join(path) or '(any)'}")


def json_path(keys: Sequence[str]) -> str:
    """Return a JSONPath of GoogleSQL with quoted keys. Errors: UserError for keys that it cannot spell."""
    for key in keys:
        if '"' in key or "\\" in key:
            raise UserError(f"BigQuery cannot read a field whose name has a quote or a backslash: {key!r}")
    return "$" + "".join(f'."{key}"' for key in keys)


def _literal(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
