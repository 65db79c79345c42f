"""Declares one stack's resources with Pulumi: log-based metrics, channels, alert policies, dashboards.

A resource's logical name is the name of its file (of a channel: its key in the settings), so renaming a title or
moving a threshold never replaces anything. Deletion follows Pulumi's own rules (`deletionPolicy` stays DELETE): the
definitions are in version control, and an abandoned alert that nobody maintains is worse than one that can be restored.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar, get_args

import pulumi
from pulumi import Output, ResourceOptions

# Private, but the only way from the API's names to the provider's classes; versions are locked, and a test declares
# every definition.
from pulumi._types import input_type_py_to_pulumi_names, input_type_types, is_input_type
from pulumi_gcp import logging, monitoring

from loyalty_monitoring.common.errors import Position, UserError, nearest
from loyalty_monitoring.definitions.channels import Channel
from loyalty_monitoring.definitions.model import AlertPolicy, Body, Dashboard, Definitions, LogMetric
from loyalty_monitoring.definitions.settings import Settings
from loyalty_monitoring.google_cloud.api_bodies import (
    SENSITIVE_LABELS,
    channel_body,
    console_link,
    dashboard_body,
    metrics_read_by,
    notifying_policy_body,
)

Secrets = Mapping[str, Mapping[str, Output[str]]]
Policies = Mapping[str, monitoring.AlertPolicy]
Args = TypeVar("Args")

# What the provider calls otherwise than the API.
_PROVIDER_NAMES = {"notificationChannelStrategy": "notificationChannelStrategies"}


def declare(settings: Settings, definitions: Definitions, secrets: Secrets) -> dict[str, Any]:
    """Declare everything and return the stack's outputs, by kind and name.

    `secrets` has the values of each channel's secret labels, as Pulumi secrets.
    """
    metrics = {metric.name: _log_metric(metric, settings) for metric in definitions.log_metrics}
    channels = _channels(settings, secrets)
    policies = {
        policy.name: _alert_policy(
            policy,
            settings,
            channels,
            [metrics[metric.name] for metric in metrics_read_by(policy, definitions.log_metrics)],
        )
        for policy in definitions.alert_policies
    }
    dashboards = {dashboard.name: _dashboard(dashboard, settings, policies) for dashboard in definitions.dashboards}
    return {
        "log_metrics": {name: metric.name for name, metric in metrics.items()},
        "notification_channels": {name: channel.name for name, channel in channels.items()},
        "alert_policies": {name: policy.name for name, policy in policies.items()},
        "dashboards": {name: _console_link(dashboard, settings) for name, dashboard in dashboards.items()},
    }


def _log_metric(metric: LogMetric, settings: Settings) -> logging.Metric:
    """Declare one log-based metric.

    Its kind and type cannot change (docs.cloud.google.com/logging/docs/reference/v2/rest/v2/projects.metrics), and its
    name is taken until the old one is gone. Neither can its name: the provider would write a second metric under the
    new one and forget the first (hashicorp/terraform-provider-google, resource_logging_metric.go: no ForceNew).
    """
    return logging.Metric(
        metric.name,
        args=_typed(logging.MetricArgs, metric.body, Position(metric.source), project=settings.project),
        opts=ResourceOptions(
            replace_on_changes=["name", "metricDescriptor.metricKind", "metricDescriptor.valueType"],
            delete_before_replace=True,
        ),
    )


def _channels(settings: Settings, secrets: Secrets) -> dict[str, monitoring.NotificationChannel]:
    """Declare all channels, none of which waits for another: one that is refused keeps no other from being deployed.

    "Single-thread API calls that modify the state of notification channels", and policies as well
    (docs.cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.notificationChannels/create): the provider holds a
    lock per project while it writes one (hashicorp/terraform-provider-google, resource_monitoring_alert_policy.go).

    A replaced channel is created first and deleted last, after the policies name the new one: the API refuses to delete
    a channel in use. `force_delete` would get round that by silently muting policies, those of others included.
    """
    return {
        channel.name: monitoring.NotificationChannel(
            channel.name,
            args=_channel_args(channel, settings, secrets.get(channel.name, {})),
            opts=ResourceOptions(
                delete_before_replace=False,
                replace_on_changes=["type"],
                additional_secret_outputs=["labels", "sensitiveLabels"] if channel.secret_labels else None,
            ),
        )
        for channel in settings.channels
    }


def _channel_args(
    channel: Channel, settings: Settings, secrets: Mapping[str, Output[str]]
) -> monitoring.NotificationChannelArgs:
    body = channel_body(channel, settings)
    sensitive = {label: secrets[label] for label in channel.secret_labels if label in SENSITIVE_LABELS}
    in_labels = {label: secrets[label] for label in channel.secret_labels if label not in SENSITIVE_LABELS}
    if in_labels:
        body = {**body, "labels": {**body.get("labels", {}), **in_labels}}
    known = {"project": settings.project, "force_delete": False}
    if sensitive:
        known["sensitive_labels"] = monitoring.NotificationChannelSensitiveLabelsArgs(**sensitive)
    return _typed(monitoring.NotificationChannelArgs, body, Position(f"channel {channel.name}"), **known)


def _alert_policy(
    policy: AlertPolicy,
    settings: Settings,
    channels: Mapping[str, monitoring.NotificationChannel],
    metrics: Sequence[logging.Metric],
) -> monitoring.AlertPolicy:
    """Declare one policy after the metrics that it reads and the channels that it notifies, and after nothing else."""
    names = [channels[channel.name].name for channel in settings.channels_of(policy.priority)]
    body = notifying_policy_body(policy, settings, names)
    return monitoring.AlertPolicy(
        policy.name,
        args=_typed(monitoring.AlertPolicyArgs, body, Position(policy.source), project=settings.project),
        opts=ResourceOptions(depends_on=list(metrics)),
    )


def _dashboard(dashboard: Dashboard, settings: Settings, policies: Policies) -> monitoring.Dashboard:
    """Declare one dashboard after the policies that it shows, with their real names.

    The provider compares the JSON as a string, so it is always written the same way.
    """
    body = dashboard_body(dashboard)
    used = {place: policies[name] for place, name in _policy_places(policies, settings).items()}
    used = {place: policy for place, policy in used.items() if place in set(_strings(body))}
    text: pulumi.Input[str] = _canonical(body)
    if used:
        # A name as the server gives it: projects/PROJECT_OR_NUMBER/alertPolicies/ID.
        names = Output.all(**{place: policy.name for place, policy in used.items()})
        text = names.apply(lambda names: _canonical(_with_names(body, names)))
    return monitoring.Dashboard(dashboard.name, project=settings.project, dashboard_json=text)


def _policy_places(policies: Policies, settings: Settings) -> dict[str, str]:
    """Map the strings that stand for a policy in a dashboard, with and without the project, to the policy's name."""
    short = {f"alertPolicies/{name}": name for name in policies}
    return short | {f"projects/{settings.project}/{place}": name for place, name in short.items()}


