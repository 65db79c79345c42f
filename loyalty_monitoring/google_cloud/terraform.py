"""Turns definitions into one Terraform module, in Terraform's JSON syntax; OpenTofu reads the same.

Arguments are the API's keys in snake case: hashicorp/terraform-provider-google v7.45.0, website/docs/r, pages
logging_metric, monitoring_alert_policy, monitoring_dashboard and monitoring_notification_channel. A block is an object,
several blocks of one name are a list, and every text is a template
(https://developer.hashicorp.com/terraform/language/syntax/json).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from loyalty_monitoring.common.errors import Position, UserError
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

# `disable_metric_validation` is the youngest argument in use (CHANGELOG.md of the provider).
PROVIDER = {"source": "hashicorp/google", "version": ">= 6.13.0"}
# Maps of texts: their keys are the user's own. The labels of a metric descriptor are a list of blocks.
_MAPS = frozenset({"userLabels", "labelExtractors", "labels"})

_METRIC, _CHANNEL = "google_logging_metric", "google_monitoring_notification_channel"
_POLICY, _DASHBOARD = "google_monitoring_alert_policy", "google_monitoring_dashboard"
# The provider would write a second metric under a new name and forget the first; this has it replaced.
_METRIC_NAMES = "terraform_data.metric_names"


def module(settings: Settings, definitions: Definitions) -> Body:
    """Return the module as the content of one .tf.json file: resources, variables for the secrets, and the stack's
    outputs.
    """
    metrics = {_address(metric.name): _metric(metric, settings) for metric in definitions.log_metrics}
    channels = {_address(channel.name): _channel(channel, settings) for channel in settings.channels}
    policies = {_address(policy.name): _policy(policy, settings, definitions) for policy in definitions.alert_policies}
    dashboards = {
        _address(dashboard.name): _dashboard(dashboard, settings, definitions) for dashboard in definitions.dashboards
    }
    resources = {_METRIC: metrics, _CHANNEL: channels, _POLICY: policies, _DASHBOARD: dashboards}
    # All names begin alike; what follows is the name of the file, and so of the resource.
    beginnings = {metric.api_name.rpartition("/")[0] for metric in definitions.log_metrics}
    names = {"metric_names": {"input": sorted(beginnings)}} if beginnings else {}
    resources = {"terraform_data": names, **resources}
    whole: Body = {
        "terraform": {"required_version": ">= 1.4.0", "required_providers": {"google": PROVIDER}},
        "variable": _variables(settings),
        "resource": {kind: items for kind, items in resources.items() if items},
        "output": _outputs(settings, definitions),
    }
    return {key: value for key, value in whole.items() if value}


def _metric(metric: LogMetric, settings: Settings) -> Body:
    lifecycle = {"replace_triggered_by": [_METRIC_NAMES]}
    return {**_arguments(metric.body), "project": settings.project, "lifecycle": lifecycle}


def _channel(channel: Channel, settings: Settings) -> Body:
    """Return a channel's resource, which is replaced by creating the new one first: the API deletes none that a policy
    names.
    """
    body = _arguments(channel_body(channel, settings))
    secrets = {label: f"${{var.{_variable(channel, label)}}}" for label in channel.secret_labels}
    sensitive = {label: value for label, value in secrets.items() if label in SENSITIVE_LABELS}
    in_labels = {label: value for label, value in secrets.items() if label not in SENSITIVE_LABELS}
    if in_labels:
        body["labels"] = {**body.get("labels", {}), **in_labels}
    if sensitive:
        body["sensitive_labels"] = sensitive
    lifecycle = {"create_before_destroy": True}
    return {**body, "project": settings.project, "force_delete": False, "lifecycle": lifecycle}


def _policy(policy: AlertPolicy, settings: Settings, definitions: Definitions) -> Body:
    """Return a policy that is created after the metrics that it reads."""
    channels = [_name(_CHANNEL, each) for each in settings.channels_of(policy.priority)]
    body = _arguments(notifying_policy_body(policy, settings, channels))
    waits = [f"{_METRIC}.{_address(metric.name)}" for metric in metrics_read_by(policy, definitions.log_metrics)]
    return {**body, "project": settings.project, "depends_on": waits}


def _dashboard(dashboard: Dashboard, settings: Settings, definitions: Definitions) -> Body:
    """Return a dashboard as one text, in which references stand for the policies that it shows."""
    text = _escaped(json.dumps(dashboard_body(dashboard), sort_keys=True, ensure_ascii=False, separators=(",", ":")))
    for policy in definitions.alert_policies:
        name = f"{_POLICY}.{_address(policy.name)}.name"
        whole, short = f'"projects/{settings.project}/alertPolicies/{policy.name}"', f'"alertPolicies/{policy.name}"'
        text = text.replace(whole, f'"${{{name}}}"').replace(short, f'"alertPolicies/${{basename({name})}}"')
    return {"project": settings.project, "dashboard_json": text}


def _variables(settings: Settings) -> Body:
    variables: Body = {}
    for channel in settings.channels:
        for label in channel.secret_labels:
            name = _variable(channel, label)
            if name in variables:
                raise UserError(
                    f"two secrets would be the variable {name}; rename it", Position(f"channel {channel.name}")
                )
            description = f"The {label} of the channel {channel.name}."
            variables[name] = {"type": "string", "description": description, "sensitive": True, "nullable": False}
    return variables


def _outputs(settings: Settings, definitions: Definitions) -> Body:
    def names(kind: str, items: Sequence[Channel | LogMetric | AlertPolicy]) -> dict[str, str]:
        return {item.name: _name(kind, item) for item in items}

    links = {
        each.name: console_link(f"${{basename({_DASHBOARD}.{_address(each.name)}.id)}}", settings)
        for each in definitions.dashboards
    }
    return {
        "log_metrics": {"value": names(_METRIC, definitions.log_metrics)},
        "notification_channels": {"value": names(_CHANNEL, settings.channels)},
        "alert_policies": {"value": names(_POLICY, definitions.alert_policies)},
        "dashboards": {"value": links},
    }


class _Reference(str):
    """A text that is a template on purpose."""


def _name(kind: str, item: Channel | LogMetric | AlertPolicy) -> str:
    return _Reference(f"${{{kind}.{_address(item.name)}.name}}")


def _variable(channel: Channel, label: str) -> str:
    return f"{_address(channel.name)}_{label}".replace("-", "_")


def _address(name: str) -> str:
    """Return a name as an identifier, which begins with a letter or an underscore."""
    return f"_{name}" if name[0].isdigit() else name


def _arguments(body: Mapping[str, Any]) -> Body:
    return {_snake(key): _value(key, value) for key, value in body.items()}


def _value(key: str, value: Any) -> Any:
    if isinstance(value, dict):
        if key in _MAPS:
            return {_escaped(name): _escaped(text) for name, text in value.items()}
        return _arguments(value)
    if isinstance(value, list | tuple):
        return [_value("", item) for item in value]
    return _escaped(value) if isinstance(value, str) else value


def _escaped(text: str) -> str:
    """Return a text that is no template: `${` and `%{` begin one, as in the variables of an alert's documentation."""
    return text if isinstance(text, _Reference) else text.replace("${", "$${").replace("%{", "%%{")


def _snake(key: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", key).lower()
