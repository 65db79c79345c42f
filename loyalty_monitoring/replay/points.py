"""Log-based metrics: from the table `entries` to points a minute, and those as OpenMetrics text.

What a log-based metric counts: https://docs.cloud.google.com/logging/docs/logs-based-metrics and the reference of
LogMetric, https://docs.cloud.google.com/logging/docs/reference/v2/rest/v2/projects.metrics.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loyalty_monitoring.errors import Position, UserError
from loyalty_monitoring.filter_language import FieldPath, parse_field, parse_filter, referenced_fields, to_sql
from loyalty_monitoring.filter_language.syntax import And, Filter
from loyalty_monitoring.model import LogMetric
from loyalty_monitoring.replay.database import Connection, Progress, execute, quoted
from loyalty_monitoring.replay.entries import KIND_FIELDS, entry_columns
from loyalty_monitoring.replay.result import MetricSummary

# A point is stamped just before its minute ends: an evaluation on the whole minute sees complete minutes only, none
# sees what has not happened yet, and a range that includes both its ends (Prometheus before 3.0) counts none twice.

_EXTRACTOR = re.compile(r'\s*(?:EXTRACT\((?P<field>.+)\)|REGEXP_EXTRACT\((?P<of>[^,]+),\s*"(?P<pattern>.*)"\s*\))\s*', re.DOTALL)

Column = Callable[[FieldPath], str]


@dataclass(frozen=True)
class Extractor:
    """`EXTRACT(field)`, or `REGEXP_EXTRACT(field, "pattern")` with the one group of an RE2 pattern."""

    field: FieldPath
    pattern: str | None

    def sql(self, column: Column) -> str:
        """The extracted text as SQL; NULL where the field is missing or the pattern does not match."""
        value = column(self.field)
        text = f"(CASE WHEN left({value}, 1) NOT IN ('{{', '[') THEN {value}->>'$' END)"
        if self.pattern is None:
            return text
        return f"nullif(regexp_extract({text}, {quoted(self.pattern)}, 1), '')"


def needed_fields(metrics: Iterable[LogMetric]) -> frozenset[FieldPath]:
    """The fields of an entry that the metrics' filters and extractors look at."""
    fields: set[FieldPath] = set(KIND_FIELDS)
    for metric in metrics:
        fields |= referenced_fields(parse_filter(metric.body["filter"]))
        fields |= {extractor.field for extractor in _label_extractors(metric).values()}
        if metric.is_distribution:
            fields.add(_extractor(metric.body["valueExtractor"], metric).field)
    return frozenset(fields)


def write_open_metrics(
    con: Connection,
    metrics: Sequence[LogMetric],
    wanted: Collection[str],
    out: Path,
    progress: Progress | None = None,
) -> dict[str, MetricSummary]:
    """Count all metrics over the table `entries`, and write the PromQL series named in `wanted` to `out`.

    Only wanted series are written, since others cannot influence any answer. Returns the summary of every metric by
    its API name. A minute next to one with matches has a zero point, any other without matches has none.
    """
    columns = entry_columns(con)
    _make_tables(con)
    matched = {}
    for index, metric in enumerate(metrics):
        if progress is not None:
            progress("Counting metrics", index / len(metrics))
        matched[metric.api_name] = _count(con, index, metric, columns, f"{metric.promql_name}_bucket" in wanted)
    _add_zeros(con)
    found = {
        index: (series, points)
        for index, series, points in con.execute(
            "SELECT metric, count(DISTINCT (resource, labels)), count(*) FROM points GROUP BY metric"
        ).fetchall()
    }
    _write(con, metrics, wanted, out)
    return {
        metric.api_name: MetricSummary(matched[metric.api_name], *found.get(index, (0, 0)))
        for index, metric in enumerate(metrics)
    }


