"""The fields of a LogEntry and their types, from its reference.

cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry (and MonitoredResource, HttpRequest). The language
converts a value to the type of the field that it is compared with.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum

from loyalty_monitoring.common.errors import nearest

FieldPath = tuple[str, ...]
ENTRY: FieldPath = ()


class Kind(Enum):
    """The type of a field. DYNAMIC is a JSON value below jsonPayload and the like: its type is the value's own."""

    TEXT = "text"
    INT32 = "a 32-bit integer"
    INT64 = "a 64-bit integer"
    NUMBER = "a number"
    BOOLEAN = "true or false"
    SEVERITY = "a severity"
    TIME = "a time"
    DURATION = "a duration"
    ENUM = "a name of an enumeration"
    OBJECT = "an object"
    DYNAMIC = "any JSON value"


# google.logging.type.LogSeverity; the order is that of its numbers.
SEVERITIES = ("DEFAULT", "DEBUG", "INFO", "NOTICE", "WARNING", "ERROR", "CRITICAL", "ALERT", "EMERGENCY")

# What a field that LogEntry defines is taken to be where an entry leaves it out ("defaulted" in the documentation), as
# JSON. Fields below jsonPayload, protoPayload and in labels have none: they are missing.
DEFAULTS = {
    Kind.TEXT: '""',
    Kind.INT32: "0",
    Kind.INT64: "0",
    Kind.BOOLEAN: "false",
    Kind.SEVERITY: '"DEFAULT"',
    Kind.TIME: '"1970-01-01T00:00:00Z"',
    Kind.DURATION: '"0s"',
}

Fields = Mapping[str, "Kind | Fields | _Open"]


class _Open(Enum):
    """Objects whose keys the log's writer chooses."""

    LABELS = "text by key"
    JSON = "JSON by key"
    PROTO = "a protocol buffer whose type each entry tells"


_APP = {"id": Kind.TEXT, "environmentType": Kind.TEXT, "criticalityType": Kind.TEXT}
_APPHUB: Fields = {
    "application": {"container": Kind.TEXT, "location": Kind.TEXT, "id": Kind.TEXT},
    "service": _APP,
    "workload": _APP,
}
FIELDS: Fields = {
    "logName": Kind.TEXT,
    "resource": {"type": Kind.TEXT, "labels": _Open.LABELS},
    "timestamp": Kind.TIME,
    "receiveTimestamp": Kind.TIME,
    "severity": Kind.SEVERITY,
    "insertId": Kind.TEXT,
    "httpRequest": {
        "requestMethod": Kind.TEXT,
        "requestUrl": Kind.TEXT,
        "requestSize": Kind.INT64,
        "status": Kind.INT32,
        "responseSize": Kind.INT64,
        "userAgent": Kind.TEXT,
        "remoteIp": Kind.TEXT,
        "serverIp": Kind.TEXT,
        "referer": Kind.TEXT,
        "latency": Kind.DURATION,
        "cacheLookup": Kind.BOOLEAN,
        "cacheHit": Kind.BOOLEAN,
        "cacheValidatedWithOriginServer": Kind.BOOLEAN,
        "cacheFillBytes": Kind.INT64,
        "protocol": Kind.TEXT,
    },
    "labels": _Open.LABELS,
    "metadata": {"systemLabels": _Open.JSON, "userLabels": _Open.LABELS},
    "operation": {
        "id": Kind.TEXT,
        "producer": Kind.TEXT,
        "first": Kind.BOOLEAN,
        "last": Kind.BOOLEAN,
    },
    "trace": Kind.TEXT,
    "spanId": Kind.TEXT,
    "traceSampled": Kind.BOOLEAN,
    "sourceLocation": {"file": Kind.TEXT, "line": Kind.INT64, "function": Kind.TEXT},
    "split": {"uid": Kind.TEXT, "index": Kind.INT32, "totalSplits": Kind.INT32},
    "errorGroups": _Open.JSON,
    "apphub": _APPHUB,
    "apphubSource": _APPHUB,
    "apphubDestination": _APPHUB,
    "textPayload": Kind.TEXT,
    "jsonPayload": _Open.JSON,
    "protoPayload": _Open.PROTO,
}


def resolved(path: FieldPath) -> FieldPath:
    """Return the path with LogEntry's own names as JSON has them.

    Letter case is ignored in protocol buffer fields, and http_request is httpRequest: protobuf knows both names.

    Errors: KeyError with a text that names what is wrong.
    """
    found: list[str] = []
    level: Fields | Kind | _Open = FIELDS
    for key in path:
        here = ".".join(found)
        if isinstance(level, Kind):
            raise KeyError(f"{here} is {level.value} and has no field {key!r}; compare {here} itself")
        if isinstance(level, _Open):
            if level is _Open.LABELS and kind_of(tuple(found)) is Kind.TEXT:
                raise KeyError(
                    f"the label {here} is text and has no field {key!r}; a key with a dot stands in quotes: "
                    f'{".".join(found[:-1])}."{found[-1]}.{key}"'
                )
            found.append(key)
            continue
        name = next((name for name in level if key.casefold() in (name.casefold(), _proto_name(name))), None)
        if name is None:
            raise KeyError(f"{here or 'a LogEntry'} has no field {key!r}{nearest(key, set(level))}")
        found.append(name)
        level = level[name]
    return tuple(found)


def _proto_name(name: str) -> str:
    """Return the name of a field in its .proto file: http_request for httpRequest."""
    return re.sub(r"[A-Z]", lambda found: "_" + found[0].lower(), name)


def kind_of(path: FieldPath) -> Kind:
    """Return the type of a field of a resolved path."""
    level: Fields | Kind | _Open = FIELDS
    for depth, key in enumerate(path):
        if level is _Open.LABELS:
            return Kind.TEXT
        if isinstance(level, _Open):
            return Kind.DYNAMIC
        if isinstance(level, Kind):
            raise KeyError(path[: depth + 1])
        level = level[key]
    return level if isinstance(level, Kind) else Kind.OBJECT


def has_default(path: FieldPath) -> bool:
    """Return whether a field that an entry leaves out has its default value, rather than being missing."""
    level: Fields | Kind | _Open = FIELDS
    for key in path:
        if not isinstance(level, Mapping):
            return False
        level = level[key]
    return isinstance(level, Kind)
