"""Points of log files, taken from the cache where the same bytes were counted before, each metric by itself.

A metric's points are kept under all that they depend on: the bytes of the files, what the metric counts, and this
program. So a changed filter reads the files again for its own metric only, and a renamed metric for none. Small files
that follow each other are kept as one, so that many of them do not cost a pass each.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property, partial
from itertools import chain
from pathlib import Path
from typing import Any

from loyalty_monitoring.common.cache import Cache, key, sealed, unsealed
from loyalty_monitoring.common.database import Connection, Progress, connect
from loyalty_monitoring.common.temporary_folders import temporary_folder
from loyalty_monitoring.definitions.model import LogMetric
from loyalty_monitoring.replay.entries.counts import MOST_ORIGINS, EntryCounts, Rejected, added, checked
from loyalty_monitoring.replay.entries.log_files import shown_name
from loyalty_monitoring.replay.entries.newest import Search, Searching
from loyalty_monitoring.replay.kept_files import Group, kept_json, program, put_json
from loyalty_monitoring.replay.kept_lines import Found, keep_places, kept_places
from loyalty_monitoring.replay.metric_points import count_files, export_points, import_points
from loyalty_monitoring.replay.result import MetricSummary

_COUNTED = ("filter", "labelExtractors", "valueExtractor", "bucketOptions", "metricDescriptor")


@dataclass(frozen=True)
class Asked:
    """The points to make: those of `metrics` in the files of `groups`, with the buckets that `wanted` names.

    `searches` are done on the way.
    """

    groups: tuple[Group, ...]
    metrics: tuple[LogMetric, ...]
    wanted: frozenset[str]
    strict: bool
    searches: tuple[Search, ...] = ()

    @cached_property
    def keys(self) -> Mapping[str, tuple[str, ...]]:
        """Under what the points of a metric, by its name in PromQL, are kept: for each group in its order."""
        return {
            metric.promql_name: tuple(
                key(
                    program(),
                    group.content,
                    {name: metric.body[name] for name in _COUNTED if name in metric.body},
                    self.has_buckets(metric),
                )
                for group in self.groups
            )
            for metric in self.metrics
        }

    def has_buckets(self, metric: LogMetric) -> bool:
        """Return whether the entries in each bucket of a distribution are counted."""
        return f"{metric.promql_name}_bucket" in self.wanted

    def key(self, metrics: Iterable[LogMetric]) -> str | None:
        """Return a key of the points of some of the metrics in all files, and of their names; None where there can be
        none.
        """
        contents = [group.content for group in self.groups]
        if None in contents:
            return None
        return key(contents, [[metric.promql_name, self.keys[metric.promql_name]] for metric in metrics])

    def is_unchanged(self) -> bool:
        """Return whether all files are still those whose bytes are in the keys: else nothing is kept under these."""
        return all(group.is_unchanged() for group in self.groups)


def known_counts(cache: Cache, asked: Asked) -> tuple[EntryCounts, dict[str, MetricSummary]] | None:
    """Return what `load_points` found before; None where something has to be counted."""
    kept = kept_json(cache, "found", asked.key(asked.metrics))
    if kept is None or (asked.strict and any(one["rejected"] for one in kept["counts"])):
        return None
    counts = [_as_counts(group, one) for group, one in zip(asked.groups, kept["counts"], strict=True)]
    return checked(added(counts)), {name: MetricSummary(*numbers) for name, numbers in kept["summaries"].items()}


def load_points(
    con: Connection, cache: Cache, asked: Asked, folder: Path, progress: Progress | None = None
) -> tuple[EntryCounts, dict[str, MetricSummary], list[Found]]:
    """Make the tables that `make_points` makes; `folder` holds files meanwhile. Errors: those of `load_entries`.

    Returned are also the places of what is searched, of each group in its order.
    """
    counts: list[EntryCounts] = []
    parts: list[list[Path]] = [[] for _ in asked.metrics]
    places: list[Found] = []
    for number in range(len(asked.groups)):
        of_group, files, searched = _points_of_group(cache, asked, number, folder / f"{number}", progress)
        counts.append(of_group)
        places.append(searched)
        for of_metric, file in zip(parts, files, strict=True):
            of_metric.append(file)
    together = checked(added(counts))
    summaries = import_points(con, asked.metrics, parts)
    for file in chain.from_iterable(parts):
        file.unlink()
    if asked.is_unchanged():
        found = {
            "counts": [_as_json(group, one) for group, one in zip(asked.groups, counts, strict=True)],
            "summaries": {name: [one.matched, one.series, one.points] for name, one in summaries.items()},
        }
        put_json(cache, "found", asked.key(asked.metrics), found)
    return together, summaries, places


def load_places(cache: Cache, asked: Asked, progress: Progress | None = None) -> list[Found]:
    """Return where the newest matches of what is searched are, of each group in its order. Errors: those of
    `load_entries`.
    """
    places: list[Found] = []
    for group in asked.groups:
        found = kept_places(cache, group, asked.searches)
        if found is None:
            searching = Searching(asked.searches)
            _counted(group, [], searching, strict=asked.strict, progress=progress)
            found = searching.found()
            keep_places(cache, group, found)
        places.append(found)
    return places


def count_points(cache: Cache, together: Sequence[Asked], progress: Progress | None = None) -> None:
    """Keep the points of all that is asked of the same files, of which each is read once. Errors: those of
    `load_entries`, but that lines which are rejected are not told.
    """
    for place, group in enumerate(together[0].groups if together else ()):
        missing = {
            asked.keys[metric.promql_name][place]: (metric, asked.has_buckets(metric))
            for asked in together
            for metric in asked.metrics
            if cache.get("points", asked.keys[metric.promql_name][place]) is None
        }
        if not missing or group.content is None:
            continue
        with temporary_folder() as folder:
            wanted = [
                _Wanted(metric, has_buckets=has_buckets, out=folder / f"{number}.parquet")
                for number, (metric, has_buckets) in enumerate(missing.values())
            ]
            counts = _counted(group, wanted, None, strict=any(asked.strict for asked in together), progress=progress)
            _keep(cache, group, counts, dict(zip(missing, (one.out for one in wanted), strict=True)))


def resource_types_of(cache: Cache, groups: Sequence[Group]) -> dict[str, int] | None:
    """Return how many entries each `resource.type` has, the most frequent first; None where that is not kept."""
    found: Counter[str] = Counter()
    for group in groups:
        kept = kept_json(cache, "counts", _counts_key(group))
        if kept is None or len(kept["origins"]) >= MOST_ORIGINS:
            return None
        for kind, _, number in kept["origins"]:
            found[kind] += number
    return dict(found.most_common())


@dataclass(frozen=True)
class _Wanted:
    """A metric whose points are made into the file `out`."""

    metric: LogMetric
    has_buckets: bool
    out: Path


def _counted(
    group: Group, wanted: Sequence[_Wanted], searching: Searching | None, *, strict: bool, progress: Progress | None
) -> EntryCounts:
    """Read a group's files once, and write the points of each metric."""
    # Metrics of two versions may have one name, which is no part of their points.
    metrics = [replace(one.metric, body={**one.metric.body, "name": f"m{n}"}) for n, one in enumerate(wanted)]
    names = {f"{metric.promql_name}_bucket" for metric, one in zip(metrics, wanted, strict=True) if one.has_buckets}
    with connect() as con:
        counts, matched = count_files(
            con, metrics, group.files, names, strict=strict, searching=searching, progress=progress
        )
        for number, one in enumerate(wanted):
            export_points(con, number, matched[number], one.out)
    return counts


