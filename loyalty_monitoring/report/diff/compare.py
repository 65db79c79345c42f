"""Two versions of a stack and log files -> two replays -> what differs. Wires the others, decides nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from loyalty_monitoring.common.cache import NO_CACHE, Cache
from loyalty_monitoring.common.database import Progress
from loyalty_monitoring.common.temporary_folders import temporary_folder
from loyalty_monitoring.definitions.audience import audience_text
from loyalty_monitoring.definitions.metric_usage import series_in_queries
from loyalty_monitoring.definitions.model import PRIORITIES, Priority
from loyalty_monitoring.replay.entries.log_files import open_source
from loyalty_monitoring.replay.entries.resource_types import resource_types
from loyalty_monitoring.replay.kept_files import Group, groups_of
from loyalty_monitoring.replay.kept_points import Asked, count_points, resource_types_of
from loyalty_monitoring.replay.quantities import PolicyUnits
from loyalty_monitoring.replay.result import Margin, ReplayResult
from loyalty_monitoring.replay.run import replay
from loyalty_monitoring.report.diff.audiences import AudienceChange, audience_changes
from loyalty_monitoring.report.diff.changes import Changes, changes
from loyalty_monitoring.report.diff.incidents import IncidentChange, incident_changes
from loyalty_monitoring.report.diff.versions import Version, chosen_stacks, load_versions


@dataclass(frozen=True)
class Replayed:
    """Both versions on the same logs, from `window_from` to `window_to`.

    `margins` are the new version's, by policy, and `units` those of their numbers. `replayed_as` is the type of the
    logs' resource where it is not the stack's; `matched_nothing` says that no metric of the new version found an entry
    all the same.
    """

    window_from: datetime
    window_to: datetime
    entries_read: int
    incidents: tuple[IncidentChange, ...]
    old_margins: Mapping[str, Margin]
    margins: Mapping[str, Margin]
    old_units: PolicyUnits
    units: PolicyUnits
    replayed_as: str | None
    matched_nothing: bool


@dataclass(frozen=True)
class Difference:
    """The differences between two versions of a stack. `replayed` is None where no change can alter an incident.

    `told` is whom each priority reaches in the new version, in words. `is_new` and `is_gone` say that only one of the
    versions has the stack.
    """

    stack: str
    resource_type: str
    definitions: Changes
    audiences: tuple[AudienceChange, ...]
    told: Mapping[Priority, str]
    replayed: Replayed | None
    is_new: bool
    is_gone: bool


def compare(
    root: Path,
    names: tuple[str, str],
    stacks: Sequence[str],
    files: Sequence[Path],
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    cache: Cache = NO_CACHE,
    progress: Progress | None = None,
) -> list[Difference]:
    """Load two versions, and replay the files with both of each stack that differs; without `stacks`, of all.

    The files are read once, for the metrics of all versions together. Errors: UserError for a version, a file, a window
    or a query.
    """
    pairs = _pairs(root, names, stacks, ())
    found = {pair.stack: changes(pair.old or pair.there, pair.new or pair.there) for pair in pairs}
    to_replay = [pair for pair in pairs if pair.is_one or found[pair.stack].may_alter_incidents]
    replayed: dict[str, Replayed] = {}
    if to_replay:
        with _cache_of_run(cache) as kept:
            groups = groups_of(files, kept)
            for pair in _counted(root, names, [pair.stack for pair in to_replay], files, groups, kept, progress):
                before, after = (
                    None
                    if version is None
                    else replay(
                        version.replayed, files, start=start, end=end, cache=kept, groups=groups, progress=progress
                    )
                    for version in (pair.old, pair.new)
                )
                replayed[pair.stack] = _replayed(before, after, pair)
    else:
        _see_that_they_open(files)
    return [_difference(pair, found[pair.stack], replayed.get(pair.stack)) for pair in pairs]


@dataclass(frozen=True)
class _Pair:
    """Both versions of a stack; one of them may be None."""

    stack: str
    old: Version | None
    new: Version | None

    @property
    def there(self) -> Version:
        """The new version, or the old one where there is no other."""
        found = self.new or self.old
        assert found is not None
        return found

    @property
    def is_one(self) -> bool:
        return self.old is None or self.new is None


def _pairs(root: Path, names: tuple[str, str], stacks: Sequence[str], logged: Collection[str]) -> list[_Pair]:
    before, after = (load_versions(root, name, stacks, logged) for name in names)
    return [_Pair(stack, before.get(stack), after.get(stack)) for stack in chosen_stacks(stacks, before, after)]


def _counted(
    root: Path,
    names: tuple[str, str],
    stacks: Sequence[str],
    files: Sequence[Path],
    groups: Sequence[Group],
    cache: Cache,
    progress: Progress | None,
) -> list[_Pair]:
    """Return the versions that read these logs, when the points of all of them are kept.

    What they read depends on the types of resource in the logs. The beginning of the logs gives a hint of these, and
    all of them are known when the points are.
    """
    logged = resource_types_of(cache, groups)
    pairs = _pairs(root, names, stacks, logged or resource_types(files[:1], most_batches=1))
    _count(pairs, groups, cache, progress)
    if logged is None:
        logged = resource_types_of(cache, groups) or resource_types(files)
        again = _pairs(root, names, stacks, logged)
        if _read_as(again) != _read_as(pairs):
            pairs = again
            _count(pairs, groups, cache, progress)
    return pairs


def _count(pairs: Sequence[_Pair], groups: Sequence[Group], cache: Cache, progress: Progress | None) -> None:
    count_points(cache, [_asked(version, groups) for version in _versions(pairs)], progress)


def _read_as(pairs: Sequence[_Pair]) -> list[str | None]:
    return [version.replayed_as for version in _versions(pairs)]


def _versions(pairs: Sequence[_Pair]) -> list[Version]:
    return [version for pair in pairs for version in (pair.old, pair.new) if version is not None]


def _asked(version: Version, groups: Sequence[Group]) -> Asked:
    metrics = version.replayed.log_metrics
    wanted = series_in_queries(metrics, (policy.query for policy in version.replayed.alert_policies))
    return Asked(tuple(groups), tuple(metrics), frozenset(wanted), strict=False)


@contextmanager
def _cache_of_run(cache: Cache) -> Iterator[Cache]:
    """Yield the cache, or one that is gone with the block where nothing is to be kept: two versions share it."""
    if cache.folder is not None:
        yield cache
        return
    with temporary_folder() as folder:
        yield Cache(folder)


def _see_that_they_open(files: Sequence[Path]) -> None:
    for file in files:
        with open_source(file) as inside:
            next(inside, None)


def _difference(pair: _Pair, found: Changes, replayed: Replayed | None) -> Difference:
    new_settings = None if pair.new is None else pair.new.settings
    return Difference(
        pair.stack,
        pair.there.settings.resource_type,
        found,
        tuple(audience_changes(pair.old, pair.new)),
        {priority: audience_text(new_settings, priority) for priority in PRIORITIES},
        replayed,
        is_new=pair.old is None,
        is_gone=pair.new is None,
    )


def _replayed(before: ReplayResult | None, after: ReplayResult | None, pair: _Pair) -> Replayed:
    window = after or before
    assert window is not None
    return Replayed(
        window.window_from,
        window.window_to,
        window.entries_read,
        tuple(incident_changes(before.incidents if before else (), after.incidents if after else ())),
        before.margins if before else {},
        after.margins if after else {},
        pair.old.units if pair.old else {},
        pair.new.units if pair.new else {},
        pair.there.replayed_as,
        not any(metric.matched for metric in window.metrics.values()),
    )
