"""condition-interval: PromQL is evaluated every 30 seconds, or at a multiple of that.

Source: https://docs.cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies
("a positive multiple of 30 seconds or missing"; missing is 30 seconds)
"""

from __future__ import annotations

from loyalty_monitoring.checks.lint.rule import Rule, said_by_the_reference

RULE = Rule(
    "condition-interval",
    "alert_policy",
    "error",
    "PromQL is evaluated at an interval that is not a multiple of 30 seconds",
    said_by_the_reference("condition-interval"),
)
