"""Build the JSON bodies that one stack sends to the Google API, for the Pulumi program and for render.

Left out is what only a deployment knows, the names of channels and policies, and what nobody may see, the secrets.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from loyalty_monitoring.common.errors import Position, UserError
from loyalty_monitoring.definitions.channels import CHANNEL_TYPES, Channel
from loyalty_monitoring.definitions.model import AlertPolicy, Body, Dashboard, LogMetric
from loyalty_monitoring.definitions.settings import Settings

DEFINITION_LABEL = "definition-"

# The provider has no other field for a secret than `sensitiveLabels` of a channel; other secrets go into `labels`.
SENSITIVE_LABELS = ("auth_token", "password", "service_key")


def alert_policy_body(policy: AlertPolicy, settings: Settings) -> Body:
    """Return the policy with the stack's labels, without its channels and without how often to notify each of them
    again.
    """
    labels = policy.body.get("userLabels", {})
    for key, value in settings.user_labels.items():
        if labels.get(key, value) != value:
            raise UserError(
                f"the label {key!r} is {labels[key]!r}, but this stack sets {value!r}; remove the label here",
                Position(policy.source),
            )
    body = {**policy.body, "userLabels": {**labels, **settings.user_labels}}
    if "alertStrategy" in body:
        strategy = {key: value for key, value in body["alertStrategy"].items() if key != "notificationChannelStrategy"}
        body["alertStrategy"] = strategy
    return body


def notifying_policy_body(policy: AlertPolicy, settings: Settings, channels: Sequence[Any]) -> Body:
    """Return the policy as it is deployed, which notifies `channels`: their names, or what stands for them."""
    body = {**alert_policy_body(policy, settings), "notificationChannels": channels}
    given: list[Body] = policy.body.get("alertStrategy", {}).get("notificationChannelStrategy", [])
    strategies = [{**strategy, "notificationChannelNames": channels} for strategy in given]
    if strategies and channels:
        body["alertStrategy"] = {**body["alertStrategy"], "notificationChannelStrategy": strategies}
    return body


def metrics_read_by(policy: AlertPolicy, log_metrics: Sequence[LogMetric]) -> list[LogMetric]:
    """Return the metrics that a policy's conditions name. One too many, whose name begins another's, does no harm."""
    text = json.dumps(policy.body["conditions"], ensure_ascii=False)
    return [metric for metric in log_metrics if metric.promql_name in text or metric.api_name in text]


def console_link(dashboard_id: str, settings: Settings) -> str:
    """Return the console's address of a dashboard; the id is the last part of its resource name."""
    folder = "https://console.cloud.google.com/monitoring/dashboards/builder"
    return f"{folder}/{dashboard_id}?project={settings.project}"


def dashboard_body(dashboard: Dashboard) -> Body:
    """Return the dashboard with a label that names its definition: `definition-` and twelve digits of its hash.

    A key that the definition no longer has would stay deployed: the provider leaves out of its comparison what the
    program does not mention (hashicorp/terraform-provider-google, resource_monitoring_dashboard.go). With the label,
    each change of the definition is a change of the JSON, and the provider writes the whole of it.
    """
    text = json.dumps(dashboard.body, sort_keys=True, ensure_ascii=False)
    label = f"{DEFINITION_LABEL}{hashlib.sha256(text.encode()).hexdigest()[:12]}"
    return {**dashboard.body, "labels": {**dashboard.body.get("labels", {}), label: ""}}


def channel_body(channel: Channel, settings: Settings) -> Body:
    """Return the channel without its secret labels (Monitoring API v3, NotificationChannel)."""
    body: Body = {
        "type": channel.type,
        "displayName": settings.titled(channel.display_name),
        "description": f"{settings.module.title} alerts of priority {', '.join(channel.priorities)}; "
        f"deployed by Pulumi, stack {settings.stack}.",
        "userLabels": settings.user_labels,
    }
    return {**body, "labels": dict(channel.labels)} if CHANNEL_TYPES[channel.type].labels else body
