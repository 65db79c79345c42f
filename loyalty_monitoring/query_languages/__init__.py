"""Parses and inspects the Logging query language, label extractors and PromQL; compiles filters to SQL."""
