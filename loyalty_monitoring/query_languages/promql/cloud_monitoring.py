"""Say what of PromQL Cloud Monitoring evaluates, and how it names log-based metrics."""

from __future__ import annotations

from typing import Any

import promql_parser

from loyalty_monitoring.query_languages.promql.expressions import metric_name, nodes, selectors
from loyalty_monitoring.query_languages.promql.quoted_names import legacy_name

# https://docs.cloud.google.com/monitoring/api/resources: what the usual resources have; `log` is of every log metric.
RESOURCE_LABELS = frozenset(
    [
        "project_id",
        "location",
        "cluster_name",
        "namespace_name",
        "pod_name",
        "container_name",
        "service_name",
        "revision_name",
        "configuration_name",
        "instance_id",
        "zone",
        "job",
        "job_name",
        "task_id",
        "log",
    ]
)
# Functions and aggregations of Prometheus 2.44, which Cloud Monitoring evaluates
# (cloud.google.com/stackdriver/docs/managed-prometheus/promql-differences). The parser knows newer ones as well.
FUNCTIONS = frozenset(
    [
        "abs",
        "absent",
        "absent_over_time",
        "acos",
        "acosh",
        "asin",
        "asinh",
        "atan",
        "atanh",
        "avg_over_time",
        "ceil",
        "changes",
        "clamp",
        "clamp_max",
        "clamp_min",
        "cos",
        "cosh",
        "count_over_time",
        "day_of_month",
        "day_of_week",
        "day_of_year",
        "days_in_month",
        "deg",
        "delta",
        "deriv",
        "exp",
        "floor",
        "histogram_count",
        "histogram_fraction",
        "histogram_quantile",
        "histogram_sum",
        "holt_winters",
        "hour",
        "idelta",
        "increase",
        "irate",
        "label_join",
        "label_replace",
        "last_over_time",
        "ln",
        "log10",
        "log2",
        "max_over_time",
        "min_over_time",
        "minute",
        "month",
        "pi",
        "predict_linear",
        "present_over_time",
        "quantile_over_time",
        "rad",
        "rate",
        "resets",
        "round",
        "scalar",
        "sgn",
        "sin",
        "sinh",
        "sort",
        "sort_desc",
        "sqrt",
        "stddev_over_time",
        "stdvar_over_time",
        "sum_over_time",
        "tan",
        "tanh",
        "time",
        "timestamp",
        "vector",
        "year",
    ]
)


# A distribution has three time series in PromQL, of these endings (cloud.google.com/monitoring/promql/promql-mapping).
SUFFIXES = ("_count", "_sum", "_bucket")
# They read a log counter's per-minute deltas as a cumulative counter: they extrapolate, and see a reset in every drop.
LOG_BASED = "logging_googleapis_com:user_"


COUNTER_FUNCTIONS = frozenset(["rate", "irate", "increase", "resets", "delta", "idelta", "deriv"])


# Aggregations that the parser knows and Prometheus 2.44 does not.
_NEWER_AGGREGATIONS = frozenset(["limitk", "limit_ratio"])


def newer_than_cloud_monitoring(expression: Any) -> list[str]:
    """Name the parts of an expression that the parser knows but Prometheus 2.44 does not, in the order of the
    expression.
    """
    found = []
    for node in nodes(expression):
        if isinstance(node, promql_parser.Call) and node.func.name not in FUNCTIONS:
            found.append(f"the function {node.func.name}()")
        if isinstance(node, promql_parser.AggregateExpr) and str(node.op) in _NEWER_AGGREGATIONS:
            found.append(f"the aggregation {node.op}()")
        if isinstance(node, promql_parser.VectorSelector) and node.matchers.or_matchers:
            found.append("`or` between matchers")
    return list(dict.fromkeys(found))


def reads_log_based_metric(expression: Any) -> bool:
    """Return whether any selector names a user-defined log-based metric."""
    return any((metric_name(selector) or "").startswith(LOG_BASED) for selector in selectors(expression))


def promql_name(api_name: str) -> str:
    """Return the PromQL name of a log-based metric (cloud.google.com/monitoring/promql/promql-mapping)."""
    return legacy_name(f"logging.googleapis.com/user/{api_name}")
