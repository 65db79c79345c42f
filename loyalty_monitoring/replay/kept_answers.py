"""PromQL over the points of log files, where nothing that was asked before is asked again.

Kept are Prometheus' blocks, by the points in them, and answers, by the query, its times and the points of the metrics
that the query names. So a changed threshold asks one query anew, of blocks that are there already. Prometheus starts
when a question comes that has no answer yet.
"""

from __future__ import annotations

import json
import os
import shutil
import threading
import zlib
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, Literal

from loyalty_monitoring.common.cache import Cache, key
from loyalty_monitoring.common.database import Progress, connect
from loyalty_monitoring.common.errors import UserError
from loyalty_monitoring.common.temporary_folders import temporary_folder
from loyalty_monitoring.definitions.metric_usage import series_in_queries, series_names
from loyalty_monitoring.definitions.model import LogMetric
from loyalty_monitoring.replay.blocks import store_points
from loyalty_monitoring.replay.entries.counts import EntryCounts
from loyalty_monitoring.replay.entries.newest import Search
from loyalty_monitoring.replay.kept_files import Group, groups_of, program
from loyalty_monitoring.replay.kept_lines import Found, kept_lines, read_lines
from loyalty_monitoring.replay.kept_points import Asked, known_counts, load_places, load_points
from loyalty_monitoring.replay.prometheus import Given, Prometheus, Series, engine, prometheus_with
from loyalty_monitoring.replay.result import MetricSummary, Points
from loyalty_monitoring.replay.running_servers import RunningServers


@contextmanager
def answering(
    metrics: Sequence[LogMetric],
    files: Sequence[Path | Literal["-"]],
    wanted: Collection[str],
    cache: Cache,
    *,
    strict: bool = False,
    groups: Sequence[Group] | None = None,
    searches: Sequence[Search] = (),
    servers: RunningServers | None = None,
    progress: Progress | None = None,
) -> Iterator[tuple[KeptAnswers, Points]]:
    """Yield a function that answers queries over the points that the metrics make of the files; `wanted` are the series
    that are named. `groups` are those of the files, where whoever asks has them. `searches` are done on the way.
    `servers` are those of whoever asks again while these answers are still needed.

    Errors: those of `load_entries`, and when asked, of `Prometheus`.
    """
    asked = Asked(tuple(groups or groups_of(files, cache)), tuple(metrics), frozenset(wanted), strict, tuple(searches))
    with ExitStack() as stack:
        made = stack.enter_context(temporary_folder()) / "blocks"
        servers = servers or stack.enter_context(RunningServers())
        points = _points(cache, asked, made, progress)
        stack.callback(cache.shrink)
        leases = stack.enter_context(ExitStack())

        def start() -> Prometheus:
            return leases.enter_context(servers.server(_blocks_key(asked), partial(_serving, cache, asked, made)))

        yield KeptAnswers(cache, asked, start), points


@contextmanager
def _serving(cache: Cache, asked: Asked, made: Path) -> Iterator[Prometheus]:
    """Yield a server over the blocks that are kept, or over those in `made`, where they are made if they are not."""
    with temporary_folder() as folder, ExitStack() as running:
        data = folder / "data"
        name = _blocks_key(asked)
        kept = None if name is None else cache.get("blocks", name)
        server = None
        if kept is not None:
            try:
                server = running.enter_context(prometheus_with(data, _linked_blocks(kept, data)))
            except (OSError, ValueError, UserError):  # blocks that were removed meanwhile, or that the disk has damaged
                shutil.rmtree(data, ignore_errors=True)
        if server is None:
            if not made.exists():
                _make_blocks(cache, replace(asked, searches=()), made, None)
            server = running.enter_context(prometheus_with(data, _linked_blocks(made, data)))
        yield server


