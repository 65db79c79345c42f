"""Points in Prometheus' blocks: from the tables that `make_points` made to a folder that a server can open."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Collection, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from loyalty_monitoring.common.database import Connection
from loyalty_monitoring.common.temporary_folders import temporary_folder
from loyalty_monitoring.definitions.model import LogMetric
from loyalty_monitoring.replay.metric_points import bucket_bounds
from loyalty_monitoring.replay.open_metrics import series_names_of, write_open_metrics
from loyalty_monitoring.replay.prometheus import Given, SamplesRefused, backfill, receiving

# Fewer samples are there sooner as text, which needs no second server; of many it is ten times the work.
_FEW = 50_000


def store_points(
    con: Connection, metrics: Sequence[LogMetric], wanted: Collection[str], data: Path, *, with_views: bool = False
) -> Given:
    """Make the folder `data`, with what `write_open_metrics` writes, and return what is in it. Errors: UserError."""
    given = _given(con, metrics, wanted, with_views)
    if given.samples.total() > _FEW:
        try:
            _send(con, metrics, wanted, data, with_views)
        except SamplesRefused:
            # Later versions of Prometheus take nothing that is ahead of their clock, but in a file:
            # https://github.com/prometheus/prometheus/pull/14304
            shutil.rmtree(data, ignore_errors=True)
        else:
            return given
    with temporary_folder() as folder:
        write_open_metrics(con, metrics, wanted, folder / "points.om", with_views=with_views)
        backfill(folder / "points.om", data)
    return given


def _send(con: Connection, metrics: Sequence[LogMetric], wanted: Collection[str], data: Path, with_views: bool) -> None:
    from loyalty_monitoring.replay.remote_write import HEADERS, remote_write_requests

    with receiving(data) as server, ThreadPoolExecutor(max_workers=1) as sender:
        sent: Future[None] | None = None
        # While one is stored, the next is made. More would only wait in memory.
        for request in remote_write_requests(con, metrics, wanted, with_views=with_views):
            if sent is not None:
                sent.result()
            sent = sender.submit(server.take, request, HEADERS)
        if sent is not None:
            sent.result()


def _given(con: Connection, metrics: Sequence[LogMetric], wanted: Collection[str], with_views: bool) -> Given:
    """Return how many samples and series there are of each name."""
    given = Given(Counter(), Counter())
    rows = con.execute(
        """SELECT metric, NULL, '', count(DISTINCT series),
            (count(*) + sum(zero_before::INTEGER + zero_after::INTEGER))::BIGINT FROM spaced GROUP BY metric"""
    ).fetchall()
    if with_views:
        rows += con.execute(
            "SELECT metric, name, view, count(DISTINCT series), count(*) FROM views GROUP BY metric, name, view"
        ).fetchall()
    for number, of_view, view, series, samples in rows:
        metric = metrics[number]
        for name in series_names_of(metric):
            if name in wanted and of_view in (None, name):
                each = _series_each(metric, name)
                given.series[name + view] = series * each
                given.samples[name + view] = samples * each
    return given


def _series_each(metric: LogMetric, name: str) -> int:
    """Return how many series Prometheus has of one of the metric's."""
    if not metric.is_distribution or not name.endswith("_bucket"):
        return 1
    return len(bucket_bounds(metric.body.get("bucketOptions", {}))) + 1
