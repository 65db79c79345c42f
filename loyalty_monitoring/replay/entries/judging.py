"""SQL that judges whether a JSON value is a LogEntry.

It follows the reference, cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry:

- `timestamp` is an RFC 3339 string between the years 1 and 9999, with up to nine digits of a second, upper-case `T`,
  and `Z` or an offset (protobuf's Timestamp, which has no leap seconds);
- `resource.type` is a non-empty string, `resource.labels` and `labels`, where given, are objects;
- `severity`, where given, is one of the names of LogSeverity; without it the entry has DEFAULT;
- at most one of `textPayload` (a string), `jsonPayload` (an object) and `protoPayload` (an object).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from loyalty_monitoring.common.database import quoted
from loyalty_monitoring.query_languages.logging_filter import FieldPath
from loyalty_monitoring.replay.entries.fields import expression
from loyalty_monitoring.replay.entries.layout import INSTANT, Layout

# cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry#LogSeverity
SEVERITIES = ("DEFAULT", "DEBUG", "INFO", "NOTICE", "WARNING", "ERROR", "CRITICAL", "ALERT", "EMERGENCY")
_TIMESTAMP = (
    r'^"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?'
    r'(Z|[+-]([01]\d|2[0-3]):[0-5]\d)"$'
)
_YEAR_1, _YEAR_10000 = -62_135_596_800_000_000, 253_402_300_800_000_000  # microseconds since 1970
# Prometheus counts nanoseconds since 1970 in 64 bits in places, and times before 1970 confuse its ranges.
_YEAR_2262 = 9_214_646_400_000_000
EVALUABLE = (datetime(1970, 1, 1, tzinfo=UTC), datetime(2262, 1, 1, tzinfo=UTC))


def time_of(accessors: Mapping[FieldPath, str]) -> str:
    timestamp = expression(accessors, ("timestamp",))
    micros = f"epoch_us(TRY_CAST(substr({timestamp}, 2, length({timestamp}) - 2) AS TIMESTAMPTZ))"
    return f"CASE WHEN regexp_matches({timestamp}, {quoted(_TIMESTAMP)}) THEN make_timestamp({micros}) END"


def problem_of(layout: Layout, field: Callable[[FieldPath], str], type_of: Callable[[str], str]) -> str:
    """Return SQL for the reason why an object is no LogEntry; NULL when it is one."""
    timestamp, kind, labels = field(("timestamp",)), field(("resource", "type")), field(("resource", "labels"))
    severities = ", ".join(quoted(json.dumps(name)) for name in SEVERITIES)
    text, structured, proto = type_of("textPayload"), type_of("jsonPayload"), type_of("protoPayload")
    given = " + ".join(f"(({payload}) IS NOT NULL)::INTEGER" for payload in (text, structured, proto))

    def present(json_value: str) -> str:
        return f"nullif({json_value}, 'null')"

    years = (
        f"WHEN {INSTANT} < make_timestamp(0) OR {INSTANT} >= make_timestamp({_YEAR_2262}) "
        "THEN 'has a timestamp before 1970 or after 2261, where Prometheus evaluates nothing'"
    )
    return f"""CASE
        WHEN {present(timestamp)} IS NULL THEN 'has no timestamp'
        WHEN {INSTANT} IS NULL OR {INSTANT} < make_timestamp({_YEAR_1}) OR {INSTANT} >= make_timestamp({_YEAR_10000})
            THEN 'has a timestamp that is not RFC 3339'
        {years if layout.evaluable else ""}
        WHEN {present(kind)} IS NULL THEN 'has no resource.type'
        WHEN left({kind}, 1) <> '"' OR {kind} = '""' THEN 'has a resource.type that is not a name'
        WHEN left({present(labels)}, 1) <> '{{' THEN 'has resource.labels that are not an object'
        WHEN {present(field(("severity",)))} NOT IN ({severities}) THEN
            'has a severity that Cloud Logging does not know'
        WHEN ({type_of("labels")}) <> 'OBJECT' THEN 'has labels that are not an object'
        WHEN {given} > 1 THEN 'has more than one payload'
        WHEN ({text}) <> 'VARCHAR' THEN 'has a textPayload that is not a string'
        WHEN ({structured}) <> 'OBJECT' THEN 'has a jsonPayload that is not an object'
        WHEN ({proto}) <> 'OBJECT' THEN 'has a protoPayload that is not an object'
        END"""
