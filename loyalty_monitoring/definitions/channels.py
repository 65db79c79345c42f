"""The types of notification channels, and the channels of a stack.

A secret never gets here: channels name their secret labels, the values stay with Pulumi. No message shows a channel's
label value, because somebody may have written a secret there by mistake.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from loyalty_monitoring.common.errors import UserError, nearest
from loyalty_monitoring.common.yaml_documents import Path_
from loyalty_monitoring.definitions.model import Priority
from loyalty_monitoring.definitions.setting_values import SECRETS_KEY, URL, Reader


@dataclass(frozen=True)
class ChannelType:
    """The labels of a type of notification channel, as its descriptor has them.

    Names with the pattern of their values and what that means; `optional` ones may be left out. `secret_labels` are
    names only.
    """

    labels: Mapping[str, tuple[str, str]]
    secret_labels: tuple[str, ...] = ()
    optional: Mapping[str, tuple[str, str]] = field(default_factory=dict)


# Types and labels: docs.cloud.google.com/monitoring/alerts/using-channels-api (channel descriptors). `team` names a
# Slack workspace, which a second workspace needs: github.com/pulumi/registry/issues/8444. The address of a
# webhook_tokenauth channel carries its token, so the whole address is the secret:
# docs.cloud.google.com/monitoring/support/notification-options#webhooks
CHANNEL_TYPES: Mapping[str, ChannelType] = {
    "email": ChannelType({"email_address": (r"[^@\s]+@[^@\s]+\.[^@\s]+", "an e-mail address")}),
    "google_chat": ChannelType({"space": (r"spaces/[^/\s]+", "the space of Google Chat, such as spaces/AAAA1234")}),
    "pagerduty": ChannelType({}, ("service_key",)),
    "pubsub": ChannelType({"topic": (r"projects/[^/\s]+/topics/[^/\s]+", "projects/PROJECT/topics/TOPIC")}),
    "slack": ChannelType(
        {"channel_name": (r"#?[^\s#]+", "a channel such as #alerts")},
        ("auth_token",),
        {"team": (r"\S(?:.*\S)?", "the name of the workspace")},
    ),
    "sms": ChannelType({"number": (r"\+[1-9][0-9]{6,14}", "a number with its country code, such as +4930123456")}),
    "webhook_basicauth": ChannelType({"url": URL, "username": (r"\S+", "a user name")}, ("password",)),
    "webhook_tokenauth": ChannelType({}, ("url",)),
}


@dataclass(frozen=True)
class Channel:
    """A notification channel. `secret_labels` are names only; the values are Pulumi secrets."""

    name: str
    type: str
    display_name: str
    labels: Mapping[str, str]
    secret_labels: tuple[str, ...]
    priorities: tuple[Priority, ...]


def secret_command(channel: str, label: str, stack: str = "STACK") -> str:
    """Return the command that gives a channel its secret, without the secret."""
    return f"pulumi config set --secret --path '{SECRETS_KEY}.{channel}.{label}' VALUE --stack {stack}"


def read_channel(reader: Reader, name: str) -> Channel:
    """Return the checked channel of this name. Errors: UserError with key and remedy, without any label's value."""
    path: Path_ = ("channels", name)
    if not re.fullmatch(r"[a-z][a-z0-9_-]{0,62}", name):
        raise reader.error(
            path, "is no name for a channel; use 1 to 63 lower-case letters, digits, _ and -, a letter first"
        )
    entry = reader.mapping(path)
    known = {"type", "displayName", "labels", "secretLabels", "priorities"}
    for key in entry:
        if key not in known:
            raise UserError(f"channel {name!r}: unknown key {key!r}{nearest(key, known)}", reader.locate((*path, key)))
    for key in ("type", "displayName", "priorities"):
        if key not in entry:
            raise reader.error(path, f"lacks the key {key!r}; add it")
    type_name = reader.string((*path, "type"))
    if type_name not in CHANNEL_TYPES:
        raise reader.error((*path, "type"), f"is {type_name!r}{nearest(type_name, set(CHANNEL_TYPES))}")
    display_name = reader.string((*path, "displayName"))
    if not 1 <= len(display_name) <= 400:
        raise reader.error((*path, "displayName"), "must have 1 to 400 characters; the API allows 512 with the prefix")
    priorities = reader.priorities((*path, "priorities"))
    if not priorities:
        raise reader.error((*path, "priorities"), "serves no priority; name one of P0, P1, P2, or remove the channel")
    kind = CHANNEL_TYPES[type_name]
    return Channel(
        name=name,
        type=type_name,
        display_name=display_name,
        labels=_labels(reader, path, entry, kind),
        secret_labels=_secret_labels(reader, path, entry, kind),
        priorities=priorities,
    )


def _labels(reader: Reader, path: Path_, entry: Mapping[str, Any], kind: ChannelType) -> dict[str, str]:
    path = (*path, "labels")
    given = reader.mapping(path) if "labels" in entry else {}
    for label in given:
        if label in kind.secret_labels:
            raise reader.error(
                (*path, label), f"is a secret and must not stand in plain text; {_move_to_secret(path, label)}"
            )
        if label not in kind.labels and label not in kind.optional:
            expected = nearest(label, {*kind.labels, *kind.optional}) or "; this type has none, remove it"
            raise reader.error((*path, label), f"is no label of the type {entry['type']!r}{expected}")
    for label, (pattern, expected) in {**kind.labels, **kind.optional}.items():
        if label not in given and label in kind.optional:
            continue
        if label not in given:
            raise reader.error(path[:-1], f"lacks labels.{label}; add {expected}")
        if not re.fullmatch(pattern, reader.string((*path, label))):
            raise reader.error((*path, label), f"is not as expected; write {expected}")
    return dict(sorted(given.items()))


def _secret_labels(reader: Reader, path: Path_, entry: Mapping[str, Any], kind: ChannelType) -> tuple[str, ...]:
    given = entry.get("secretLabels", [])
    if not isinstance(given, list):
        raise reader.error((*path, "secretLabels"), "must be a list of label names, such as [auth_token]")
    for index, label in enumerate(given):
        if label not in kind.secret_labels:
            # The text may be a secret that stands here by mistake, so only the right names are shown.
            expected = ", ".join(kind.secret_labels) or "none, remove it"
            raise reader.error(
                (*path, "secretLabels", index), f"is no secret label of the type {entry['type']!r}; expected {expected}"
            )
    for label in kind.secret_labels:
        if label not in given:
            raise reader.error(
                path, f"lacks secretLabels: [{label}]; add it, then run: {secret_command(str(path[1]), label)}"
            )
    return kind.secret_labels


def _move_to_secret(path: Path_, label: str) -> str:
    return f"name it in secretLabels, revoke this value, and run: {secret_command(str(path[1]), label)}"
