"""unknown-value: the API refuses names that the enumeration of a field does not have.

Source: https://protobuf.dev/programming-guides/json/ (enumerations are written by name or number)
"""

from __future__ import annotations

from loyalty_monitoring.checks.lint.rule import Rule, said_by_the_reference

RULE = Rule(
    "unknown-value",
    "any",
    "error",
    "A value that its enumeration does not have",
    said_by_the_reference("unknown-value"),
)