class KeptAnswers:
    """An `Evaluator` that starts Prometheus when it must. Made by `answering` only."""

    def __init__(self, cache: Cache, asked: Asked, start: Callable[[], Prometheus]) -> None:
        self._cache, self._asked, self._start = cache, asked, start
        self._prometheus: Prometheus | None = None
        self._starting = threading.Lock()

    def query_range(self, query: str, first: int, last: int, step: int) -> list[Series]:
        def ask() -> list[Any]:
            return [[dict(one.labels), list(one.samples)] for one in self.ask(query, first, last, step)]

        found = self.remembered(["query_range", query, first, last, step], [query], ask)
        return [Series(labels, [(at, value) for at, value in samples]) for labels, samples in found]

    def ask(self, query: str, first: int, last: int, step: int) -> list[Series]:
        """Return the same from Prometheus itself, for an answer of which less is kept."""
        return self._running().query_range(query, first, last, step)

    def label_sets(self, labels: Sequence[str], first: int, last: int) -> list[dict[str, str]]:
        found = self.remembered(
            ["label_sets", list(labels), first, last],
            None,
            lambda: self._running().label_sets(labels, first, last),
        )
        return [dict(one) for one in found]

    def remembered(self, question: Sequence[object], queries: Iterable[str] | None, work_out: Callable[[], Any]) -> Any:
        """Return what `work_out` makes, as JSON has it, or made when the same was asked of the same points.

        `question` says what is asked, in plain data; `queries` name all metrics that it depends on, None is every one.
        """
        name = self._key(question, queries)
        file = None if name is None else self._cache.get("answers", name)
        try:
            if file is not None:
                return json.loads(zlib.decompress(file.read_bytes()))
        except (OSError, ValueError, zlib.error):
            pass
        found = work_out()
        if name is not None and self._asked.is_unchanged():
            text = json.dumps(found, separators=(",", ":")).encode()
            self._cache.put("answers", name, lambda path: path.write_bytes(zlib.compress(text, 1)))
        return found

    def _key(self, question: Sequence[object], queries: Iterable[str] | None) -> str | None:
        asked = self._asked
        texts = None if queries is None else list(queries)
        if texts is None or any("__name__" in text for text in texts):  # a pattern may choose any metric
            metrics, names = asked.metrics, asked.wanted
        else:
            names = series_in_queries(asked.metrics, texts)
            metrics = tuple(metric for metric in asked.metrics if names & set(series_names(metric)))
        points = asked.key(metrics)
        if points is None:
            return None
        return key("answers", program(), self._engine, points, sorted(names & asked.wanted), list(question))

    @cached_property
    def _engine(self) -> str:
        return engine()

    def _running(self) -> Prometheus:
        with self._starting:
            if self._prometheus is None:
                self._prometheus = self._start()
            return self._prometheus


def _points(cache: Cache, asked: Asked, made: Path, progress: Progress | None) -> Points:
    """Return what is known of the points and the searches, or read the files, and make blocks of the points."""
    lines = kept_lines(cache, asked.groups, asked.searches)
    places: list[Found] = []
    if (known := known_counts(cache, asked)) is not None:
        counts, summaries = known
    else:
        to_find = asked if lines is None else replace(asked, searches=())
        counts, summaries, places = _make_blocks(cache, to_find, made, progress)
    if lines is None:
        lines = read_lines(cache, asked.groups, asked.searches, places or load_places(cache, asked, progress))
    return Points(counts, summaries, lines)


def _make_blocks(
    cache: Cache, asked: Asked, made: Path, progress: Progress | None
) -> tuple[EntryCounts, dict[str, MetricSummary], list[Found]]:
    """Make Prometheus' blocks of the points in `made`/data, and keep them; what they hold is in `made`/given.json.

    `made` is there when all of it is, so that who asks again after an error hears of the same.
    """
    folder = Path(mkdtemp(dir=made.parent))
    blocks = folder / "blocks"
    blocks.mkdir()
    with connect() as con:
        counts, summaries, places = load_points(con, cache, asked, folder, progress)
        if progress is not None:
            progress("Handing the points to Prometheus", 0.0)
        given = store_points(con, asked.metrics, asked.wanted, blocks / "data")
    (blocks / "given.json").write_text(json.dumps([given.samples, given.series]), encoding="utf-8")
    blocks.rename(made)
    shutil.rmtree(folder)
    name = _blocks_key(asked)
    if name is not None and asked.is_unchanged():
        cache.put("blocks", name, partial(shutil.copytree, made, copy_function=_linked))
    return counts, summaries, places


def _blocks_key(asked: Asked) -> str | None:
    points = asked.key(asked.metrics)
    return None if points is None else key("blocks", program(), engine(), points, sorted(asked.wanted))


def _linked_blocks(blocks: Path, data: Path) -> Given:
    """Make the folder `data` of blocks for a server, and return what they hold. Errors: OSError, ValueError."""
    shutil.copytree(blocks / "data", data, copy_function=_linked)
    samples, series = json.loads((blocks / "given.json").read_text(encoding="utf-8"))
    return Given(Counter(samples), Counter(series))


def _linked(source: str, target: str) -> None:
    """Link a file that nobody changes under a second name, or copy it where the two folders are on different disks."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
