"""Log-based metrics: from the table `entries` to the tables `series` and `spaced`, which holds per-minute points.

Sources: cloud.google.com/logging/docs/logs-based-metrics, .../distribution-metrics, and
cloud.google.com/monitoring/promql/promql-mapping.

- A counter counts entries, a distribution their extracted values, per calendar minute (UTC) and label set: the
  resource's labels and the metric's own.
- A zero is written for a minute next to one with entries, otherwise nothing.
- The bucket that ends at a bound holds values below it: a value equal to a bound belongs to the next bucket.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from loyalty_monitoring.common.database import Connection, Progress, any_order, quoted
from loyalty_monitoring.common.errors import Position, UserError
from loyalty_monitoring.definitions.model import LogMetric
from loyalty_monitoring.query_languages.extractors import Extractor, label_sql, parse_extractor, value_sql
from loyalty_monitoring.query_languages.logging_filter import FieldPath, Filter, parse_filter, value_of
from loyalty_monitoring.replay.arrival import ARRIVAL_STEP
from loyalty_monitoring.replay.entries.counts import EntryCounts, checked
from loyalty_monitoring.replay.entries.filtering import conditions, filter_fields, refuse_undecided
from loyalty_monitoring.replay.entries.judging import EVALUABLE
from loyalty_monitoring.replay.entries.layout import LOGGER, stored
from loyalty_monitoring.replay.entries.load import load_entries
from loyalty_monitoring.replay.entries.newest import Searching
from loyalty_monitoring.replay.entries.tables import entry_columns, only_row
from loyalty_monitoring.replay.result import MetricSummary

# The text of a part's entries in bytes, of which the fields that metrics read are a third. Each part costs as much as
# half of its reading, whatever is in it.
_PART_BYTES = 1024 * 2**20
_RECEIVED: FieldPath = ("receiveTimestamp",)
_DAY = 86_400
# The first minute since 1970 whose points Prometheus evaluates, and the last.
_EVALUABLE = int(EVALUABLE[0].timestamp()) // 60, int(EVALUABLE[1].timestamp()) // 60 - 1
_MINUTES_TO_1970 = 1_035_593_280  # from year 1; it keeps integer division away from negative numbers
_MINUTE = f"((epoch_us(time) + {_MINUTES_TO_1970 * 60_000_000}) // 60000000 - {_MINUTES_TO_1970})::INTEGER"


@dataclass(frozen=True)
class MetricPlan:
    """A metric as the database sees it. `number` is its place among all metrics."""

    number: int
    metric: LogMetric
    labels: tuple[tuple[str, str, Extractor | None], ...]  # name, value type, extractor
    value: Extractor | None
    bounds: tuple[float, ...]


def needed_fields(metrics: Sequence[LogMetric], *, by_arrival: bool = False) -> frozenset[FieldPath]:
    """Return the fields that `load_entries` must keep for these metrics, with `by_arrival` also when an entry was
    received.
    """
    fields: set[FieldPath] = {_RECEIVED} if by_arrival else set()
    for metric in metrics:
        parsed = parse_filter(metric.body["filter"])
        fields |= filter_fields(parsed)
        plan = plan_of(0, metric)
        extractors = [extractor for _, _, extractor in plan.labels] + [plan.value]
        read = {extractor.field for extractor in extractors if extractor}
        fields |= {field[:1] if field[0] == "protoPayload" else field for field in read}
    return frozenset(fields)


def points_of_files(
    con: Connection,
    metrics: Sequence[LogMetric],
    files: Sequence[Path | Literal["-"]],
    wanted: Collection[str],
    *,
    strict: bool = False,
    by_arrival: bool = False,
    progress: Progress | None = None,
) -> tuple[EntryCounts, dict[str, MetricSummary]]:
    """Read the files, and make the points of all `metrics` as `make_points` does, part by part in bounded memory.

    Entries of years in which Prometheus evaluates nothing are rejected. Errors: those of `load_entries`.
    """
    making = _Making(con, metrics, wanted, by_arrival=by_arrival)
    counts = making.add_files(files, strict=strict, progress=progress)
    return checked(counts), making.finish()


def count_files(
    con: Connection,
    metrics: Sequence[LogMetric],
    files: Sequence[Path | Literal["-"]],
    wanted: Collection[str],
    *,
    strict: bool = False,
    searching: Searching | None = None,
    progress: Progress | None = None,
) -> tuple[EntryCounts, dict[int, int]]:
    """Read the files as `points_of_files` does, for `export_points`: make the tables `series` and `points`.

    Returned is also how many entries each metric matches, by its place. `searching` looks for the newest matches of
    its filters on the way. What was read is neither told nor judged. Errors: those of `load_entries`.
    """
    making = _Making(con, metrics, wanted, by_arrival=False)
    counts = making.add_files(files, strict=strict, searching=searching, progress=progress)
    making.merge()
    return counts, making.matched


def make_points(
    con: Connection,
    metrics: Sequence[LogMetric],
    wanted: Collection[str],
    progress: Progress | None = None,
    *,
    by_arrival: bool = False,
) -> dict[str, MetricSummary]:
    """Make the points of all `metrics` from the table `entries`: the tables `series` and `spaced`.

    `series`: series INTEGER, labels VARCHAR (OpenMetrics text). `spaced`: metric INTEGER (place in `metrics`), series,
    minute INTEGER (since 1970), n BIGINT, total DOUBLE, below BIGINT[] (entries below each bound), zero_before and
    zero_after BOOLEAN. `wanted` are names as in PromQL; buckets are counted only for a `_bucket` among them.
    The summary of each metric: entries matched, label sets with a point, and points, zeros included; a distribution's
    point counts once, whatever its buckets. Needs `load_entries` with at least `needed_fields(metrics)`.
    With `by_arrival`, the table `arrived` has the same points in parts: a column `late` says how many seconds after its
    minute's end a part arrived, in steps of 30 s. Entries that were received more than a day late count in neither.
    """
    making = _Making(con, metrics, wanted, by_arrival=by_arrival)
    making.add(progress)
    return making.finish()


class _Making:
    """Points of entries that come in parts. A point's entries may be in several."""

    def __init__(
        self, con: Connection, metrics: Sequence[LogMetric], wanted: Collection[str], *, by_arrival: bool
    ) -> None:
        self._con, self._wanted, self._by_arrival = con, wanted, by_arrival
        self._plans = [plan_of(number, metric) for number, metric in enumerate(metrics)]
        self._by_filter: dict[Filter, list[MetricPlan]] = {}
        for plan in self._plans:
            self._by_filter.setdefault(parse_filter(plan.metric.body["filter"]), []).append(plan)
        self.matched = dict.fromkeys(range(len(metrics)), 0)  # entries, by a metric's place
        self._parts = 0
        make_tables(con)

    def add(self, progress: Progress | None) -> None:
        """Count what `entries` holds now."""
        column = entry_columns(self._con)
        make_resources(self._con, lambda path: stored((path,))[0])
        self._parts += 1
        for parsed, alike in self._by_filter.items():
            _refuse_undecided(self._con, parsed, alike[0], column)
        matching = conditions(self._con, list(self._by_filter), column)
        for done, (matches, alike) in enumerate(zip(matching, self._by_filter.values(), strict=True)):
            if progress is not None:
                progress("Making metric points", done / len(matching))
            if matches is None:
                continue
            with any_order(self._con):
                found = _add_points(self._con, matches, alike, self._wanted, column, by_arrival=self._by_arrival)
            for plan in alike:
                self.matched[plan.number] += found

    def add_files(
        self,
        files: Sequence[Path | Literal["-"]],
        *,
        strict: bool,
        searching: Searching | None = None,
        progress: Progress | None,
    ) -> EntryCounts:
        """Count what the files hold."""

        def take(_: object) -> None:
            self.add(progress)
            if searching is not None:
                searching.add(self._con)

        fields = needed_fields([plan.metric for plan in self._plans], by_arrival=self._by_arrival) | {LOGGER}
        return load_entries(
            self._con,
            files,
            fields | (searching.fields if searching else set()),
            strict=strict,
            with_batches=searching is not None,
            evaluable=True,
            take=take,
            least=_PART_BYTES,
            is_checked=False,
            progress=progress,
        )

    def merge(self) -> None:
        """Make one row of each point."""
        if self._parts > 1:
            _merge(self._con, "points", "metric, series, minute")
            _merge(self._con, "arrived", "metric, series, minute, late")

    def finish(self) -> dict[str, MetricSummary]:
        """Make `spaced` of all that was counted."""
        self.merge()
        find_zeros(self._con)
        return summaries(self._con, self._plans, self.matched)


