"""metric-limits: sizes of the name, the filter, the description, the labels and the buckets.

Source: https://docs.cloud.google.com/logging/docs/reference/v2/rest/v2/projects.metrics, see api_reference.yaml
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource, Rule, said_by_the_reference

_BUCKETS = ("bucketOptions", "exponentialBuckets")
_said = said_by_the_reference("metric-limits")


def check(metric: Resource, project: Project) -> Iterator[Problem]:
    yield from _said(metric, project)
    match metric.body.get("bucketOptions"):
        case {"exponentialBuckets": {"numFiniteBuckets": number, "growthFactor": growth, "scale": scale}} if (
            _is_beyond_any_number(scale, growth, number)
        ):
            yield Problem(_BUCKETS, "has bounds beyond any number", "take a smaller growthFactor, or fewer buckets")


def _is_beyond_any_number(scale: Any, growth: Any, number: Any) -> bool:
    """Return whether the last bound is; what is no number, also written as text, is said elsewhere."""
    try:
        return math.isinf(float(scale) * float(growth) ** int(number))
    except OverflowError:
        return True
    except (TypeError, ValueError, ZeroDivisionError):
        return False


RULE = Rule(
    "metric-limits",
    "log_metric",
    "error",
    "A log-based metric is larger than, or otherwise than, the Logging API takes it",
    check,
)
