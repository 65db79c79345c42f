"""Find alerts that notify other people, or nobody, in another version of a stack."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from loyalty_monitoring.definitions.audience import audience, audience_text, channel_text, same_people
from loyalty_monitoring.definitions.channels import Channel
from loyalty_monitoring.definitions.model import PRIORITIES, Priority
from loyalty_monitoring.definitions.settings import Settings
from loyalty_monitoring.report.diff.versions import Version


@dataclass(frozen=True)
class AudienceChange:
    """`who` is a priority with its `alerts`, or one alert whose own priority changed.

    `old` and `new` are whom it reaches, in words. Of these, `no_longer` are told no more, `also` are new, and
    `elsewhere` are told at other addresses.
    """

    who: str
    alerts: tuple[str, ...]
    old: str
    new: str
    no_longer: tuple[str, ...]
    also: tuple[str, ...]
    elsewhere: tuple[str, ...]
    reaches_nobody: bool


def audience_changes(old: Version | None, new: Version | None) -> list[AudienceChange]:
    """Return the priorities whose channels differ, then the alerts that moved to a priority with other channels."""
    return [*_of_priorities(old, new), *_of_alerts(old, new)]


def _of_priorities(old: Version | None, new: Version | None) -> Iterator[AudienceChange]:
    before, after = _settings(old), _settings(new)
    priorities = _priorities(new or old)
    for priority in PRIORITIES:
        if not same_people(audience(before, priority), audience(after, priority)):
            alerts = tuple(sorted(name for name, has in priorities.items() if has == priority))
            yield _change(priority, alerts, before, priority, after, priority)


def _of_alerts(old: Version | None, new: Version | None) -> Iterator[AudienceChange]:
    if old is None or new is None:
        return
    before, after = _priorities(old), _priorities(new)
    for name in sorted(before.keys() & after.keys()):
        was, is_now = before[name], after[name]
        if was != is_now and not same_people(audience(old.settings, was), audience(new.settings, is_now)):
            yield _change(f"{name} ({was} → {is_now})", (), old.settings, was, new.settings, is_now)


def _settings(version: Version | None) -> Settings | None:
    return None if version is None else version.settings


def _priorities(version: Version | None) -> Mapping[str, Priority]:
    return {} if version is None else {policy.name: policy.priority for policy in version.definitions.alert_policies}


def _change(
    who: str, alerts: tuple[str, ...], old: Settings | None, was: Priority, new: Settings | None, is_now: Priority
) -> AudienceChange:
    before, after = audience(old, was), audience(new, is_now)
    had, has = _addresses(before), _addresses(after)
    return AudienceChange(
        who,
        alerts,
        audience_text(old, was),
        audience_text(new, is_now),
        tuple(text for text in had if text not in has),
        tuple(text for text in has if text not in had),
        tuple(text for text in has if has[text] != had.get(text, has[text])),
        reaches_nobody=not after,
    )


def _addresses(channels: tuple[Channel, ...]) -> dict[str, list[Mapping[str, str]]]:
    """Return the labels of the channels, such as their addresses, by type and title.

    The labels are compared and not shown: see definitions/audience.py.
    """
    found: dict[str, list[Mapping[str, str]]] = {}
    for channel in channels:
        found.setdefault(channel_text(channel), []).append(channel.labels)
    return found
