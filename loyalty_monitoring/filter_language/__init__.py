"""The Logging query language: parsed, checked, and compiled to SQL. What it supports: docs/filter-language.md."""

from loyalty_monitoring.filter_language.parser import FilterError, parse_field, parse_filter, referenced_fields
from loyalty_monitoring.filter_language.sql import to_sql
from loyalty_monitoring.filter_language.syntax import FieldPath, Filter

__all__ = ["FieldPath", "Filter", "FilterError", "parse_field", "parse_filter", "referenced_fields", "to_sql"]
