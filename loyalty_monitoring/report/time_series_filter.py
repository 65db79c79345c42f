"""Charts that are written as filters (timeSeriesFilter, timeSeriesFilterRatio), as PromQL over the replayed metrics.

Sources: https://docs.cloud.google.com/monitoring/api/v3/filters for the filters,
https://docs.cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies#Aggregation for the aggregation,
https://docs.cloud.google.com/monitoring/promql/promql-mapping for the names. The console aligns a chart over the
alignment period or over the chart's step, whichever is longer: `${__interval:60}` stands for that.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from loyalty_monitoring.definitions.model import LogMetric

_USER = "logging.googleapis.com/user/"
_OVER_TIME = {
    "ALIGN_NONE": "sum",
    "ALIGN_DELTA": "sum",
    "ALIGN_SUM": "sum",
    "ALIGN_RATE": "sum",
    "ALIGN_COUNT": "count",
    "ALIGN_MAX": "max",
    "ALIGN_MIN": "min",
    "ALIGN_MEAN": "avg",
    "ALIGN_STDDEV": "stddev",
}
_REDUCED = {
    "REDUCE_SUM": "sum",
    "REDUCE_MEAN": "avg",
    "REDUCE_MIN": "min",
    "REDUCE_MAX": "max",
    "REDUCE_COUNT": "count",
    "REDUCE_STDDEV": "stddev",
}
_QUANTILES = {"99": "0.99", "95": "0.95", "50": "0.5", "05": "0.05"}
_TERM = re.compile(
    r"""\s*(?P<key>metric\.type|resource\.type|(?:metric|resource)\.labels?\.(?:"\w+"|\w+))\s*(?P<operator>!=|=)\s*
    (?:(?P<function>starts_with|has_substring|monitoring\.regex\.full_match|one_of)\s*\(\s*(?P<arguments>[^)]*)\)
      |(?P<value>"(?:[^"\\]|\\.)*"|[\w./-]+))\s*(?:AND\b)?""",
    re.VERBOSE,
)
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)(?:"|\Z)')
_INTERVAL = re.compile(r"\$\{?__interval(?::(\d+))?\}?|\$\{__seconds:(\d+)\}")


class NotEvaluated(ValueError):
    """Says in one sentence why a query has no data here."""


@dataclass(frozen=True)
class _Selected:
    """A metric and its matchers, as PromQL writes them."""

    metric: LogMetric
    matchers: tuple[str, ...]

    def series(self, suffix: str = "") -> str:
        return f"{self.metric.promql_name}{suffix}{{{', '.join(self.matchers)}}}"


def promql_of_filter(query: Mapping[str, Any], metrics: Sequence[LogMetric]) -> str:
    """The PromQL of a `timeSeriesQuery` that is none. Errors: NotEvaluated."""
    if "timeSeriesQueryLanguage" in query:
        raise NotEvaluated("this query is MQL, which the console withdrew in July 2025; write it in PromQL")
    if isinstance(query.get("timeSeriesFilter"), dict):
        return _picked(_aggregated(query["timeSeriesFilter"], metrics), query["timeSeriesFilter"])
    ratio = query.get("timeSeriesFilterRatio")
    if isinstance(ratio, dict):
        parts = [_aggregated(_object(ratio.get(part)), metrics) for part in ("numerator", "denominator")]
        return _picked(_reduced_again(" / ".join(f"({part})" for part in parts), ratio), ratio)
    raise NotEvaluated("this kind of query is not evaluated here: only PromQL and time series filters are")


def over_steps(promql: str, step: int) -> str:
    """The query with the console's `${__interval}`, and the longer alignment of filters, for a chart's step."""

    def seconds(found: re.Match[str]) -> str:
        at_least = max(step, int(found[1] or found[2] or 0))
        return str(at_least) if found[2] else f"{at_least}s"

    return _INTERVAL.sub(seconds, promql)


def _aggregated(query: Mapping[str, Any], metrics: Sequence[LogMetric]) -> str:
    selected = _selected(query.get("filter"), metrics)
    aggregation = _object(query.get("aggregation"))
    aligner = str(aggregation.get("perSeriesAligner", "ALIGN_NONE"))
    reducer = str(aggregation.get("crossSeriesReducer", "REDUCE_NONE"))
    seconds = _seconds(aggregation.get("alignmentPeriod", "60s"))
    grouping = _grouping(aggregation)
    if selected.metric.is_distribution:
        return _reduced_again(_distribution(selected, aligner, reducer, seconds, grouping), query)
    function = _OVER_TIME.get(aligner)
    if function is None:
        raise NotEvaluated(f"{aligner} does not fit a counter; use ALIGN_DELTA or ALIGN_RATE")
    aligned = f"{function}_over_time({selected.series()}[${{__interval:{seconds}}}])"
    if aligner == "ALIGN_RATE":
        aligned += f" / ${{__seconds:{seconds}}}"
    return _reduced_again(_reduced(aligned, reducer, grouping), query)


def _distribution(selected: _Selected, aligner: str, reducer: str, seconds: int, grouping: Sequence[str]) -> str:
    window = f"[${{__interval:{seconds}}}]"
    quantile = _quantile(aligner)
    buckets = f"sum_over_time({selected.series('_bucket')}{window})"
    if quantile is not None:
        return _reduced(f"histogram_quantile({quantile}, {buckets})", reducer, grouping)
    if aligner == "ALIGN_MEAN":
        total, count = (f"sum_over_time({selected.series(suffix)}{window})" for suffix in ("_sum", "_count"))
        return _reduced(f"{total} / ({count} > 0)", reducer, grouping)
    if aligner not in ("ALIGN_DELTA", "ALIGN_SUM", "ALIGN_NONE"):
        raise NotEvaluated(f"{aligner} of a distribution is not evaluated here; use ALIGN_DELTA or a percentile")
    by = ", ".join([*grouping, "le"])
    quantile = _quantile(reducer)
    if quantile is not None:
        return f"histogram_quantile({quantile}, sum by ({by}) ({buckets}))"
    if reducer == "REDUCE_MEAN":
        of = [
            f"sum by ({', '.join(grouping)}) (sum_over_time({selected.series(suffix)}{window}))"
            for suffix in ("_sum", "_count")
        ]
        return f"{of[0]} / ({of[1]} > 0)"
    if reducer in ("REDUCE_SUM", "REDUCE_NONE"):
        return buckets if reducer == "REDUCE_NONE" else f"sum by ({by}) ({buckets})"
    raise NotEvaluated(f"{reducer} of a distribution is not evaluated here; use REDUCE_SUM or a percentile")


def _reduced(promql: str, reducer: str, grouping: Sequence[str]) -> str:
    if reducer == "REDUCE_NONE":
        return promql
    by = f"by ({', '.join(grouping)})"
    quantile = _quantile(reducer)
    if quantile is not None:
        return f"quantile {by} ({quantile}, {promql})"
    if reducer not in _REDUCED:
        raise NotEvaluated(f"{reducer} is not evaluated here")
    return f"{_REDUCED[reducer]} {by} ({promql})"


def _reduced_again(promql: str, query: Mapping[str, Any]) -> str:
    """The secondary aggregation. Its alignment joins values that are aligned already, over the same period."""
    secondary = _object(query.get("secondaryAggregation"))
    return _reduced(promql, str(secondary.get("crossSeriesReducer", "REDUCE_NONE")), _grouping(secondary))


def _picked(promql: str, query: Mapping[str, Any]) -> str:
    """The highest or lowest time series; here at each point in time, in the console over the whole chart."""
    pick = _object(query.get("pickTimeSeriesFilter"))
    if not pick:
        return promql
    number = pick.get("numTimeSeries", 1)
    if not isinstance(number, int):
        raise NotEvaluated("numTimeSeries is no whole number")
    return f"{'bottomk' if pick.get('direction') == 'BOTTOM' else 'topk'}({number}, {promql})"


def _selected(text: Any, metrics: Sequence[LogMetric]) -> _Selected:
    if not isinstance(text, str):
        raise NotEvaluated("there is no filter")
    metric_type, matchers, position = "", [], 0
    while text[position:].strip():
        found = _TERM.match(text, position)
        if found is None:
            raise NotEvaluated(f"this part of the filter is not evaluated here: {text[position:].strip()[:80]}")
        position = found.end()
        if found["key"] == "metric.type" and found["operator"] == "=" and found["value"]:
            metric_type = _unquoted(found["value"])
        else:
            matchers.append(_matcher(found))
    known = {_USER + metric.api_name: metric for metric in metrics}
    if metric_type not in known:
        raise NotEvaluated(f"no data: {metric_type or 'the metric'} is no log-based metric of this project")
    return _Selected(known[metric_type], tuple(matchers))


def _matcher(term: re.Match[str]) -> str:
    label = "monitored_resource" if term["key"] == "resource.type" else _label(term["key"])
    negated = term["operator"] == "!="
    if term["function"] is None:
        return f"{label}{'!=' if negated else '='}{_quoted(_unquoted(term['value']))}"
    values = [_unescaped(one) for one in _STRING.findall(term["arguments"])]
    if not values:
        raise NotEvaluated(f"{term['function']} has no text to compare with")
    patterns = {
        "starts_with": f"{re.escape(values[0])}.*",
        "has_substring": f".*{re.escape(values[0])}.*",
        "monitoring.regex.full_match": values[0],
        "one_of": "|".join(map(re.escape, values)),
    }
    return f"{label}{'!~' if negated else '=~'}{_quoted(patterns[term['function']])}"


def _grouping(aggregation: Mapping[str, Any]) -> list[str]:
    fields = aggregation.get("groupByFields", [])
    return [
        "monitored_resource" if field == "resource.type" else _label(str(field))
        for field in (fields if isinstance(fields, list) else [])
    ]


def _label(field: str) -> str:
    found = re.fullmatch(r'(?:metric|resource)\.labels?\."?(\w+)"?', field)
    if found is None:
        raise NotEvaluated(f"grouping by {field} is not evaluated here")
    return found[1]


def _quantile(name: str) -> str | None:
    return _QUANTILES.get(name.rpartition("_PERCENTILE_")[2]) if "_PERCENTILE_" in name else None


def _seconds(duration: Any) -> int:
    found = re.fullmatch(r"(\d{1,9})(?:\.\d+)?s", duration) if isinstance(duration, str) else None
    if found is None:
        raise NotEvaluated(f"the alignment period {duration!r} is no duration such as 60s")
    return max(60, int(found[1]))


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _unquoted(value: str) -> str:
    return _unescaped(value[1:-1]) if value.startswith('"') else value


def _unescaped(value: str) -> str:
    return re.sub(r"\\(.)", r"\1", value)


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
