"""Two versions of a stack and log files -> two replays -> what differs. Wires the others, decides nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from loyalty_monitoring.common.cache import NO_CACHE, Cache
from loyalty_monitoring.common.database import Progress
from loyalty_monitoring.replay.result import Margin, ReplayResult
from loyalty_monitoring.replay.run import replay
from loyalty_monitoring.report.diff.audiences import AudienceChange, audience_changes
from loyalty_monitoring.report.diff.changes import Changes, changes
from loyalty_monitoring.report.diff.incidents import IncidentChange, incident_changes
from loyalty_monitoring.report.diff.versions import Version


@dataclass(frozen=True)
class Replayed:
    """Both versions on the same logs, from `window_from` to `window_to`.

    `margins` are the new version's, by policy. `replayed_as` is the type of the logs' resource where it is not the
    stack's; `matched_nothing` says that no metric of the new version found an entry all the same.
    """

    window_from: datetime
    window_to: datetime
    entries_read: int
    incidents: tuple[IncidentChange, ...]
    old_margins: Mapping[str, Margin]
    margins: Mapping[str, Margin]
    replayed_as: str | None
    matched_nothing: bool


@dataclass(frozen=True)
class Difference:
    """The differences between two versions of a stack. `replayed` is None where no change can alter an incident.

    `is_new` and `is_gone` say that only one of the versions has the stack.
    """

    stack: str
    resource_type: str
    definitions: Changes
    audiences: tuple[AudienceChange, ...]
    replayed: Replayed | None
    is_new: bool
    is_gone: bool


def compare(
    stack: str,
    old: Version | None,
    new: Version | None,
    files: Sequence[Path],
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    cache: Cache = NO_CACHE,
    progress: Progress | None = None,
) -> Difference:
    """Replay the files with both versions, if they differ. Errors: UserError for a file, a window or a query."""
    there = new or old
    assert there is not None
    found = changes(old or there, new or there)
    replayed = None
    if old is None or new is None or found.may_alter_incidents:
        before, after = (
            None
            if version is None
            else replay(version.replayed, files, start=start, end=end, cache=cache, progress=progress)
            for version in (old, new)
        )
        replayed = _replayed(before, after, there)
    return Difference(
        stack,
        there.settings.resource_type,
        found,
        tuple(audience_changes(old, new)),
        replayed,
        is_new=old is None,
        is_gone=new is None,
    )


def _replayed(before: ReplayResult | None, after: ReplayResult | None, there: Version) -> Replayed:
    window = after or before
    assert window is not None
    return Replayed(
        window.window_from,
        window.window_to,
        window.entries_read,
        tuple(incident_changes(before.incidents if before else (), after.incidents if after else ())),
        before.margins if before else {},
        after.margins if after else {},
        there.replayed_as,
        not any(metric.matched for metric in window.metrics.values()),
    )
