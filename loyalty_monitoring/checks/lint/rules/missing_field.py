"""missing-field: what the reference of the API marks as required is there, and not empty.

Source: the references that api_reference.yaml names for each message
"""

from __future__ import annotations

from loyalty_monitoring.checks.lint.rule import Rule, said_by_the_reference

RULE = Rule(
    "missing-field", "any", "error", "A field that the API requires is missing", said_by_the_reference("missing-field")
)