def _make_tables(con: Connection) -> None:
    con.execute(
        "CREATE OR REPLACE TABLE points (metric INTEGER, minute TIMESTAMP, resource UBIGINT, labels VARCHAR, "
        "count BIGINT, sum DOUBLE, below BIGINT[])"
    )
    columns = entry_columns(con)
    fields = ", ".join(f"any_value({columns(path)}) AS f{index}" for index, path in enumerate(KIND_FIELDS))
    con.execute(f"CREATE OR REPLACE TABLE kinds AS SELECT kind, {fields} FROM entries GROUP BY kind")
    con.execute(
        "CREATE OR REPLACE TABLE resources AS SELECT resource, "
        f"any_value({columns(('resource', 'type'))}->>'$') AS type, "
        f"any_value({columns(('resource', 'labels'))}) AS labels FROM entries GROUP BY resource"
    )


def _count(con: Connection, index: int, metric: LogMetric, columns: Column, with_buckets: bool) -> int:
    """Add the metric's points; returns how many entries its filter matched."""
    where = _where(con, parse_filter(metric.body["filter"]), columns)
    labels = _labels_sql(metric, columns)
    value = "NULL::DOUBLE"
    if metric.is_distribution:
        extracted = _extractor(metric.body["valueExtractor"], metric).sql(columns)
        value = f"TRY_CAST({extracted} AS DOUBLE)"
    below = "NULL"
    if with_buckets and metric.is_distribution:
        # The bucket below a bound excludes the bound itself.
        below = "[" + ", ".join(f"count(*) FILTER (value < {bound!r})" for bound in _bounds(metric)) + "]"
    counted = "WHERE isfinite(value)" if metric.is_distribution else ""
    (matched,) = con.execute(
        f"SELECT count(*) FROM entries WHERE {where}"
    ).fetchone() or (0,)
    if matched:
        execute(
            con,
            f"INSERT INTO points SELECT {index}, minute, resource, labels, count(*), sum(value), {below} FROM ("
            f"SELECT date_trunc('minute', time) AS minute, resource, {labels} AS labels, {value} AS value "
            f"FROM entries WHERE {where}) {counted} GROUP BY minute, resource, labels",
        )
    return int(matched)


def _where(con: Connection, parsed: Filter, columns: Column) -> str:
    """The filter as SQL; what depends on an entry's kind only is decided once a kind, not once an entry."""
    parts = parsed.expression.parts if isinstance(parsed.expression, And) else ()
    by_kind, rest = [], []
    for part in parts:
        one = Filter("", part)
        (by_kind if referenced_fields(one) <= set(KIND_FIELDS) else rest).append(one)
    if not by_kind:
        return to_sql(parsed, columns)
    test = " AND ".join(to_sql(part, lambda path: f"f{KIND_FIELDS.index(path)}") for part in by_kind)
    kinds = [str(kind) for (kind,) in con.execute(f"SELECT kind FROM kinds WHERE {test}").fetchall()]
    tests = [f"kind IN ({', '.join(kinds)})" if kinds else "false", *(to_sql(part, columns) for part in rest)]
    return " AND ".join(tests)


def _labels_sql(metric: LogMetric, columns: Column) -> str:
    """The user labels as OpenMetrics writes them, `,store_id="s-1"`; a label that cannot be extracted is empty."""
    empty = {"BOOL": "false", "INT64": "0"}
    types = {label["key"]: label.get("valueType", "STRING") for label in metric.body["metricDescriptor"].get("labels", [])}
    parts = []
    for key, extractor in sorted(_label_extractors(metric).items()):
        text = extractor.sql(columns)
        if types[key] == "INT64":
            text = f"TRY_CAST({text} AS BIGINT)::VARCHAR"
        elif types[key] == "BOOL":
            text = f"TRY_CAST({text} AS BOOLEAN)::VARCHAR"
        parts.append(f"""',{key}="' || {_escaped(f"coalesce({text}, '{empty.get(types[key], '')}')")} || '"'""")
    return " || ".join(parts) or "''"


def _escaped(text: str) -> str:
    return rf"""replace(replace(replace({text}, '\', '\\'), '"', '\"'), chr(10), '\n')"""


