"""Two versions and log files -> two replays -> what differs. Wires the others, decides nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from loyalty_monitoring.common.database import Progress
from loyalty_monitoring.replay.run import replay
from loyalty_monitoring.report.diff.changes import Changes, changes
from loyalty_monitoring.report.diff.incidents import IncidentChange, incident_changes
from loyalty_monitoring.report.diff.versions import Version


@dataclass(frozen=True)
class Difference:
    """What differs between two versions on the same logs, from `window_from` to `window_to`."""

    old: str
    new: str
    window_from: datetime
    window_to: datetime
    entries_read: int
    definitions: Changes
    incidents: tuple[IncidentChange, ...]


def compare(
    old: Version,
    new: Version,
    files: Sequence[Path],
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    progress: Progress | None = None,
) -> Difference:
    """Replay the files with both versions. Errors: UserError for a file, a window or a query."""
    before, after = (
        replay(version.definitions, files, start=start, end=end, progress=progress) for version in (old, new)
    )
    return Difference(
        old.name,
        new.name,
        after.window_from,
        after.window_to,
        after.entries_read,
        changes(old, new),
        tuple(incident_changes(before.incidents, after.incidents)),
    )
