"""metric-limits: sizes of the name, the filter, the description and the labels.

Source: https://docs.cloud.google.com/logging/docs/reference/v2/rest/v2/projects.metrics
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource, Rule, at, items, text

_MOST_LABELS = 10
_CHARACTERS = (("name", 100), ("filter", 20_000), ("description", 8_000))


def check(metric: Resource, project: Project) -> Iterator[Problem]:
    for key, most in _CHARACTERS:
        length = len(text(metric.body.get(key)))
        if length > most:
            yield Problem(
                (key,), f"{key} has {length:,} characters; {most:,} are allowed", "shorten it, or split the metric"
            )
    labels = len(items(at(metric.body, "metricDescriptor", "labels")))
    if labels > _MOST_LABELS:
        yield Problem(
            ("metricDescriptor", "labels"),
            f"{labels} labels; {_MOST_LABELS} are allowed",
            "keep the labels that somebody groups or filters by",
        )
    bounds = items(at(metric.body, "bucketOptions", "explicitBuckets", "bounds"))
    numbers = [bound for bound in bounds if isinstance(bound, int | float) and not isinstance(bound, bool)]
    if any(later <= earlier for earlier, later in pairwise(numbers)):
        yield Problem(
            ("bucketOptions", "explicitBuckets", "bounds"), "bucket bounds do not ascend", "sort them, each once"
        )


RULE = Rule("metric-limits", "log_metric", "error", "A log-based metric is larger than the Logging API takes", check)
