"""Label and value extractors of log-based metrics, as SQL.

cloud.google.com/logging/docs/reference/v2/rest/v2/projects.metrics: `EXTRACT(field)` or
`REGEXP_EXTRACT(field, "regex")` with one group. A label that cannot be extracted is "", 0 or false by its type; an
entry whose value cannot be extracted adds no point.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from loyalty_monitoring.common.database import quoted
from loyalty_monitoring.common.errors import UserError
from loyalty_monitoring.query_languages.logging_filter import FieldPath, parse_field

# cloud.google.com/logging/docs/logs-based-metrics/labels: "Only the first 1,024 characters of a label value are kept."
LABEL_CHARACTERS = 1024

_EXTRACT = re.compile(r"\s*EXTRACT\(\s*(?P<field>.+?)\s*\)\s*", re.DOTALL)
_REGEXP_EXTRACT = re.compile(
    r"\s*REGEXP_EXTRACT\(\s*(?P<field>.+?)\s*,\s*(?:\"(?P<double>(?:\\.|[^\"\\])*)\"|'(?P<single>(?:\\.|[^'\\])*)')\s*\)\s*",
    re.DOTALL,
)
_NUMBER = r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?"


@dataclass(frozen=True)
class Extractor:
    """`pattern` is None for EXTRACT: the whole field."""

    field: FieldPath
    pattern: str | None


def parse_extractor(text: str) -> Extractor:
    """Parse a label or value extractor. Errors: UserError when it is neither of the two forms."""
    if found := _REGEXP_EXTRACT.fullmatch(text):
        pattern = found["double"].replace('\\"', '"') if found["double"] is not None else found["single"]
        groups = re.findall(r"(?:\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\((?!\?(?!P?<)))", pattern)
        if sum(group == "(" for group in groups) != 1:
            raise UserError(f"the extractor {text!r} needs exactly one group; write (?:...) for the others")
        return Extractor(parse_field(found["field"]), pattern)
    if found := _EXTRACT.fullmatch(text):
        return Extractor(parse_field(found["field"]), None)
    raise UserError(f'the extractor {text!r} is not known; write EXTRACT(field) or REGEXP_EXTRACT(field, "regex")')


def label_sql(extractor: Extractor | None, value_type: str, column: Callable[[FieldPath], str]) -> str:
    """Return a label's value as text, never NULL."""
    text = _extracted(extractor, column) if extractor else "NULL"
    match value_type:
        case "INT64":
            digits = f"CASE WHEN regexp_full_match({text}, '[+-]?\\d+') THEN {text} END"
            return f"coalesce(TRY_CAST({digits} AS BIGINT), 0)::VARCHAR"
        case "BOOL":
            return f"CASE WHEN lower({text}) = 'true' THEN 'true' ELSE 'false' END"
        case _:
            return f"coalesce(left({text}, {LABEL_CHARACTERS}), '')"


def value_sql(extractor: Extractor, column: Callable[[FieldPath], str]) -> str:
    """Return a value as DOUBLE, NULL where there is none: a finite JSON number, or a string that spells one."""
    text = _extracted(extractor, column)
    number = f"TRY_CAST(CASE WHEN regexp_full_match({text}, '{_NUMBER}') THEN {text} END AS DOUBLE)"
    if extractor.pattern is None:
        # What begins like a number in JSON is one, and needs no look at its other characters.
        json_value = f"{column(extractor.field)}::VARCHAR"
        is_number = f"{json_value} >= '-' AND {json_value} < ':'"
        number = f"CASE WHEN {is_number} THEN TRY_CAST({json_value} AS DOUBLE) ELSE {number} END"
    return f"CASE WHEN isfinite({number}) THEN {number} END"


def _extracted(extractor: Extractor, column: Callable[[FieldPath], str]) -> str:
    json_value = column(extractor.field)
    if extractor.field == ("severity",):
        # cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry: "The default value is LogSeverity.DEFAULT."
        json_value = f"""coalesce(nullif({json_value}, 'null'), '"DEFAULT"')"""
    # Most strings hold no escape: taking off their quotes is quicker than parsing them. The numbers of a Struct are
    # doubles, so 1.0 is 1.
    text = f"""(CASE left({json_value}, 1)
        WHEN '"' THEN CASE WHEN contains({json_value}, '\\') THEN {json_value}->>'$'
            ELSE ({json_value}::VARCHAR)[2:-2] END
        WHEN '{{' THEN NULL WHEN '[' THEN NULL WHEN 'n' THEN NULL
        ELSE regexp_replace({json_value}::VARCHAR, '^(-?\\d+)\\.0+$', '\\1') END)"""
    if extractor.pattern is None:
        return text
    # An optional group that took no part and no match are both '', which no label or value tells from failure.
    return f"regexp_extract({text}, {quoted(extractor.pattern)}, 1)"
