"""The query that counts a view's entries: all metrics in one pass, by the filters and extractors that are deployed.

BigQuery charges for the columns that a query reads, however often, so everything is counted in one scan
(cloud.google.com/bigquery/docs/best-practices-costs).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence

from loyalty_monitoring.backtest.google_sql import google_sql, parse_sayable
from loyalty_monitoring.backtest.view import View, json_text
from loyalty_monitoring.common.errors import Position, UserError
from loyalty_monitoring.definitions.model import LogMetric
from loyalty_monitoring.query_languages.extractors import label_sql, value_sql
from loyalty_monitoring.query_languages.logging_filter import FieldPath, Filter, to_sql
from loyalty_monitoring.query_languages.logging_filter.syntax import And, Comparison, Expression, Not, Or
from loyalty_monitoring.replay.entries.fields import expression, leaves_of
from loyalty_monitoring.replay.metric_points import MetricPlan, needed_fields, plan_of

# cloud.google.com/bigquery/quotas#query_jobs: "Maximum unresolved GoogleSQL query length: 1 MB".
LONGEST_QUERY = 1_000_000

# The metric under which all entries are counted.
ALL_ENTRIES = -1


def aggregation(view: View, metrics: Sequence[LogMetric], wanted: Collection[str]) -> str:
    """Return GoogleSQL with the parameters @start and @end (TIMESTAMP), the end excluded.

    Columns of the result: metric INT64 (its place in `metrics`, or ALL_ENTRIES), minute INT64 (since 1970), type,
    resource (JSON texts of the monitored resource's type and labels), labels (a JSON list of texts), bucket INT64,
    matched, valued INT64, total FLOAT64, first, last TIMESTAMP. `wanted` are names as in PromQL; buckets are counted
    for a `_bucket` among them. Errors: UserError for what GoogleSQL cannot say, and for a query that is too long.
    """
    leaves = {leaf: f"c{index}" for index, leaf in enumerate(sorted(leaves_of(needed_fields(metrics))))}
    shared = _Shared(lambda path: expression(leaves, path))
    plans = [plan_of(number, metric) for number, metric in enumerate(metrics)]
    rows = [f"STRUCT({ALL_ENTRIES} AS metric, TRUE AS matches, '[]' AS labels, CAST(NULL AS FLOAT64) AS value)"]
    rows += [_row(plan, shared) for plan in plans]
    buckets = " ".join(_bucket(plan) for plan in plans if f"{plan.metric.promql_name}_bucket" in wanted)
    columns = [f"{json_text(leaf)} AS {name}" for leaf, name in leaves.items()]
    of_metric = "hit.metric >= 0"
    query = f"""WITH entries AS (
  SELECT
    timestamp AS entry_time,
    {json_text(("resource", "type"))} AS entry_type,
    {json_text(("resource", "labels"))} AS entry_resource,
    {_lines(columns)}
  FROM `{view}`
  WHERE timestamp >= @start AND timestamp < @end
),
judged AS (
  SELECT
    entry_time,
    entry_type,
    entry_resource,
    {_lines(f"{sql} AS {name}" for sql, name in shared.columns.items())}
  FROM entries
),
hits AS (
  SELECT entry_time, entry_type, entry_resource, hit
  FROM judged
  CROSS JOIN UNNEST([
    {_lines(rows)}
  ]) AS hit
  WHERE hit.matches
)
SELECT
  hit.metric AS metric,
  IF({of_metric}, DIV(UNIX_MICROS(entry_time), 60000000), NULL) AS minute,
  IF({of_metric}, entry_type, NULL) AS type,
  IF({of_metric}, entry_resource, NULL) AS resource,
  hit.labels AS labels,
  {f"CASE hit.metric {buckets} ELSE 0 END" if buckets else "0"} AS bucket,
  COUNT(*) AS matched,
  COUNT(hit.value) AS valued,
  SUM(hit.value) AS total,
  MIN(entry_time) AS first,
  MAX(entry_time) AS last
FROM hits
GROUP BY 1, 2, 3, 4, 5, 6"""
    if len(query.encode()) > LONGEST_QUERY:
        raise UserError(
            f"the query for {len(metrics)} log-based metrics has {len(query):,} characters, and BigQuery takes "
            f"{LONGEST_QUERY:,}; ask for fewer alerts with --policy"
        )
    return query


class _Shared:
    """Tests, labels and values that several metrics ask of an entry, each computed once, as a column."""

    def __init__(self, column: Callable[[FieldPath], str]) -> None:
        self.column = column
        self.columns: dict[str, str] = {}

    def name(self, duckdb: str) -> str:
        """Return the column that holds the expression's result."""
        return self.columns.setdefault(google_sql(duckdb), f"x{len(self.columns)}")

    def condition(self, part: Expression | None) -> str:
        match part:
            case None:
                return "TRUE"
            case And(parts):
                return "(" + " AND ".join(map(self.condition, parts)) + ")"
            case Or(parts) if not all(isinstance(one, Comparison) for one in parts):
                return "(" + " OR ".join(map(self.condition, parts)) + ")"
            case Not(inner):
                return f"(NOT {self.condition(inner)})"
        return self.name(to_sql(Filter("", part), self.column))


def _row(plan: MetricPlan, shared: _Shared) -> str:
    try:
        matches = shared.condition(parse_sayable(plan.metric.body["filter"]).expression)
        labels = [shared.name(label_sql(extractor, kind, shared.column)) for _, kind, extractor in plan.labels]
        value = shared.name(value_sql(plan.value, shared.column)) if plan.value else "NULL"
    except UserError as error:
        raise UserError(
            f"BigQuery cannot count {plan.metric.api_name}: {error.message}; leave out --view, and the entries are "
            "read through the Logging API",
            Position(plan.metric.source),
        ) from error
    texts = f"TO_JSON_STRING([{', '.join(labels)}])" if labels else "'[]'"
    return f"STRUCT({plan.number}, {matches}, {texts}, {value})"


def _lines(parts: Iterable[str]) -> str:
    return ",\n    ".join(parts)


def _bucket(plan: MetricPlan) -> str:
    """Return the number of bounds that are at most the value."""
    reached = " + ".join(f"IF(hit.value >= CAST('{bound!r}' AS FLOAT64), 1, 0)" for bound in plan.bounds)
    return f"WHEN {plan.number} THEN {reached}"
