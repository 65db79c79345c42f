"""Cloud Monitoring's filters, as charts and threshold conditions have them: parsed, and as alternatives of terms."""

from loyalty_monitoring.query_languages.monitoring_filter.alternatives import Term, TooManyAlternatives, alternatives
from loyalty_monitoring.query_languages.monitoring_filter.parser import MonitoringFilterError, parse_monitoring_filter
from loyalty_monitoring.query_languages.monitoring_filter.syntax import (
    And,
    Comparison,
    Expression,
    Not,
    Or,
    Selection,
    Variable,
)

__all__ = [
    "And",
    "Comparison",
    "Expression",
    "MonitoringFilterError",
    "Not",
    "Or",
    "Selection",
    "Term",
    "TooManyAlternatives",
    "Variable",
    "alternatives",
    "parse_monitoring_filter",
]