def bucket_bounds(options: dict[str, object]) -> tuple[float, ...]:
    """Return the finite bounds of BucketOptions (cloud.google.com/logging/docs/reference/v2/rest/v2/BucketOptions)."""
    match options:
        case {"explicitBuckets": {"bounds": list(bounds)}}:
            return tuple(map(float, bounds))
        # The API's JSON has numbers as text, too.
        case {"linearBuckets": {"numFiniteBuckets": int() | str() as n, "width": width, **rest}}:
            offset, step = float(str(rest.get("offset", 0))), float(str(width))
            return tuple(offset + step * index for index in range(int(n) + 1))
        case {"exponentialBuckets": {"numFiniteBuckets": int() | str() as n, "growthFactor": growth, "scale": scale}}:
            first, factor = float(str(scale)), float(str(growth))
            return tuple(first * factor**index for index in range(int(n) + 1))
    # The default: cloud.google.com/logging/docs/logs-based-metrics/distribution-metrics
    return tuple(0.01 * 2.0**index for index in range(65))


def make_tables(con: Connection) -> None:
    """Create the empty tables `series` and `points`."""
    con.execute("CREATE OR REPLACE TEMP TABLE series (series INTEGER, labels VARCHAR, of_metric INTEGER)")
    numbers = "n BIGINT, total DOUBLE, below BIGINT[]"
    con.execute(f"CREATE OR REPLACE TEMP TABLE points (metric INTEGER, series INTEGER, minute INTEGER, {numbers})")
    con.execute(
        "CREATE OR REPLACE TEMP TABLE arrived "
        f"(metric INTEGER, series INTEGER, minute INTEGER, late INTEGER, {numbers})"
    )


