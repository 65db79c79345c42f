"""unknown-field: the API refuses fields that its message does not have.

Sources: https://protobuf.dev/programming-guides/json/ (unknown fields are refused) and the messages of Google's client
libraries, with what the REST API has beyond them, see api_reference.yaml
"""

from __future__ import annotations

from loyalty_monitoring.checks.lint.rule import Rule, said_by_the_reference

RULE = Rule(
    "unknown-field", "any", "error", "A field that the API does not have", said_by_the_reference("unknown-field")
)