def _strings(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for item in value.values() for text in _strings(item)]
    if isinstance(value, list):
        return [text for item in value for text in _strings(item)]
    return [value] if isinstance(value, str) else []


def _with_names(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _with_names(item, names) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_names(item, names) for item in value]
    if isinstance(value, str) and value in names:
        return names[value] if value.startswith("projects/") else _without_project(names[value])
    return value


def _without_project(name: str) -> str:
    return "/".join(name.split("/")[2:])


def _canonical(body: Body) -> str:
    return json.dumps(body, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def _console_link(dashboard: monitoring.Dashboard, settings: Settings) -> Output[str]:
    link: Output[str] = dashboard.id.apply(lambda name: console_link(_last_part(name), settings))
    return link


def _last_part(name: str) -> str:
    return name.rpartition("/")[2]


def _typed(cls: type[Args], body: Body, source: Position, **known: Any) -> Args:
    """Return the provider's arguments class for an API body; `known` are arguments in Python's own names.

    A key that the provider does not know would be dropped without a word, so it is an error.
    """
    return cls(**_arguments(cls, body, source, ""), **known)


def _arguments(cls: type, body: Body, source: Position, path: str) -> dict[str, Any]:
    python_names = {name: python for python, name in input_type_py_to_pulumi_names(cls).items()}
    types = input_type_types(cls)
    arguments: dict[str, Any] = {}
    for key, value in body.items():
        name = _PROVIDER_NAMES.get(key, key)
        if name not in python_names:
            raise UserError(
                f"the Pulumi provider has no {path}{key}{nearest(key, set(python_names))}; "
                "remove it, or upgrade pulumi-gcp",
                source,
            )
        arguments[python_names[name]] = _converted(_nested_class(types[name]), value, source, f"{path}{key}")
    return arguments


def _converted(cls: type | None, value: Any, source: Position, path: str) -> Any:
    if cls is None:
        return value
    if isinstance(value, list):
        return [_converted(cls, item, source, f"{path}[{index}]") for index, item in enumerate(value)]
    return cls(**_arguments(cls, value, source, f"{path}."))


def _nested_class(annotation: Any) -> type | None:
    """Return the arguments class inside Input[...], Optional[...], Sequence[...], or None for plain values."""
    if isinstance(annotation, type) and is_input_type(annotation):
        return annotation
    return next((found for part in get_args(annotation) if (found := _nested_class(part))), None)