def _keep(cache: Cache, group: Group, counts: EntryCounts, points: Mapping[str, Path]) -> None:
    """Keep what was counted, unless the files changed meanwhile."""
    if group.is_unchanged():
        for name, file in points.items():
            cache.put("points", name, partial(_seal, file))
        put_json(cache, "counts", _counts_key(group), _as_json(group, counts))


def _points_of_group(
    cache: Cache, asked: Asked, place: int, folder: Path, progress: Progress | None
) -> tuple[EntryCounts, list[Path], Found]:
    """Return the counts of a group's files, for each metric a file of its points in `folder`, and what is searched."""
    folder.mkdir()
    group = asked.groups[place]
    files = [folder / f"{number}.parquet" for number in range(len(asked.metrics))]
    keys = [asked.keys[metric.promql_name][place] for metric in asked.metrics]
    kept = kept_json(cache, "counts", _counts_key(group))
    if kept is not None and asked.strict and kept["rejected"]:
        kept = None  # the files are read again, for the error
    missing = [
        number
        for number, file in enumerate(files)
        if kept is None or not _copied(cache.get("points", keys[number]), file)
    ]
    known = kept_places(cache, group, asked.searches)
    if kept is not None and not missing and known is not None:
        return _as_counts(group, kept), files, known
    wanted = [
        _Wanted(asked.metrics[number], has_buckets=asked.has_buckets(asked.metrics[number]), out=files[number])
        for number in missing
    ]
    searching = Searching(asked.searches) if known is None else None
    counts = _counted(group, wanted, searching, strict=asked.strict, progress=progress)
    _keep(cache, group, counts, {keys[number]: files[number] for number in missing})
    if searching is None:
        return counts, files, known or {}
    keep_places(cache, group, searching.found())
    return counts, files, searching.found()


def _copied(source: Path | None, target: Path) -> bool:
    """Make `target` of a kept file, which may be removed at any time."""
    content = None if source is None else unsealed(source)
    if content is None:
        return False
    target.write_bytes(content)
    return True


def _seal(source: Path, target: Path) -> None:
    target.write_bytes(sealed(source.read_bytes()))


# What is kept as JSON -----------------------------------------------------------------------------------------------


def _counts_key(group: Group) -> str | None:
    return None if group.content is None else key("counts", program(), group.content)


def _as_json(group: Group, counts: EntryCounts) -> dict[str, Any]:
    """Return the result as JSON. Names are kept as a file's place in its group and what follows, since the bytes have
    no name.
    """

    def named(name: str) -> list[object]:
        beginnings = [shown_name(file) for file in group.files]
        place = max(range(len(beginnings)), key=lambda one: name.startswith(beginnings[one]) * len(beginnings[one]))
        return [place, name.removeprefix(beginnings[place])]

    return {
        "read": counts.read,
        "rejected": counts.rejected,
        "first_rejected": [[named(one.file), one.line, one.reason, one.hint] for one in counts.first_rejected],
        "times": [time and time.isoformat() for time in (counts.first_timestamp, counts.last_timestamp)],
        "files": [named(name) for name in counts.files],
        "size": counts.size,
        "origins": [[*origin, number] for origin, number in counts.origins.items()],
    }


def _as_counts(group: Group, kept: Mapping[str, Any]) -> EntryCounts:
    def named(place: int, rest: str) -> str:
        return f"{shown_name(group.files[place])}{rest}"

    first, last = (time and datetime.fromisoformat(time) for time in kept["times"])
    return EntryCounts(
        kept["read"],
        kept["rejected"],
        tuple(Rejected(named(*name), line, reason, hint) for name, line, reason, hint in kept["first_rejected"]),
        first,
        last,
        tuple(named(*name) for name in kept["files"]),
        kept["size"],
        {(kind, logger): number for kind, logger, number in kept["origins"]},
    )
