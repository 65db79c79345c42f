"""What Google Cloud refuses although the shape is right, and where our own block and the API's fields must agree.

Sources: the REST references of projects.metrics, projects.alertPolicies and projects.dashboards, and
https://docs.cloud.google.com/monitoring/quotas.
"""

from __future__ import annotations

import re

from loyalty_monitoring.common.errors import UserError
from loyalty_monitoring.common.yaml_documents import Document, Path_
from loyalty_monitoring.definitions.model import AlertPolicy, Body, seconds

# A user label of this name would collide with a label of the monitored resource in PromQL.
_RESOURCE_LABELS = frozenset(
    [
        "project_id",
        "location",
        "cluster_name",
        "namespace_name",
        "pod_name",
        "container_name",
        "service_name",
        "revision_name",
        "configuration_name",
        "instance_id",
        "zone",
        "job",
        "job_name",
        "task_id",
        "log",
    ]
)
# Personal or unbounded: the first would show people's data to everyone who sees a chart, the second has no end.
_NEVER_A_LABEL = frozenset(
    ["recipient", "email", "customer_id", "user_id", "phone", "name", "message", "insert_id", "trace"]
)

_SEVERITY = {"P0": "CRITICAL", "P1": "WARNING", "P2": None}
_USER_LABEL = re.compile(r"[a-z][a-z0-9_-]{0,62}")
_USER_LABEL_VALUE = re.compile(r"[a-z0-9_-]{0,63}")
_COLUMNS = 48


def check_log_metric(body: Body, document: Document) -> None:
    """Raise UserError where the Logging API, or the rule on personal data, would refuse the metric."""
    require = _Requirement(document)
    require(len(body["name"]) <= 100, ("name",), "the name has more than 100 characters; shorten it or the prefix")
    require(
        len(body["filter"]) <= 20_000,
        ("filter",),
        "the filter has more than 20,000 characters; split the metric",
    )
    descriptor = body["metricDescriptor"]
    labels = [label["key"] for label in descriptor.get("labels", [])]
    require(
        len(labels) <= 10,
        ("metricDescriptor", "labels"),
        f"{len(labels)} labels, but 10 are allowed; drop some",
    )
    for index, label in enumerate(labels):
        place = ("metricDescriptor", "labels", index)
        require(
            label not in _RESOURCE_LABELS,
            place,
            f"label {label!r} is a resource's label; choose another name",
        )
        require(
            label not in _NEVER_A_LABEL,
            place,
            f"label {label!r} is personal or unbounded; count without it instead",
        )
    extractors = body.get("labelExtractors", {})
    require(
        set(labels) == set(extractors),
        ("labelExtractors",),
        f"labels {sorted(labels)} and their extractors {sorted(extractors)} differ; give each label one extractor",
    )
    distribution = descriptor["valueType"] == "DISTRIBUTION"
    require(
        ("valueExtractor" in body) == distribution,
        ("valueExtractor",),
        "a DISTRIBUTION needs a valueExtractor, a counter (INT64) must not have one; add or remove it",
    )
    require(
        descriptor["metricKind"] == "DELTA" and descriptor["valueType"] in ("INT64", "DISTRIBUTION"),
        ("metricDescriptor",),
        "a log-based metric is DELTA INT64 or DELTA DISTRIBUTION; write one of these",
    )


def check_policy(policy: AlertPolicy, document: Document, block: str) -> None:
    """Raise UserError where the Monitoring API would refuse the policy, or where it contradicts its priority."""
    require, body = _Requirement(document), policy.body
    require(len(body["displayName"]) <= 512, ("displayName",), "has more than 512 characters; shorten it")
    require(
        len(body["conditions"]) == 1 and "conditionPrometheusQueryLanguage" in body["conditions"][0],
        ("conditions",),
        "a policy has exactly one condition here, a conditionPrometheusQueryLanguage; split the policy",
    )
    condition = ("conditions", 0, "conditionPrometheusQueryLanguage")
    for key in ("query", "duration", "evaluationInterval", "disableMetricValidation"):
        require(key in policy.condition, condition, f"the condition lacks {key!r}; add it")
    require(
        policy.condition["disableMetricValidation"] is True,
        (*condition, "disableMetricValidation"),
        "must be true: on an empty project the metric is not visible yet, and creating the policy would fail",
    )
    require(
        seconds(policy.condition["duration"]) % 60 == 0,
        (*condition, "duration"),
        "must be whole minutes, such as 0s or 1800s",
    )
    interval = seconds(policy.condition["evaluationInterval"])
    require(
        interval > 0 and interval % 30 == 0,
        (*condition, "evaluationInterval"),
        "must be a positive multiple of 30 seconds, such as 60s",
    )
    _check_documentation(body["documentation"], require)
    _check_priority(policy, require, block)


