"""Points as OpenMetrics text, which Prometheus is backfilled with."""

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
    con: Connection, metrics: Sequence[LogMetric], wanted: Collection[str], out: Path, *, with_views: bool = False
) -> None:
    """Write a line for each point of the series names in `wanted`, from the tables that `make_points` made.

    A line is NAME{labels} value time; ordered by name, series and time, as backfilling needs. A distribution has three
    names, with `_count`, `_sum` and `_bucket`. With `with_views` the table `views` follows, whose column `view` is put
    behind the name.
    """
    families = [family for number, metric in enumerate(metrics) for family in _families(number, metric, wanted)]
    if with_views:
        families += [
            family for number, metric in enumerate(metrics) for family in _families(number, metric, wanted, "views")
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


def _families(number: int, metric: LogMetric, wanted: Collection[str], table: str = "spaced") -> list[str]:
    """Return a query of the text of each wanted series name of the metric."""
    name = metric.promql_name
    names = (f"{name}_count", f"{name}_sum", f"{name}_bucket") if metric.is_distribution else (name,)
    return [_family_text(one, _values(one, number, metric, table)) for one in names if one in wanted]


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
    def line(value: str, offset: int) -> str:
        return f"{start} || {value} || ' ' || ((minute + {offset})::BIGINT * 60 + {SECONDS_INTO_MINUTE})::VARCHAR"

    start = f"{quoted(name)} || view || '{{' || labels || '}} '"
    return f"""SELECT
        CASE WHEN zero_before THEN {line("'0'", -1)} || chr(10) ELSE '' END
        || {line("value::VARCHAR", 0)}
        || CASE WHEN zero_after THEN chr(10) || {line("'0'", 1)} ELSE '' END
        FROM ({values})"""