def _add_zeros(con: Connection) -> None:
    """A zero for each minute that is next to one with matches and has none itself."""
    con.execute(
        "INSERT INTO points SELECT DISTINCT metric, minute, resource, labels, 0, 0, below FROM ("
        "SELECT metric, resource, labels, unnest([minute - INTERVAL 1 MINUTE, minute + INTERVAL 1 MINUTE]) AS minute, "
        "list_transform(below, lambda b: 0) AS below FROM points) AS beside "
        "ANTI JOIN points USING (metric, resource, labels, minute)"
    )


def _write(con: Connection, metrics: Sequence[LogMetric], wanted: Collection[str], out: Path) -> None:
    columns = []
    for index, metric in enumerate(metrics):
        name = metric.promql_name
        if not metric.is_distribution:
            columns.append((index, name, "count", "''"))
            continue
        columns += [(index, f"{name}_count", "count", "''"), (index, f"{name}_sum", "sum", "''")]
        bounds = _bounds(metric)
        columns += [
            (index, f"{name}_bucket", f"below[{number}]", f"""',le="{bound!r}"'""")
            for number, bound in enumerate(bounds, start=1)
        ]
        columns.append((index, f"{name}_bucket", "count", """',le="+Inf"'"""))
    selects = [
        f"SELECT {quoted(name)} AS name, minute, resource, labels || {extra} AS labels, {value}::DOUBLE AS value "
        f"FROM points WHERE metric = {index}"
        for index, name, value, extra in columns
        if name in wanted
    ]
    if selects:
        label = f"""',' || regexp_replace(k, '[^a-zA-Z0-9_]', '_', 'g') || '="' || {_escaped("(r.labels->>k)")} || '"'"""
        con.execute(
            f"""COPY (
              SELECT name || '{{monitored_resource="' || {_escaped("type")} || '"' || resource_labels || p.labels
                || '}} ' || value || ' ' || epoch(minute)::BIGINT + 59 || '.999'
              FROM ({" UNION ALL ".join(selects)}) AS p JOIN (
                SELECT resource, type, coalesce(list_aggregate(list_transform(
                  list_sort(json_keys(r.labels)), lambda k: {label}), 'string_agg', ''), '') AS resource_labels
                FROM resources AS r) AS named USING (resource)
              -- promtool drops, without a word, what comes out of order
              ORDER BY minute
            ) TO {quoted(str(out))} (FORMAT csv, HEADER false, QUOTE '', ESCAPE '', DELIMITER '\x01')"""
        )
    with out.open("a") as file:
        file.write("# EOF\n")


def _bounds(metric: LogMetric) -> list[float]:
    """The finite bounds of the buckets, ascending."""
    options: dict[str, Any] = metric.body.get("bucketOptions", {})
    if linear := options.get("linearBuckets"):
        return [linear.get("offset", 0) + linear["width"] * float(i) for i in range(int(linear["numFiniteBuckets"]) + 1)]
    if growing := options.get("exponentialBuckets"):
        return [
            growing["scale"] * float(growing["growthFactor"]) ** i for i in range(int(growing["numFiniteBuckets"]) + 1)
        ]
    return [float(bound) for bound in options.get("explicitBuckets", {}).get("bounds", [])]


def _label_extractors(metric: LogMetric) -> dict[str, Extractor]:
    return {key: _extractor(text, metric) for key, text in metric.body.get("labelExtractors", {}).items()}


def _extractor(text: str, metric: LogMetric) -> Extractor:
    found = _EXTRACTOR.fullmatch(text)
    if found is None:
        raise UserError(
            f'{text!r} is no extractor; write EXTRACT(field) or REGEXP_EXTRACT(field, "pattern")', Position(metric.source)
        )
    if found["field"] is not None:
        return Extractor(parse_field(found["field"].strip()), None)
    if re.sub(r"\\.|\[\^?\]?[^\]]*\]|\(\?", "", found["pattern"]).count("(") != 1:
        raise UserError(f"{text!r} must have exactly one group ( ); mend the pattern", Position(metric.source))
    return Extractor(parse_field(found["of"].strip()), found["pattern"])
