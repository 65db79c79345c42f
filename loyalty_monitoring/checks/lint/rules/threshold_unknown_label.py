"""threshold-unknown-label: a threshold or absence names labels that its log-based metric and resource have.

Judged are only metrics that the same files define, and resource types whose labels are known.

Sources: https://docs.cloud.google.com/logging/docs/reference/v2/rest/v2/projects.metrics (labelExtractors) and
https://docs.cloud.google.com/monitoring/api/v3/filters
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from loyalty_monitoring.checks.lint.filter_conditions import LogBasedFilter, log_based_filters
from loyalty_monitoring.checks.lint.log_based import own_labels, resource_labels
from loyalty_monitoring.checks.lint.monitoring_filters import LabelName, labels_in
from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource, Rule, at, items, text
from loyalty_monitoring.common.errors import nearest
from loyalty_monitoring.common.yaml_documents import Path_

# Every log-based metric has the name of the log as a label of its own.
_OF_EVERY_METRIC = frozenset(["log"])


def check(policy: Resource, project: Project) -> Iterator[Problem]:
    for one in log_based_filters(policy, project):
        yield from _unknown(one, one.path, labels_in(one.filter), "matches")
        for path, aggregation in one.aggregations:
            for index, field in enumerate(items(at(aggregation, "groupByFields"))):
                yield from _unknown(one, (*path, "groupByFields", index), labels_in(text(field)), "groups by")


def _unknown(one: LogBasedFilter, path: Path_, labels: Iterable[LabelName], does: str) -> Iterator[Problem]:
    for label in labels:
        known = _known(one, label.of)
        if known is not None and label.name not in known:
            whose = f"the log-based metric {one.name!r}" if label.of == "metric" else one.resource
            yield Problem(
                path,
                f"{does} {label.of}.labels.{label.name}, which {whose} does not have",
                f"name a label that it has, or extract this one in its labelExtractors{nearest(label.name, known)}"
                if label.of == "metric"
                else f"name a label of the resource{nearest(label.name, known)}",
            )


def _known(one: LogBasedFilter, of: str) -> frozenset[str] | None:
    """Return the labels there are, None where that is not known."""
    if of == "resource":
        return resource_labels(one.resource)
    own = own_labels(one.metric) if one.metric is not None else None
    return None if own is None else own | _OF_EVERY_METRIC


RULE = Rule(
    "threshold-unknown-label",
    "alert_policy",
    "error",
    "A threshold or absence matches or groups by a label that its log-based metric does not have",
    check,
)
