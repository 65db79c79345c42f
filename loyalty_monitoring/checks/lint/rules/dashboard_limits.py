"""dashboard-limits: what the reference says of the values of a dashboard's fields.

Source: https://docs.cloud.google.com/monitoring/api/ref_v3/rest/v1/projects.dashboards, see api_reference.yaml
"""

from __future__ import annotations

from loyalty_monitoring.checks.lint.rule import Rule, said_by_the_reference

RULE = Rule(
    "dashboard-limits",
    "dashboard",
    "error",
    "A field of a dashboard is otherwise than the API takes it",
    said_by_the_reference("dashboard-limits"),
)
