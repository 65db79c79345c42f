"""Find alerts that notify other people, or nobody, in another version of a stack."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from loyalty_monitoring.definitions.audience import audience, audience_text, same_people
from loyalty_monitoring.definitions.model import PRIORITIES, Priority
from loyalty_monitoring.definitions.settings import Settings
from loyalty_monitoring.report.diff.versions import Version


@dataclass(frozen=True)
class AudienceChange:
    """`who` is a priority, or an alert whose own priority changed; `old` and `new` are whom it reaches, in words."""

    who: str
    old: str
    new: str
    reaches_nobody: bool


def audience_changes(old: Version | None, new: Version | None) -> list[AudienceChange]:
    """Return the priorities whose channels differ, then the alerts that moved to a priority with other channels."""
    before, after = (None if version is None else version.settings for version in (old, new))
    return [*_of_priorities(before, after), *_of_alerts(old, new)]


def _of_priorities(old: Settings | None, new: Settings | None) -> Iterator[AudienceChange]:
    for priority in PRIORITIES:
        if not same_people(audience(old, priority), audience(new, priority)):
            yield _change(priority, old, priority, new, priority)


def _of_alerts(old: Version | None, new: Version | None) -> Iterator[AudienceChange]:
    if old is None or new is None:
        return
    before, after = _priorities(old), _priorities(new)
    for name in sorted(before.keys() & after.keys()):
        was, is_now = before[name], after[name]
        if was != is_now and not same_people(audience(old.settings, was), audience(new.settings, is_now)):
            yield _change(f"{name} ({was} → {is_now})", old.settings, was, new.settings, is_now)


def _priorities(version: Version) -> dict[str, Priority]:
    return {policy.name: policy.priority for policy in version.definitions.alert_policies}


def _change(who: str, old: Settings | None, was: Priority, new: Settings | None, is_now: Priority) -> AudienceChange:
    before, after = audience_text(old, was), audience_text(new, is_now)
    if before == after:
        # Only the labels differ, such as the address, which are not shown: see definitions/audience.py.
        after += " at another address"
    return AudienceChange(who, before, after, not audience(new, is_now))
