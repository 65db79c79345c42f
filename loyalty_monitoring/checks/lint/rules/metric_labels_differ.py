"""metric-labels-differ: every label has an extractor, and every extractor a label.

Source: https://docs.cloud.google.com/logging/docs/reference/v2/rest/v2/projects.metrics
"""

from __future__ import annotations

from collections.abc import Iterator

from loyalty_monitoring.checks.lint.placeholders import has_placeholder
from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource, Rule, at, items, text


def check(metric: Resource, project: Project) -> Iterator[Problem]:
    extractors = metric.body.get("labelExtractors", {})
    if not isinstance(extractors, dict):
        return
    written = [at(metric.body, "metricDescriptor"), at(metric.body, "metricDescriptor", "labels")]
    written += [part for label in items(written[1]) for part in (label, at(label, "key"))]
    if any(isinstance(one, str) and has_placeholder(one) for one in (*written, *extractors)):
        return
    labels = {text(at(label, "key")) for label in items(at(metric.body, "metricDescriptor", "labels"))} - {""}
    for label in sorted(labels - extractors.keys()):
        yield Problem(
            ("metricDescriptor", "labels"),
            f"label {label!r} has no extractor",
            f"add it to labelExtractors, such as {label}: EXTRACT(jsonPayload.{label})",
        )
    for label in sorted(str(key) for key in extractors.keys() - labels):
        yield Problem(
            ("labelExtractors", label),
            f"extractor {label!r} has no label",
            "declare the label in metricDescriptor.labels, with its valueType",
        )


RULE = Rule("metric-labels-differ", "log_metric", "error", "The labels of a metric and their extractors differ", check)
