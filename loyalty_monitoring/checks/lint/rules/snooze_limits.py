"""snooze-limits: at most 16 policies, and a name of at most 512 characters.

Source: https://docs.cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.snoozes, see api_reference.yaml
"""

from __future__ import annotations

from loyalty_monitoring.checks.lint.rule import Rule, said_by_the_reference

RULE = Rule(
    "snooze-limits",
    "snooze",
    "error",
    "A snooze is larger than the API takes it",
    said_by_the_reference("snooze-limits"),
)