def plan_of(number: int, metric: LogMetric) -> MetricPlan:
    body = metric.body
    extractors = body.get("labelExtractors", {})
    return MetricPlan(
        number,
        metric,
        tuple(
            (label["key"], label.get("valueType", "STRING"), parse_extractor(extractors[label["key"]]))
            if label["key"] in extractors
            else (label["key"], label.get("valueType", "STRING"), None)
            for label in body["metricDescriptor"].get("labels", [])
        ),
        parse_extractor(body["valueExtractor"]) if metric.is_distribution else None,
        bucket_bounds(body.get("bucketOptions", {})),
    )


# Entries -> points --------------------------------------------------------------------------------------------------


def make_resources(con: Connection, column: Callable[[FieldPath], str]) -> None:
    """Make the table `resources`: each resource once, with its label names and its labels as OpenMetrics text.

    `column` names the columns of `kinds`. A label that is empty is none, as Prometheus has it, and the names that it
    keeps for itself or does not know are left out.
    """
    resource_type, labels = column(("resource", "type")), column(("resource", "labels"))
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE resources_of_kinds AS
        WITH found AS (SELECT kind, {resource_type} AS type, {labels} AS labels FROM kinds),
        keyed AS (SELECT *, unnest(json_keys(labels)) AS key FROM found WHERE labels IS NOT NULL),
        named AS (
            SELECT kind, regexp_replace(key, '[^a-zA-Z0-9_]|^([0-9])', '_\\1', 'g') AS name,
                min(coalesce(labels->>('/' || replace(replace(key, '~', '~0'), '/', '~1')), '')) AS value
            FROM keyed GROUP BY ALL
        ),
        joined AS (
            SELECT kind, list(name ORDER BY name) AS names,
                string_agg(',' || {_label_text("name", "value")}, '' ORDER BY name) AS text
            FROM named WHERE value <> '' AND name NOT IN ('', '__name__', 'monitored_resource') GROUP BY kind
        ),
        whole AS (
            SELECT kind, coalesce(names, []) AS names,
                {_label_text("'monitored_resource'", "type->>'$'")} || coalesce(text, '') AS resource_text
            FROM found LEFT JOIN joined USING (kind)
        )
        SELECT kind, names, resource_text AS text, dense_rank() OVER (ORDER BY resource_text)::INTEGER AS resource
        FROM whole"""
    )
    con.execute(
        "CREATE OR REPLACE TEMP TABLE resources AS SELECT DISTINCT resource, names, text FROM resources_of_kinds"
    )
    con.execute("UPDATE kinds SET resource = of.resource FROM resources_of_kinds AS of WHERE kinds.kind = of.kind")


def _add_points(
    con: Connection,
    matches: str,
    plans: list[MetricPlan],
    wanted: Collection[str],
    entry_column: Callable[[FieldPath], str],
    *,
    by_arrival: bool,
) -> int:
    """Add to `points` and `series` for metrics that share a filter; the number of entries that match it.

    `matches` is the filter's condition.
    """
    relation, column = _with_proto_fields(plans, entry_column)
    fields = {extractor.field for plan in plans for _, _, extractor in plan.labels if extractor}
    extracted = {column(field): f"f{index}" for index, field in enumerate(sorted(fields))}
    values = {value_sql(plan.value, column) for plan in plans if plan.value}
    extracted |= {sql: f"v{index}" for index, sql in enumerate(sorted(values))}
    selected = "".join(f", {sql} AS {name}" for sql, name in extracted.items())
    if by_arrival:
        lateness = _lateness(entry_column(_RECEIVED))
        selected += f", {lateness} AS late"
        # cloud.google.com/logging/docs/logs-based-metrics/troubleshooting: 24 hours after it happened, none counts.
        matches = f"({matches}) AND coalesce({_received(entry_column(_RECEIVED))} - epoch(time) <= {_DAY}, true)"
    # What many metrics share is done once: the filter, and each field and value.
    (found,) = only_row(
        con,
        f"CREATE OR REPLACE TEMP TABLE matching AS SELECT resource, {_MINUTE} AS minute{selected} FROM {relation} "
        f"WHERE {matches}",
    )
    if found == 0:
        return 0
    for plan in plans:
        value = extracted[value_sql(plan.value, column)] if plan.value else None
        _add_metric(con, plan, lambda field: extracted[column(field)], value, wanted, by_arrival=by_arrival)
    return int(found)


def _refuse_undecided(con: Connection, parsed: Filter, plan: MetricPlan, column: Callable[[FieldPath], str]) -> None:
    try:
        refuse_undecided(con, parsed, column)
    except UserError as error:
        raise UserError(error.message, Position(plan.metric.source)) from error


def _with_proto_fields(
    plans: list[MetricPlan], column: Callable[[FieldPath], str]
) -> tuple[str, Callable[[FieldPath], str]]:
    """Return the table `entries` with a column for each field of a protoPayload that is extracted, and how fields are
    read.
    """
    extractors = [extractor for plan in plans for extractor in (plan.value, *(one for _, _, one in plan.labels))]
    fields = sorted({one.field for one in extractors if one is not None and one.field[0] == "protoPayload"})
    names = {field: f'"@proto{index}"' for index, field in enumerate(fields)}
    if not names:
        return "entries", column
    read = ", ".join(f"{value_of(field, column)} AS {name}" for field, name in names.items())
    return f"(SELECT *, {read} FROM entries)", lambda field: names.get(field) or column(field)


def _lateness(received: str) -> str:
    """Return seconds from the end of an entry's minute to when it was received, in steps of 30 s; 0 where that is
    unknown.
    """
    after = f"({_received(received)} - ({_MINUTE} + 1)::BIGINT * 60)"
    # What is later than a day counts in nothing, however much later it is.
    bounded = f"least(greatest({after}, 0), {2 * _DAY})"
    return f"coalesce(ceil({bounded} / {ARRIVAL_STEP})::INTEGER * {ARRIVAL_STEP}, 0)"


def _received(received: str) -> str:
    """Return when an entry was received, in unix seconds; NULL where that is unknown."""
    return f"epoch(try_cast({received}->>'$' AS TIMESTAMPTZ))"


def _add_metric(
    con: Connection,
    plan: MetricPlan,
    field: Callable[[FieldPath], str],
    value: str | None,
    wanted: Collection[str],
    *,
    by_arrival: bool,
) -> None:
    counted = "true" if value is None else f"{value} IS NOT NULL"
    fields = dict.fromkeys(field(extractor.field) for _, _, extractor in plan.labels if extractor)
    keys = ", ".join(["resource", *fields])
    labels = series_labels(plan, [label_sql(extractor, kind, field) for _, kind, extractor in plan.labels])
    # Labels are extracted once for each combination of their fields; combinations may end up in one series.
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE labeled AS SELECT {keys}, {labels} AS labels "
        f"FROM (SELECT DISTINCT {keys} FROM matching WHERE {counted}) JOIN resources USING (resource)"
    )
    known = f"(SELECT labels, series FROM series WHERE of_metric = {plan.number})"
    con.execute(
        "INSERT INTO series SELECT (row_number() OVER (ORDER BY labels) + (SELECT count(*) FROM series))::INTEGER, "
        f"labels, {plan.number} FROM (SELECT DISTINCT labels FROM labeled) ANTI JOIN {known} AS known USING (labels)"
    )
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE combinations AS SELECT {keys}, series FROM labeled "
        f"JOIN {known} AS known USING (labels)"
    )
    numbers = "NULL, NULL"
    if value is not None:
        total = _total(value)
        numbers = f"{total}, NULL"
        if f"{plan.metric.promql_name}_bucket" in wanted:
            below = ", ".join(f"count(*) FILTER ({value} < {bound!r}::DOUBLE)" for bound in plan.bounds)
            numbers = f"{total}, [{below}]"
    same = " AND ".join(f"matching.{key} IS NOT DISTINCT FROM combinations.{key}" for key in ["resource", *fields])
    rows = f"FROM matching JOIN combinations ON {same} WHERE {counted}"
    con.execute(
        f"INSERT INTO points SELECT {plan.number}, series, minute, count(*), {numbers} {rows} GROUP BY series, minute"
    )
    if by_arrival:
        con.execute(
            f"INSERT INTO arrived SELECT {plan.number}, series, minute, late, count(*), {numbers} {rows} "
            "GROUP BY series, minute, late"
        )


def _total(value: str) -> str:
    """Return the exact sum of numbers, as SQL; one that no DOUBLE holds is infinite, as a sum without care is."""
    return f"CASE WHEN isfinite(fsum({value})) THEN fsum({value}) ELSE sum({value}) END"


def series_labels(plan: MetricPlan, values: Sequence[str]) -> str:
    """Return the labels of a series as OpenMetrics text, as SQL over `resources` and the values of the metric's own
    labels.
    """
    texts = ["text"]
    for (name, _, _), value in zip(plan.labels, values, strict=True):
        # promql-mapping: a metric's label that is named like one of the resource's gets a prefix.
        shown = f"CASE WHEN list_contains(names, {quoted(name)}) THEN 'metric_' ELSE '' END || {quoted(name)}"
        texts.append(_label_text(f"({shown})", value))
    return " || ',' || ".join(texts)


def _merge(con: Connection, table: str, keys: str) -> None:
    """Merge the rows of each combination of keys, whose entries were counted in several parts.

    In a log in order of time these are few, the minutes in which parts end, and only they are made anew.
    """
    below = (
        "CASE WHEN any_value(below) IS NOT NULL THEN list_reduce(list(below), "
        "lambda one, other: list_transform(list_zip(one, other), lambda pair: pair[1] + pair[2])) END"
    )
    several = f"(SELECT {keys} FROM {table} GROUP BY {keys} HAVING count(*) > 1)"
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE merged AS SELECT {keys}, sum(n)::BIGINT AS n, {_total('total')} AS total, "
        f"{below} AS below FROM {table} JOIN {several} AS several USING ({keys}) GROUP BY {keys}"
    )
    same = " AND ".join(f"{table}.{key} = merged.{key}" for key in keys.split(", "))
    con.execute(f"DELETE FROM {table} USING merged WHERE {same}")
    con.execute(f"INSERT INTO {table} SELECT * FROM merged")


def find_zeros(con: Connection) -> None:
    """Make the table `spaced`: `points` with whether a zero stands before and after each, none of them twice, and none
    in a year in which Prometheus evaluates nothing.
    """
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE spaced AS SELECT *,
            minute > {_EVALUABLE[0]} AND coalesce(lag(minute) OVER by_time < minute - 1, true) AS zero_before,
            minute < {_EVALUABLE[1]} AND coalesce(lead(minute) OVER by_time > minute + 2, true) AS zero_after
        FROM points WINDOW by_time AS (PARTITION BY series ORDER BY minute)"""
    )


