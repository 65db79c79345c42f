"""The filters of threshold and absence conditions over log-based metrics."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from loyalty_monitoring.checks.lint.log_based import value_type
from loyalty_monitoring.checks.lint.monitoring_filters import log_based_metric, resource_type
from loyalty_monitoring.checks.lint.placeholders import has_placeholder
from loyalty_monitoring.checks.lint.policies import typed_conditions
from loyalty_monitoring.checks.lint.rule import Project, Resource, items, text
from loyalty_monitoring.common.yaml_documents import Path_
from loyalty_monitoring.definitions.model import Body
from loyalty_monitoring.query_languages.promql.cloud_monitoring import promql_name

_FILTERS = (("filter", "aggregations"), ("denominatorFilter", "denominatorAggregations"))


@dataclass(frozen=True)
class LogBasedFilter:
    """A filter that selects one log-based metric, and its aggregations, each with the path to it.

    `metric` is the project's, None where the project does not define it; `resource` is "" for several types.
    """

    condition: Body
    filter: str
    path: Path_
    name: str
    metric: Resource | None
    resource: str
    aggregations: tuple[tuple[Path_, Any], ...]

    @property
    def value_type(self) -> str:
        """The metric's value type, INT64 where it has no descriptor; "" where it is not known."""
        if self.metric is None:
            return ""
        written = value_type(self.metric) or "INT64"
        return "" if has_placeholder(written) or isinstance(self.metric.body.get("metricDescriptor"), str) else written


def log_based_filters(policy: Resource, project: Project) -> Iterator[LogBasedFilter]:
    for condition in typed_conditions(policy, "conditionThreshold", "conditionAbsent"):
        for key, of_key in _FILTERS:
            written = text(condition.body.get(key))
            name = log_based_metric(written)
            if name is not None:
                yield LogBasedFilter(
                    condition.body,
                    written,
                    (*condition.path, key),
                    name,
                    project.metrics.get(promql_name(name)),
                    resource_type(written) or "",
                    tuple(
                        ((*condition.path, of_key, index), one)
                        for index, one in enumerate(items(condition.body.get(of_key)))
                    ),
                )
