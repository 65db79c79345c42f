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
    points = f"FROM {table} JOIN series USING (series) WHERE metric = {number}"
    columns = "series, minute, zero_before, zero_after, labels" + (", view" if table == "views" else ", '' AS view")
    if not metric.is_distribution:
        sources = {name: f"SELECT {columns}, 0 AS bucket, n::VARCHAR AS value {points}"}
    else:
        finite = bucket_bounds(metric.body.get("bucketOptions", {}))
        bounds = ", ".join([*(f"'{bound!r}'" for bound in finite), "'+Inf'"])
        sources = {
            f"{name}_count": f"SELECT {columns}, 0 AS bucket, n::VARCHAR AS value {points}",
            f"{name}_sum": f"SELECT {columns}, 0 AS bucket, total::VARCHAR AS value {points}",
            f"{name}_bucket": (
                f"SELECT * REPLACE (labels || ',le=\"' || ([{bounds}])[bucket] || '\"' AS labels) FROM ("
                f"SELECT {columns}, unnest(range(1, {len(finite) + 2})) AS bucket, "
                f"unnest(list_append(below, n))::VARCHAR AS value {points})"
            ),
        }
    return [_family_text(series_name, source) for series_name, source in sources.items() if series_name in wanted]


def _family_text(name: str, source: str) -> str:
    def line(value: str, offset: int) -> str:
        return f"prefix || {value} || ' ' || ((minute + {offset})::BIGINT * 60 + {SECONDS_INTO_MINUTE})::VARCHAR"

    prefixed = f"SELECT *, {quoted(name)} || view || '{{' || labels || '}} ' AS prefix FROM ({source})"
    return f"""SELECT
        CASE WHEN zero_before THEN {line("'0'", -1)} || chr(10) ELSE '' END
        || {line("value", 0)}
        || CASE WHEN zero_after THEN chr(10) || {line("'0'", 1)} ELSE '' END
        FROM ({prefixed} ORDER BY view, series, bucket, minute)"""
