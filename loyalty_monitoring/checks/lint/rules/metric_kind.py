"""metric-kind: DELTA INT64 counts, DELTA DISTRIBUTION needs a value; nothing else.

Source: https://docs.cloud.google.com/logging/docs/reference/v2/rest/v2/projects.metrics
"""

from __future__ import annotations

from collections.abc import Iterator

from loyalty_monitoring.checks.lint.placeholders import has_placeholder
from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource, Rule, at, text

_KINDS = ("INT64", "DISTRIBUTION")


def check(metric: Resource, project: Project) -> Iterator[Problem]:
    descriptor = metric.body.get("metricDescriptor")
    if not isinstance(descriptor, dict):
        return
    kind, value_type = at(descriptor, "metricKind"), at(descriptor, "valueType")
    if any(isinstance(one, str) and has_placeholder(one) for one in (kind, value_type)):
        return
    extracts = bool(text(metric.body.get("valueExtractor")))
    if kind not in (None, "DELTA") or value_type not in (None, *_KINDS):
        yield Problem(
            ("metricDescriptor",),
            f"is {kind} {value_type}; a log-based metric is DELTA INT64 or DELTA DISTRIBUTION",
            "write DELTA INT64 to count entries, DELTA DISTRIBUTION to add up or average a field",
        )
    elif value_type == "DISTRIBUTION" and not extracts:
        yield Problem(
            ("metricDescriptor", "valueType"),
            "is a distribution without a valueExtractor",
            "say what is measured, such as valueExtractor: EXTRACT(jsonPayload.seconds)",
        )
    elif value_type == "INT64" and (extracts or "bucketOptions" in metric.body):
        key = "valueExtractor" if extracts else "bucketOptions"
        yield Problem(
            (key,),
            f"has {key}, and a counter counts entries; it cannot add up a field",
            "make it a DISTRIBUTION and read its _sum, or leave the key out",
        )


RULE = Rule("metric-kind", "log_metric", "error", "A log-based metric is neither a counter nor a distribution", check)
