"""exclusive-fields: of alternatives, such as two layouts or two types of a condition, the API takes one.

Source: https://protobuf.dev/programming-guides/json/ and the union fields of the references
"""

from __future__ import annotations

from loyalty_monitoring.checks.lint.rule import Rule, said_by_the_reference

RULE = Rule(
    "exclusive-fields",
    "any",
    "error",
    "Two fields of which the API takes one",
    said_by_the_reference("exclusive-fields"),
)