def summaries(con: Connection, plans: Sequence[MetricPlan], matched: dict[int, int]) -> dict[str, MetricSummary]:
    rows = con.execute(
        """SELECT metric, count(DISTINCT series), (count(*) + sum(zero_before::INTEGER + zero_after::INTEGER))::BIGINT
        FROM spaced GROUP BY metric"""
    ).fetchall()
    found = {metric: (series, points) for metric, series, points in rows}
    return {
        plan.metric.api_name: MetricSummary(matched[plan.number], *found.get(plan.number, (0, 0))) for plan in plans
    }


def export_points(con: Connection, number: int, matched: int, out: Path) -> None:
    """Write the points of one metric as Parquet: series, labels, minute, n, total, below.

    The labels of a series stand in a row of its own, without a minute. A row without a series has in `n` how many
    entries the metric's filter `matched`.
    """
    con.execute(
        f"COPY (SELECT series, labels, NULL::INTEGER AS minute, NULL::BIGINT AS n, NULL::DOUBLE AS total, "
        f"NULL::BIGINT[] AS below FROM series WHERE of_metric = {number} "
        f"UNION ALL SELECT series, NULL, minute, n, total, below FROM points WHERE metric = {number} "
        f"UNION ALL SELECT NULL, NULL, NULL, {matched}, NULL, NULL) TO {quoted(str(out))} (FORMAT parquet)"
    )


