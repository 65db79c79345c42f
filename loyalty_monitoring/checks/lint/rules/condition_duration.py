"""condition-duration: a condition must hold for whole minutes. Absence conditions have a rule of their own.

Sources: https://docs.cloud.google.com/monitoring/promql/create-promql-alerts-api (a number of minutes, in seconds) and
https://docs.cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies (thresholds and MQL)
"""

from __future__ import annotations

from loyalty_monitoring.checks.lint.rule import Rule, said_by_the_reference

RULE = Rule(
    "condition-duration",
    "alert_policy",
    "error",
    "A condition must hold for a time that is not whole minutes",
    said_by_the_reference("condition-duration"),
)
