"""channel-limits: sizes and user labels of a notification channel.

Source: https://docs.cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.notificationChannels, see
api_reference.yaml
"""

from __future__ import annotations

from loyalty_monitoring.checks.lint.rule import Rule, said_by_the_reference

RULE = Rule(
    "channel-limits",
    "notification_channel",
    "error",
    "A field of a notification channel is longer than, or otherwise than, the API takes it",
    said_by_the_reference("channel-limits"),
)
