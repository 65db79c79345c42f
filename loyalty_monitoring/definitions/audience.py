"""Find who is notified of an alert: the stack's channels that serve its priority."""

from __future__ import annotations

from collections.abc import Mapping

from loyalty_monitoring.definitions.channels import Channel
from loyalty_monitoring.definitions.model import Priority
from loyalty_monitoring.definitions.settings import Settings

# What people call the types of the API (docs.cloud.google.com/monitoring/support/notification-options).
_TYPES: Mapping[str, str] = {
    "email": "e-mail",
    "google_chat": "Google Chat",
    "pagerduty": "PagerDuty",
    "pubsub": "Pub/Sub",
    "slack": "Slack",
    "sms": "SMS",
    "webhook_basicauth": "webhook",
    "webhook_tokenauth": "webhook",
}


def audience(settings: Settings | None, priority: Priority | None) -> tuple[Channel, ...]:
    """Return the channels that ring for a priority; none where the stack or the alert does not exist."""
    return () if settings is None or priority is None else settings.channels_of(priority)


def audience_text(settings: Settings | None, priority: Priority | None) -> str:
    """Return the channels by type and title, such as "PagerDuty On-call, Slack #alerts"; or "nobody", and why."""
    if settings is None:
        return "nobody (there is no such stack)"
    if priority is None:
        return "nobody (there is no such alert)"
    channels = settings.channels_of(priority)
    return ", ".join(map(channel_text, channels)) if channels else "nobody (silentPriorities)"


def channel_text(channel: Channel) -> str:
    """Type and title. Labels are not shown: somebody may have written a secret into one."""
    return f"{_TYPES.get(channel.type, channel.type)} {channel.display_name}"


def same_people(old: tuple[Channel, ...], new: tuple[Channel, ...]) -> bool:
    """Return whether the same addresses are told. A channel's own name does not matter."""
    return _addresses(old) == _addresses(new)


def _addresses(channels: tuple[Channel, ...]) -> set[tuple[str, str, tuple[tuple[str, str], ...]]]:
    return {(one.type, one.display_name, tuple(sorted(one.labels.items()))) for one in channels}