def import_points(
    con: Connection, metrics: Sequence[LogMetric], parts: Sequence[Sequence[Path]]
) -> dict[str, MetricSummary]:
    """Make the tables that `make_points` makes, of files that `export_points` wrote.

    `parts` are the files of each metric; a minute may be in several of them.
    """
    make_tables(con)
    con.execute(
        "CREATE OR REPLACE TEMP TABLE kept (metric INTEGER, part INTEGER, "
        "of_part INTEGER, labels VARCHAR, minute INTEGER, n BIGINT, total DOUBLE, below BIGINT[])"
    )
    for number, files in enumerate(parts):
        for part, file in enumerate(files):
            # A name may hold anything, and the database would take some of it for a pattern.
            with file.open("rb") as opened:
                read = f"read_parquet('/dev/fd/{opened.fileno()}')"
                con.execute(f"INSERT INTO kept SELECT {number}, {part}, * FROM {read}")
    con.execute(
        "INSERT INTO series SELECT row_number() OVER (ORDER BY metric, labels)::INTEGER, labels, metric "
        "FROM (SELECT DISTINCT metric, labels FROM kept WHERE labels IS NOT NULL)"
    )
    con.execute(
        "INSERT INTO points SELECT metric, series, kept.minute, kept.n, kept.total, kept.below FROM kept JOIN "
        "(SELECT metric, part, of_part, series FROM kept JOIN series ON of_metric = metric "
        "AND series.labels = kept.labels) AS named USING (metric, part, of_part) WHERE minute IS NOT NULL"
    )
    if any(len(files) > 1 for files in parts):
        _merge(con, "points", "metric, series, minute")
    find_zeros(con)
    matched = con.execute("SELECT metric, sum(n)::BIGINT FROM kept WHERE of_part IS NULL GROUP BY metric").fetchall()
    con.execute("DROP TABLE kept")
    return summaries(con, [plan_of(number, metric) for number, metric in enumerate(metrics)], dict(matched))


def _label_text(name_sql: str, value_sql: str) -> str:
    escaped = f"replace(replace(replace({value_sql}, '\\', '\\\\'), '\"', '\\\"'), chr(10), '\\n')"
    return f"{name_sql} || '=\"' || {escaped} || '\"'"
