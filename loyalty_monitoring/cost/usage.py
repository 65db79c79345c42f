"""Measure a sample of logs in the tables of replay: points, active series, and the spread of entries.

A pod is here whatever has resource labels of its own: a pod's container, a Cloud Run revision, a VM.
A series is active while it has a point of the last 24 hours
(https://cloud.google.com/monitoring/quotas: "A time series is active if you have written data points to it within the
previous 24 hours").
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from loyalty_monitoring.common.database import Connection, quoted
from loyalty_monitoring.definitions.model import LogMetric
from loyalty_monitoring.definitions.project import Dimension

DAY_HOURS = 24


@dataclass(frozen=True)
class Cells:
    """Alike cells, a cell being a label set without its pod, and one hour with entries.

    Each has entries in `minutes` of its minutes, `entries` in all. `count` is how many there are.
    """

    minutes: int
    entries: int
    count: int


@dataclass(frozen=True)
class MetricUsage:
    """One metric in the sample.

    `written` are points with entries and `zeros` those without. `series` is the most that were active at once, `pods`
    the most that wrote within 24 hours. `values` counts the combinations of its labels other than those of dimensions.
    `label_sets` are pairs: entries of a label set in the whole sample, and how many label sets have that many.
    """

    metric: LogMetric
    entries: int
    written: int
    zeros: int
    series: int
    pods: int
    values: int
    cells: tuple[Cells, ...]
    label_sets: tuple[tuple[int, int], ...]

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(label["key"] for label in self.metric.body["metricDescriptor"].get("labels", []))


@dataclass(frozen=True)
class Usage:
    """A sample: `days` from its first entry to its last, `pods` the most that wrote points within 24 hours.

    `dimensions` are those of the module; `counts` says how many of each the sample has, by their name.
    """

    days: float
    entries: int
    log_bytes: int
    dimensions: tuple[Dimension, ...]
    counts: Mapping[str, int]
    pods: int
    metrics: tuple[MetricUsage, ...]


def measure(
    con: Connection,
    metrics: Sequence[LogMetric],
    dimensions: tuple[Dimension, ...],
    *,
    days: float,
    entries: int,
    log_bytes: int,
) -> Usage:
    """Measure what `make_points` made of the sample."""
    _split_series(con, dimensions)
    total = _by_metric(
        con,
        "SELECT metric, sum(n)::BIGINT, count(*), sum(zero_before::INT + zero_after::INT)::BIGINT "
        "FROM spaced GROUP BY metric",
    )
    active = dict(_most_at_once(con, "metric", "series"))
    pods = dict(_most_at_once(con, "metric", "resource"))
    all_pods = dict(_most_at_once(con, "0", "resource"))
    values = _by_metric(con, "SELECT metric, count(DISTINCT others) FROM split GROUP BY metric")
    cells: dict[int, list[Cells]] = {}
    for number, *cell in con.execute(
        """SELECT metric, minutes, n, count(*) FROM (
            SELECT metric, own, minute // 60 AS hour, count(DISTINCT minute) AS minutes, sum(n)::BIGINT AS n
            FROM spaced JOIN split USING (metric, series) GROUP BY ALL
        ) GROUP BY ALL ORDER BY ALL"""
    ).fetchall():
        cells.setdefault(number, []).append(Cells(*cell))
    label_sets: dict[int, list[tuple[int, int]]] = {}
    for number, n, count in con.execute(
        """SELECT metric, n, count(*) FROM (
            SELECT metric, own, sum(n)::BIGINT AS n FROM spaced JOIN split USING (metric, series) GROUP BY ALL
        ) GROUP BY ALL ORDER BY ALL"""
    ).fetchall():
        label_sets.setdefault(number, []).append((n, count))
    distinct = "".join(f", count(DISTINCT nullif(dimension{index}, ''))" for index in range(len(dimensions)))
    counted = con.execute(f"SELECT count(*){distinct} FROM split").fetchall()[0][1:]
    counts = {dimension.name: count for dimension, count in zip(dimensions, counted, strict=True)}
    found = []
    for number, metric in enumerate(metrics):
        matched, written, zeros = total.get(number, (0, 0, 0))
        found.append(
            MetricUsage(
                metric=metric,
                entries=matched,
                written=written,
                zeros=zeros,
                series=active.get(number, 0),
                pods=pods.get(number, 0),
                values=values.get(number, (0,))[0],
                cells=tuple(cells.get(number, ())),
                label_sets=tuple(label_sets.get(number, ())),
            )
        )
    return Usage(days, entries, log_bytes, dimensions, counts, all_pods.get(0, 0), tuple(found))


def _split_series(con: Connection, dimensions: Sequence[Dimension]) -> None:
    """Make the table `split`: each series' resource, its own labels, and those but for the dimensions'."""

    def pair(name: str) -> str:
        return quoted(f',(?:metric_)?{re.escape(name)}="((?:[^"\\\\]|\\\\.)*)"')

    others, columns = "own", ""
    for index, dimension in enumerate(dimensions):
        columns += f"regexp_extract(own, {pair(dimension.label)}, 1) AS dimension{index}, "
        others = f"regexp_replace({others}, {pair(dimension.label)}, '')"

    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE split AS
        WITH whole AS (
            SELECT series, labels, max_by(resource, length(text)) AS resource, max(length(text)) AS length
            FROM series JOIN resources ON starts_with(labels, text) GROUP BY ALL
        ), own AS (SELECT series, resource, substr(labels, length + 1) AS own FROM whole)
        SELECT DISTINCT metric, series, resource, own,
            {columns}{others} AS others
        FROM own JOIN (SELECT DISTINCT metric, series FROM spaced) USING (series)"""
    )


def _most_at_once(con: Connection, group: str, what: str) -> list[tuple[int, int]]:
    """Return, for each group, the most of `what` that have an entry within any 24 whole hours."""
    # Each is counted from its hour on, until 24 hours after it, or until its next hour, whichever is first.
    return con.execute(
        f"""WITH hours AS (
            SELECT DISTINCT {group} AS grp, {what} AS what, minute // 60 AS hour
            FROM spaced JOIN split USING (metric, series)
        ), spans AS (
            SELECT grp, hour, least(hour + {DAY_HOURS}, coalesce(next, hour + {DAY_HOURS})) AS until
            FROM (SELECT *, lead(hour) OVER (PARTITION BY grp, what ORDER BY hour) AS next FROM hours)
        ), steps AS (SELECT grp, hour, 1 AS step FROM spans UNION ALL SELECT grp, until, -1 FROM spans),
        summed AS (SELECT grp, hour, sum(step) AS step FROM steps GROUP BY ALL),
        running AS (SELECT grp, sum(step) OVER (PARTITION BY grp ORDER BY hour) AS active FROM summed)
        SELECT grp, max(active)::BIGINT FROM running GROUP BY grp"""
    ).fetchall()


def _by_metric(con: Connection, query: str) -> Mapping[int, tuple[Any, ...]]:
    return {row[0]: row[1:] for row in con.execute(query).fetchall()}