def _check_documentation(documentation: Body, require: _Requirement) -> None:
    content = documentation["content"]
    require(
        len(content) <= 8_192 and len(content.encode()) <= 10_240,
        ("documentation", "content"),
        "has more than 8,192 characters or 10,240 bytes; move the rest to the runbook",
    )
    links = documentation["links"]
    require(
        len(links) <= 3,
        ("documentation", "links"),
        "has more than 3 links; keep the runbook and the dashboard",
    )
    for index, link in enumerate(links):
        require(
            1 <= len(link["displayName"]) <= 63 and len(link["url"]) <= 2_083,
            ("documentation", "links", index),
            "a link's displayName has 1 to 63 characters and its url at most 2,083; shorten it",
        )


def _check_priority(policy: AlertPolicy, require: _Requirement, block: str) -> None:
    body, severity = policy.body, _SEVERITY[policy.priority]
    require(
        body.get("severity") == severity,
        ("severity",),
        f"priority {policy.priority} goes with "
        + (f"severity {severity}; write it" if severity else "no severity (Cloud Monitoring has no INFO); remove it"),
    )
    expected = {"priority": policy.priority.lower(), "row": "_".join(policy.rows).lower()}
    labels = body["userLabels"]
    require(
        expected.items() <= labels.items(),
        ("userLabels",),
        f"must contain {expected}, as the block `{block}` says; write them",
    )
    for key, value in labels.items():
        require(
            bool(_USER_LABEL.fullmatch(key)) and bool(_USER_LABEL_VALUE.fullmatch(value)),
            ("userLabels", key),
            "user labels have lower-case letters, digits, _ and -, at most 63, keys starting with a letter; rename it",
        )
    strategy = body["alertStrategy"]
    require(
        strategy["notificationPrompts"] == ["OPENED", "CLOSED"],
        ("alertStrategy", "notificationPrompts"),
        "must be [OPENED, CLOSED], so that the end of an incident is told as well",
    )
    require(
        bool(strategy.get("notificationChannelStrategy")) == (policy.priority == "P0"),
        ("alertStrategy", "notificationChannelStrategy"),
        "an open incident rings again for P0 and for no other priority; add or remove the strategy",
    )


def check_dashboard(body: Body, document: Document) -> None:
    """Raise UserError where tiles leave the 48 columns, overlap, or have no title."""
    require, taken = _Requirement(document), dict[tuple[int, int], int]()
    layout = body["mosaicLayout"]
    require(
        layout["columns"] == _COLUMNS,
        ("mosaicLayout", "columns"),
        f"must be {_COLUMNS}, the finest grid; write it",
    )
    for index, tile in enumerate(layout["tiles"]):
        place = ("mosaicLayout", "tiles", index)
        left, top = tile.get("xPos", 0), tile.get("yPos", 0)
        require(
            left + tile["width"] <= _COLUMNS,
            place,
            f"the tile ends right of column {_COLUMNS}; narrow or move it",
        )
        for cell in ((x, y) for x in range(left, left + tile["width"]) for y in range(top, top + tile["height"])):
            other = taken.setdefault(cell, index)
            require(other == index, place, f"the tile overlaps tile {other} of this file; move one of them")
        require(bool(tile["widget"].get("title")), place, "the widget has no title; say what it shows")


class _Requirement:
    """Called as `require(condition, path, message)`: raises at that place unless the condition holds."""

    def __init__(self, document: Document) -> None:
        self._document = document

    def __call__(self, holds: bool, path: Path_, message: str) -> None:
        if not holds:
            raise UserError(f"{'.'.join(map(str, path))}: {message}", self._document.position(path))
