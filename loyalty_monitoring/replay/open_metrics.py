"""Points as OpenMetrics text: what people read, and what Prometheus is backfilled with where points are few."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Sequence
from pathlib import Path

from loyalty_monitoring.common.database import Connection, quoted
from loyalty_monitoring.definitions.model import LogMetric
from loyalty_monitoring.replay.metric_points import bucket_bounds

# A point is stamped just before its minute ends: an evaluation on the whole minute sees whole minutes only, one at
# :30 never sees what is to come, and Prometheus 2's ranges, closed at both ends, never count a minute twice.
SECONDS_INTO_MINUTE = "59.999"


def write_open_metrics(
    con: Connection,
    metrics: Sequence[LogMetric],
    wanted: Collection[str],
    out: Path,
    *,
    with_views: bool = False,
) -> None:
    """Write a line for each point of the series names in `wanted`, from the tables that `make_points` made.

    A line is NAME{labels} value time; ordered by name, series and time, as backfilling needs. A distribution has three
    names, with `_count`, `_sum` and `_bucket`. With `with_views` the table `views` follows, whose column `view` is put
    behind the name.
    """
    families = [
        family
        for table in (("spaced", "views") if with_views else ("spaced",))
        for number, metric in enumerate(metrics)
        for family in _families(number, metric, wanted, table)
    ]
    with out.open("wb") as whole:
        for family in families:
            part = out.with_name(out.name + ".part")
            con.execute(
                f"COPY ({family}) TO {quoted(str(part))} "
                "(FORMAT csv, HEADER false, QUOTE '', ESCAPE '', DELIMITER e'\\x01')"
            )
            with part.open("rb") as lines:
                shutil.copyfileobj(lines, whole)
            part.unlink()
        whole.write(b"# EOF\n")


def series_names_of(metric: LogMetric) -> tuple[str, ...]:
    """Return the names of the series that are written of a metric."""
    name = metric.promql_name
    return (f"{name}_count", f"{name}_sum", f"{name}_bucket") if metric.is_distribution else (name,)


def _families(number: int, metric: LogMetric, wanted: Collection[str], table: str) -> list[str]:
    """Return a query of the text of each wanted series name of the metric."""
    return [
        _family_text(name, _values(name, number, metric, table)) for name in series_names_of(metric) if name in wanted
    ]


def _values(name: str, number: int, metric: LogMetric, table: str) -> str:
    """Return a query of the values of a series name, in order: what stands before the labels' end, minute, value."""
    points = f"FROM {table} JOIN series USING (series) WHERE metric = {number}"
    view = "''"
    if table == "views":
        points, view = f"{points} AND name = {quoted(name)}", "view"
    columns = f"SELECT {view} AS view, series, labels, minute, zero_before, zero_after"
    if not name.endswith("_bucket") or not metric.is_distribution:
        value = "total" if metric.is_distribution and name.endswith("_sum") else "n"
        return f"{columns}, {value} AS value {points} ORDER BY view, series, minute"
    finite = bucket_bounds(metric.body.get("bucketOptions", {}))
    bounds = ", ".join([*(f"'{bound!r}'" for bound in finite), "'+Inf'"])
    return (
        f"SELECT * REPLACE (labels || ',le=\"' || ([{bounds}])[bucket] || '\"' AS labels) FROM ("
        f"{columns}, unnest(range(1, {len(finite) + 2})) AS bucket, unnest(list_append(below, n)) AS value {points}) "
        "ORDER BY view, series, bucket, minute"
    )


def _family_text(name: str, values: str) -> str:
    def line(condition: str, value: str, offset: int) -> str:
        time = f"((minute + {offset})::BIGINT * 60 + {SECONDS_INTO_MINUTE})::VARCHAR"
        return f"CASE WHEN {condition} THEN start || {value} || {time} END"

    lines = ", ".join([line("zero_before", "'0 '", -1), line("true", "value || ' '", 0), line("zero_after", "'0 '", 1)])
    # What up to three lines begin with is put together once.
    started = f"SELECT *, {quoted(name)} || view || '{{' || labels || '}} ' AS start FROM ({values})"
    return f"SELECT concat_ws(chr(10), {lines}) FROM ({started})"
