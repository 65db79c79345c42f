"""wrong-type: a number where a text belongs, a duration without s, an object in place of a list.

Source: https://protobuf.dev/programming-guides/json/
"""

from __future__ import annotations

from loyalty_monitoring.checks.lint.rule import Rule, said_by_the_reference

RULE = Rule(
    "wrong-type", "any", "error", "A value of another type than its field has", said_by_the_reference("wrong-type")
)
