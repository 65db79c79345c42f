"""metric-resource-type: PromQL must name the resource type, so a metric has one.

Source: https://cloud.google.com/monitoring/promql/promql-mapping
"""

from __future__ import annotations

from collections.abc import Iterator

from loyalty_monitoring.checks.lint.filters import read_filter, required_comparisons
from loyalty_monitoring.checks.lint.placeholders import has_placeholder
from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource, Rule, text
from loyalty_monitoring.query_languages.logging_filter import Filter


def check(metric: Resource, project: Project) -> Iterator[Problem]:
    written = text(metric.body.get("filter"))
    parsed = read_filter(written)
    if not written or has_placeholder(written) or not isinstance(parsed, Filter):
        return
    fields = [one.left for one in required_comparisons(parsed.expression) if one.operator in ("=", "=~")]
    if ("resource", "type") not in fields:
        yield Problem(
            ("filter",),
            "does not require one resource.type",
            'begin it with resource.type="k8s_container" (or what your module runs on), and a line break',
        )


RULE = Rule(
    "metric-resource-type", "log_metric", "warning", "The filter of a metric takes entries of any resource type", check
)
