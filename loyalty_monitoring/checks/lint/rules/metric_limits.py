"""metric-limits: sizes of the name, the filter, the description, the labels and the buckets.

Source: https://docs.cloud.google.com/logging/docs/reference/v2/rest/v2/projects.metrics, see api_reference.yaml
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource, Rule, said_by_the_reference

_BUCKETS = ("bucketOptions", "exponentialBuckets")
_said = said_by_the_reference("metric-limits")


def check(metric: Resource, project: Project) -> Iterator[Problem]:
    yield from _said(metric, project)
    match metric.body.get("bucketOptions"):
        case {
            "exponentialBuckets": {
                "numFiniteBuckets": int(number),
                "growthFactor": int() | float() as growth,
                "scale": int() | float() as scale,
            }
        } if number > 0 and growth > 0 and not _is_finite(scale, growth, number):
            yield Problem(_BUCKETS, "has bounds beyond any number", "take a smaller growthFactor, or fewer buckets")


def _is_finite(scale: float, growth: float, number: int) -> bool:
    try:
        return math.isfinite(float(scale) * float(growth) ** number)
    except OverflowError:
        return False


RULE = Rule(
    "metric-limits",
    "log_metric",
    "error",
    "A log-based metric is larger than, or otherwise than, the Logging API takes it",
    check,
)
