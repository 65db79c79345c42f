"""metric-limits: sizes of the name, the filter, the description, the labels and the buckets.

Source: https://docs.cloud.google.com/logging/docs/reference/v2/rest/v2/projects.metrics, see api_reference.yaml
"""

from __future__ import annotations

from loyalty_monitoring.checks.lint.rule import Rule, said_by_the_reference

RULE = Rule(
    "metric-limits",
    "log_metric",
    "error",
    "A log-based metric is larger than, or otherwise than, the Logging API takes it",
    said_by_the_reference("metric-limits"),
)
