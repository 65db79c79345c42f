"""Log-based metrics from entries that were counted elsewhere: the same tables that `points` makes of entries."""

from __future__ import annotations

from collections.abc import Sequence

from loyalty_monitoring.common.database import Connection
from loyalty_monitoring.definitions.model import LogMetric
from loyalty_monitoring.replay.metric_points import (
    MetricPlan,
    find_zeros,
    make_resources,
    make_tables,
    plan_of,
    series_labels,
    summaries,
)
from loyalty_monitoring.replay.result import MetricSummary


def make_counts_table(con: Connection) -> None:
    """Create the empty table `counted`: a row for each metric, minute, label set and bucket that has entries.

    `metric` is its place among all metrics, `minute` counts since 1970, `type` and `resource` are the monitored
    resource's type and labels as JSON, `labels` the metric's own values in its order. `matched` entries of the row
    match the filter, `valued` of them have a value, whose sum is `total`. `bucket` is the number of bounds that are at
    most the value, 0 where nobody asks for buckets.
    """
    con.execute(
        "CREATE OR REPLACE TEMP TABLE counted (metric INTEGER, minute INTEGER, type JSON, resource JSON, "
        "labels VARCHAR[], bucket INTEGER, matched BIGINT, valued BIGINT, total DOUBLE)"
    )


def take_counts(con: Connection, metrics: Sequence[LogMetric]) -> dict[str, MetricSummary]:
    """Make `series` and `spaced` of the table `counted`; the result is that of `make_points`."""
    con.execute(
        "CREATE OR REPLACE TEMP TABLE kinds AS "
        "SELECT row_number() OVER ()::INTEGER AS kind, NULL::INTEGER AS resource, * "
        "FROM (SELECT DISTINCT type AS resource_type, resource AS resource_labels FROM counted)"
    )
    make_resources(con, lambda path: f"resource_{path[-1]}")
    make_tables(con)
    plans = [plan_of(number, metric) for number, metric in enumerate(metrics)]
    for plan in plans:
        _add_metric(con, plan)
    find_zeros(con)
    rows = con.execute("SELECT metric, sum(matched)::BIGINT FROM counted GROUP BY metric").fetchall()
    matched = {plan.number: 0 for plan in plans} | dict(rows)
    return summaries(con, plans, matched)


def _add_metric(con: Connection, plan: MetricPlan) -> None:
    n = "valued" if plan.value else "matched"
    labels = series_labels(plan, [f"labels[{index + 1}]" for index in range(len(plan.labels))])
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE rows AS SELECT {labels} AS series_labels, counted.* "
        "FROM counted "
        "JOIN kinds ON type = resource_type AND counted.resource IS NOT DISTINCT FROM resource_labels "
        f"JOIN resources ON resources.resource = kinds.resource WHERE metric = {plan.number} AND {n} > 0"
    )
    con.execute(
        "CREATE OR REPLACE TEMP TABLE combinations AS "
        "SELECT series_labels, (row_number() OVER (ORDER BY series_labels) + (SELECT count(*) FROM series))::INTEGER "
        "AS series FROM (SELECT DISTINCT series_labels FROM rows)"
    )
    con.execute("INSERT INTO series (series, labels) SELECT series, series_labels FROM combinations")
    # A value below a bound has at most as many bounds under it as come before that one.
    below = ", ".join(f"coalesce(sum({n}) FILTER (bucket <= {index}), 0)::BIGINT" for index in range(len(plan.bounds)))
    numbers = f"sum(total), [{below}]" if plan.value else "NULL, NULL"
    con.execute(
        f"INSERT INTO points SELECT metric, series, minute, sum({n})::BIGINT, {numbers} "
        "FROM rows JOIN combinations USING (series_labels) GROUP BY metric, series, minute"
    )
