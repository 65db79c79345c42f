"""absence-duration: data is called absent after whole minutes, 2 of them up to 23.5 hours.

Source: https://docs.cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies#metricabsence and
https://docs.cloud.google.com/monitoring/alerts/metric-absence (the maximum)
"""

from __future__ import annotations

from loyalty_monitoring.checks.lint.rule import Rule, said_by_the_reference

RULE = Rule(
    "absence-duration",
    "alert_policy",
    "error",
    "An absence condition waits shorter, longer or finer than Cloud Monitoring can",
    said_by_the_reference("absence-duration"),
)
