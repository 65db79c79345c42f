"""Tell a resource of Cloud Monitoring from other resources and from values that are none.

Tools print resources alone, in lists, and wrapped: `{"alertPolicies": [...]}` as the API answers, `properties` of a
deployment, or under names of somebody's own. Whole files and lists are taken for what they resemble; deeper inside a
file, where anything may stand, only what can be nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from loyalty_monitoring.checks.lint.rule import text
from loyalty_monitoring.common.yaml_documents import Path_
from loyalty_monitoring.definitions.channels import CHANNEL_TYPES
from loyalty_monitoring.google_cloud.api_messages import Kind

_LAYOUTS = ("mosaicLayout", "gridLayout", "rowLayout", "columnLayout")
_INSIDE_A_LAYOUT = ("tiles", "widgets", "rows", "columns")
_OF_METRICS = frozenset(["metricDescriptor", "labelExtractors", "valueExtractor", "bucketOptions"])
_MAY_BE_A_METRIC = frozenset(
    [*_OF_METRICS, "name", "description", "filter", "disabled", "bucketName", "createTime", "updateTime", "version"]
)
# Settings of other tools look much like channels, where they stand below names of their own.
_OF_CHANNELS = frozenset(
    [
        *["type", "name", "displayName", "description", "labels", "userLabels", "verificationStatus", "enabled"],
        *["creationRecord", "mutationRecords"],
    ]
)
_CONDITION = re.compile(r"condition(?:_|[A-Z])\w")
# What the answers of the API and of gcloud have around their resources.
_ANSWERS = frozenset(["alertPolicies", "policies", "dashboards", "metrics", "notificationChannels", "snoozes", "items"])
# Values that Terraform plans or has, below the address of their resource: lists where the API has objects.
_ADDRESS = re.compile(r"(?:^|\.)google_(?:monitoring|logging)_\w+\.")
_DEEPEST = 5
_CHANNEL_LABELS = frozenset(
    label for one in CHANNEL_TYPES.values() for label in (*one.labels, *one.optional, *one.secret_labels)
)

# Something that a resource without fail has as a key, so that a file without any of it need not be parsed.
MAY_HOLD_A_RESOURCE = re.compile(
    r"conditions|combiner|[lL]ayout\b|metric_?[dD]escriptor|_?[eE]xtractors?\b|filter|labels|criteria|google_"
)
# The keys that only resources have: where a file cannot be parsed, these say that it was meant to be one.
IS_MEANT_AS_A_RESOURCE = re.compile(
    r"^[\s\-{,\"']*(?:condition(?:Threshold|Absent|MatchedLog|PrometheusQueryLanguage|MonitoringQueryLanguage|Sql)"
    r"|(?:mosaic|grid|row|column)Layout|metricDescriptor|labelExtractors)[\"']?\s*:",
    re.MULTILINE,
)


@dataclass(frozen=True)
class Found:
    """A resource at a path of a document."""

    kind: Kind
    path: Path_
    body: dict[str, Any]

    @property
    def is_below_a_name(self) -> bool:
        """Whether the resource stands below a name of somebody's own."""
        return bool(self.path) and isinstance(self.path[-1], str) and self.path[-1] not in _ANSWERS


def resources_in(data: Any) -> Iterator[Found]:
    """Return all resources of a document, in its order."""
    return _resources(data, (), True)


def other_things_in(data: Any) -> set[str]:
    """Name the other resources of Google Cloud that a document holds."""
    found = set()
    for one in data if isinstance(data, list) else [data]:
        if not isinstance(one, dict):
            continue
        if _is_sink(one):
            found.add("log sinks")
        elif text(one.get("apiVersion")).endswith("cnrm.cloud.google.com/v1beta1"):
            found.add(f"a {text(one.get('kind'))} of Config Connector")
        elif "apiVersion" in one and "kind" in one:
            found.add("objects of Kubernetes")
        elif "panels" in one:
            found.add("a dashboard of Grafana")
        elif "groups" in one:
            found.add("rules of Prometheus")
    return found


def _resources(data: Any, path: Path_, whole: bool) -> Iterator[Found]:
    if isinstance(data, list):
        for index, item in enumerate(data):
            if isinstance(item, dict | list):
                yield from _resources(item, (*path, index), whole)
    elif isinstance(data, dict):
        kind = _kind(data, whole)
        if kind is not None:
            yield Found(kind, path, data)
        elif len(path) < _DEEPEST and not _is_of_another_tool(data):
            for key, value in data.items():
                if isinstance(value, dict | list) and not _ADDRESS.search(str(key)):
                    yield from _resources(value, (*path, key), whole and key in _ANSWERS)


def _is_of_another_tool(body: dict[str, Any]) -> bool:
    """Return whether a value is an object of Kubernetes or of Pulumi's state, a sink or a schema, whose fields are not
    the API's.
    """
    described = any(isinstance(body.get(name), dict) for name in ("displayName", "name", "filter", "combiner"))
    is_schema = described or any(name in body for name in ("$schema", "$defs", "openapi", "swagger"))
    return ("apiVersion" in body and "kind" in body) or "urn" in body or is_schema or _is_sink(body)


def _is_sink(body: dict[str, Any]) -> bool:
    return "destination" in body and bool(body.keys() & {"filter", "writerIdentity", "name"})


def _kind(body: dict[str, Any], whole: bool) -> Kind | None:
    if _is_of_another_tool(body):
        return None
    keys = {_camel(key) if "_" in key else key for key in body}
    if _is_policy(body, keys, whole):
        return "alert_policy"
    if any(_is_layout(body, name, keys, whole) for name in _LAYOUTS):
        return "dashboard"
    if "metricDescriptor" in keys or {"filter", "labelExtractors"} <= keys or {"filter", "valueExtractor"} <= keys:
        return "log_metric"
    if whole and {"name", "filter"} <= keys <= _MAY_BE_A_METRIC and isinstance(body["filter"], str):
        return "log_metric"
    if _is_channel(body, keys) and (whole or keys <= _OF_CHANNELS):
        return "notification_channel"
    if isinstance(body.get("criteria"), dict) and isinstance(body.get("interval"), dict):
        return "snooze"
    return None


def _is_policy(body: dict[str, Any], keys: set[str], whole: bool) -> bool:
    conditions = body.get("conditions")
    if isinstance(conditions, list):
        inside = (key for one in conditions[:20] if isinstance(one, dict) for key in one)
        if any(_CONDITION.match(str(key)) for key in inside):
            return True
    if "combiner" in keys and keys & {"conditions", "displayName", "notificationChannels"}:
        return True
    return whole and {"conditions", "displayName"} <= keys and not isinstance(conditions, dict)


def _is_layout(body: dict[str, Any], name: str, keys: set[str], whole: bool) -> bool:
    if name not in keys:
        return False
    value = body.get(name, body.get(re.sub(r"(?=[A-Z])", "_", name).lower()))
    return whole or (isinstance(value, dict) and ("displayName" in keys or bool(value.keys() & set(_INSIDE_A_LAYOUT))))


def _is_channel(body: dict[str, Any], keys: set[str]) -> bool:
    labels = body.get("labels")
    if "verificationStatus" in keys and "type" in keys:
        return True
    if not isinstance(labels, dict) or not isinstance(body.get("type"), str):
        return False
    known = body["type"] in CHANNEL_TYPES and ("displayName" in keys or bool(labels.keys() & _CHANNEL_LABELS))
    return known or (
        bool(labels) and labels.keys() <= _CHANNEL_LABELS - {"url", "topic", "number", "space", "username"}
    )


def _camel(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])_([a-z])", lambda found: found[1].upper(), name)
