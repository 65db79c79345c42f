"""The Logging query language: parsed, checked, and compiled to SQL. What it supports: docs/filter-language.md."""

from loyalty_monitoring.query_languages.logging_filter.log_entry import FieldPath
from loyalty_monitoring.query_languages.logging_filter.parser import parse_field, parse_filter
from loyalty_monitoring.query_languages.logging_filter.proto_types import known_messages
from loyalty_monitoring.query_languages.logging_filter.sql import referenced_fields, to_sql, undecided, value_of
from loyalty_monitoring.query_languages.logging_filter.syntax import Filter
from loyalty_monitoring.query_languages.logging_filter.tokens import FilterError, NeverMatches, NotSupported

__all__ = [
    "FieldPath",
    "Filter",
    "FilterError",
    "NeverMatches",
    "NotSupported",
    "known_messages",
    "parse_field",
    "parse_filter",
    "referenced_fields",
    "to_sql",
    "undecided",
    "value_of",
]
