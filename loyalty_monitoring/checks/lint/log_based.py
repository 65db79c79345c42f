"""List the time series and labels that PromQL can read of the log-based metrics that a project defines.

Sources: https://cloud.google.com/monitoring/promql/promql-mapping (suffixes, label conflicts, metadata labels),
https://docs.cloud.google.com/logging/docs/api/v2/resource-list and https://docs.cloud.google.com/monitoring/api/resources
"""

from __future__ import annotations

from typing import Any

from loyalty_monitoring.checks.lint.placeholders import has_placeholder
from loyalty_monitoring.checks.lint.promql_checks import log_based_name
from loyalty_monitoring.checks.lint.rule import Project, Resource, at, items, once, text
from loyalty_monitoring.query_languages.promql.cloud_monitoring import SUFFIXES
from loyalty_monitoring.query_languages.promql.expressions import every_matcher

_OF_RESOURCE = {
    "k8s_container": ("cluster_name", "namespace_name", "pod_name", "container_name"),
    "k8s_pod": ("cluster_name", "namespace_name", "pod_name"),
    "k8s_node": ("cluster_name", "node_name"),
    "k8s_cluster": ("cluster_name",),
    "cloud_run_revision": ("service_name", "revision_name", "configuration_name"),
    "cloud_run_job": ("job_name",),
    "gce_instance": ("instance_id", "zone"),
    "global": (),
}
_EVERYWHERE = ("__name__", "monitored_resource", "project_id", "location", "log")
# Metadata of the resource; a metric's label that is named like a resource's; the parser's own.
_GOOGLE_S = ("metadata_", "metric_", "resource_", "__")


def metric_of(name: str, project: Project) -> tuple[Resource, str] | None:
    """Return the project's metric that this PromQL name reads, and the suffix behind its own name; None if there is
    none.
    """
    if (exact := project.metrics.get(name)) is not None:
        return exact, ""
    for suffix in SUFFIXES:
        if name.endswith(suffix) and (metric := project.metrics.get(name.removesuffix(suffix))) is not None:
            return metric, suffix
    return None


def value_type(metric: Resource) -> str:
    return text(at(metric.body, "metricDescriptor", "valueType"))


def labels_of(selector: Any, project: Project) -> frozenset[str] | None:
    """Return all labels that the series of a selector can have; None if that is not known."""
    name = log_based_name(selector)
    found = metric_of(name, project) if name is not None else None
    resource_type = [one.value for one in every_matcher(selector) if one.label == "monitored_resource"]
    if found is None or len(resource_type) != 1 or resource_type[0] not in _OF_RESOURCE:
        return None
    metric, suffix = found
    own = own_labels(metric)
    if own is None:
        return None
    return own | {*_EVERYWHERE, *_OF_RESOURCE[resource_type[0]]} | ({"le"} if suffix == "_bucket" else set())


@once
def own_labels(metric: Resource) -> frozenset[str] | None:
    """Return the labels that a metric declares or extracts; None where one of them is not known yet."""
    extractors, declared = at(metric.body, "labelExtractors"), at(metric.body, "metricDescriptor", "labels")
    if isinstance(extractors, str) or isinstance(declared, str) or isinstance(at(metric.body, "metricDescriptor"), str):
        return None
    own = [*extractors] if isinstance(extractors, dict) else []
    own += [text(at(label, "key")) for label in items(declared)]
    if any(not isinstance(label, str) or has_placeholder(label) for label in own):
        return None
    return frozenset(own)


def resource_labels(resource_type: str) -> frozenset[str] | None:
    """Return the labels of a type of monitored resource; None for one that is not known here."""
    labels = _OF_RESOURCE.get(resource_type)
    return None if labels is None else frozenset([*labels, "project_id", "location"])


def made_by_google(label: str) -> bool:
    """Return whether Cloud Monitoring may add the label to any series."""
    return label.startswith(_GOOGLE_S)
