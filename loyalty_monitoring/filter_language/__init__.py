"""The Logging query language: parsed, checked, and compiled to SQL. What it supports: docs/filter-language.md."""

from loyalty_monitoring.filter_language.log_entry import FieldPath
from loyalty_monitoring.filter_language.parser import parse_field, parse_filter
from loyalty_monitoring.filter_language.sql import referenced_fields, to_sql
from loyalty_monitoring.filter_language.syntax import Filter
from loyalty_monitoring.filter_language.tokens import FilterError

__all__ = ["FieldPath", "Filter", "FilterError", "parse_field", "parse_filter", "referenced_fields", "to_sql"]
