"""channel-labels: a notification channel has the labels that its type's descriptor has, and those that it requires.

Secrets are labels too; whoever reads a channel does not get them, so that a missing one is no finding. A type that is
not known here may be a new one.

Source: https://docs.cloud.google.com/monitoring/alerts/using-channels-api (channel descriptors)
"""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from loyalty_monitoring.checks.lint.placeholders import has_placeholder
from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource, Rule, text
from loyalty_monitoring.common.errors import nearest
from loyalty_monitoring.definitions.channels import CHANNEL_TYPES


def check(channel: Resource, project: Project) -> Iterator[Problem]:
    type_ = text(channel.body.get("type"))
    if has_placeholder(type_):
        return
    kind = CHANNEL_TYPES.get(type_)
    if kind is None:
        if close := get_close_matches(type_[:60], CHANNEL_TYPES, n=1):
            yield Problem(("type",), f"{type_!r} is no type of channel", f"did you mean {close[0]!r}?")
        return
    labels = channel.body.get("labels", {})
    if not isinstance(labels, dict):
        return
    known = {*kind.labels, *kind.optional, *kind.secret_labels}
    unknown = [label for label in labels if label not in known and not has_placeholder(label)]
    for label in unknown:
        yield Problem(
            ("labels", label),
            f"a channel of type {type_} has no label {label!r}",
            nearest(label, known).removeprefix("; "),
        )
    for label, (_, expected) in kind.labels.items():
        if not unknown and label not in labels and not any(map(has_placeholder, labels)):
            yield Problem(
                ("labels",), f"a channel of type {type_} needs the label {label!r}", f"write {label}: {expected}"
            )


RULE = Rule(
    "channel-labels",
    "notification_channel",
    "error",
    "A notification channel has a label that its type does not have, or lacks one",
    check,
)
