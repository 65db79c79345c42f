"""Checks our own conventions: where our block and the API's fields must agree, and what we want of every definition.

What the API itself refuses is a lint rule of severity error, and stands nowhere else; commands and the Pulumi program
run those rules on what they load.
"""

from __future__ import annotations

from loyalty_monitoring.common.errors import UserError
from loyalty_monitoring.common.yaml_documents import Document, Path_
from loyalty_monitoring.definitions.model import AlertPolicy, Body
from loyalty_monitoring.query_languages.promql.cloud_monitoring import RESOURCE_LABELS

# Personal or unbounded: the first would show people's data to everyone who sees a chart, the second has no end.
_NEVER_A_LABEL = frozenset(
    ["recipient", "email", "customer_id", "user_id", "phone", "name", "message", "insert_id", "trace"]
)

_SEVERITY = {"P0": "CRITICAL", "P1": "WARNING", "P2": None}
_COLUMNS = 48


def check_log_metric(body: Body, document: Document) -> None:
    """Raise UserError where a label has a resource's name, or is personal or unbounded."""
    require = _Requirement(document)
    descriptor = body["metricDescriptor"]
    labels = [label["key"] for label in descriptor.get("labels", [])]
    for index, label in enumerate(labels):
        place = ("metricDescriptor", "labels", index)
        require(
            label not in RESOURCE_LABELS,
            place,
            f"label {label!r} is a resource's label; choose another name",
        )
        require(
            label not in _NEVER_A_LABEL,
            place,
            f"label {label!r} is personal or unbounded; count without it instead",
        )


def check_policy(policy: AlertPolicy, document: Document, block: str) -> None:
    """Raise UserError where the policy is not one PromQL condition, or contradicts its priority."""
    require, body = _Requirement(document), policy.body
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
    _check_priority(policy, require, block)


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
    """Raise UserError where the grid is not the finest, or a widget has no title."""
    require = _Requirement(document)
    layout = body["mosaicLayout"]
    require(
        layout["columns"] == _COLUMNS,
        ("mosaicLayout", "columns"),
        f"must be {_COLUMNS}, the finest grid; write it",
    )
    for index, tile in enumerate(layout["tiles"]):
        place = ("mosaicLayout", "tiles", index)
        require(bool(tile["widget"].get("title")), place, "the widget has no title; say what it shows")


class _Requirement:
    """Called as `require(condition, path, message)`: raises at that place unless the condition holds."""

    def __init__(self, document: Document) -> None:
        self._document = document

    def __call__(self, holds: bool, path: Path_, message: str) -> None:
        if not holds:
            raise UserError(f"{'.'.join(map(str, path))}: {message}", self._document.position(path))
