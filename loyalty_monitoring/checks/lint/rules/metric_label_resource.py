"""metric-label-resource: in PromQL the labels of metric and resource share one set.

It works: the metric's own label is read as `metric_KEY` there, and KEY is the resource's. Hence a warning.

Source: https://cloud.google.com/monitoring/promql/promql-mapping
"""

from __future__ import annotations

from collections.abc import Iterator

from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource, Rule, at, items
from loyalty_monitoring.query_languages.promql.cloud_monitoring import RESOURCE_LABELS


def check(metric: Resource, project: Project) -> Iterator[Problem]:
    for index, label in enumerate(items(at(metric.body, "metricDescriptor", "labels"))):
        key = at(label, "key")
        if isinstance(key, str) and key in RESOURCE_LABELS:
            yield Problem(
                ("metricDescriptor", "labels", index),
                f"label {key!r} is a label of monitored resources as well; in PromQL {key} is the resource's, and the "
                f"metric's own is metric_{key}",
                f"give it another name, such as event_{key}, or read it as metric_{key}",
            )


RULE = Rule(
    "metric-label-resource",
    "log_metric",
    "warning",
    "A label of a metric has the name of a label of its resource",
    check,
)
