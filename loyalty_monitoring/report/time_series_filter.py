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
from itertools import zip_longest
from typing import Any

from loyalty_monitoring.definitions.model import LogMetric
from loyalty_monitoring.query_languages.monitoring_filter import (
    Comparison,
    MonitoringFilterError,
    Selection,
    Term,
    TooManyAlternatives,
    Variable,
    alternatives,
    parse_monitoring_filter,
)

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
_VALUE_OF_VARIABLE = re.compile(r"\$\{\w+\.value\}")
_INTERVAL = re.compile(r"\$\{?__interval(?::(\d+))?\}?|\$\{__seconds:(\d+)\}")


class NotEvaluated(ValueError):
    """Says in one sentence why a query has no data here."""


@dataclass(frozen=True)
class _Selected:
    """A metric, and the matchers of each alternative, as PromQL writes them."""

    metric: LogMetric
    alternatives: tuple[tuple[str, ...], ...]

    def over_time(self, function: str, window: str, suffix: str = "") -> str:
        """Return the function over a window of every series that one of the alternatives selects."""
        names = [f"{self.metric.promql_name}{suffix}{{{', '.join(one)}}}" for one in self.alternatives]
        calls = [f"{function}_over_time({name}{window})" for name in names]
        return calls[0] if len(calls) == 1 else f"({' or '.join(calls)})"


def promql_of_filter(query: Mapping[str, Any], metrics: Sequence[LogMetric]) -> str:
    """Return the PromQL of a `timeSeriesQuery` that is none. Errors: NotEvaluated."""
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
    """Return the query with the console's `${__interval}`, and the longer alignment of filters, for a chart's step."""

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
    aligned = selected.over_time(function, f"[${{__interval:{seconds}}}]")
    if aligner == "ALIGN_RATE":
        aligned += f" / ${{__seconds:{seconds}}}"
    return _reduced_again(_reduced(aligned, reducer, grouping), query)


def _distribution(selected: _Selected, aligner: str, reducer: str, seconds: int, grouping: Sequence[str]) -> str:
    window = f"[${{__interval:{seconds}}}]"
    quantile = _quantile(aligner)
    buckets = selected.over_time("sum", window, "_bucket")
    if quantile is not None:
        return _reduced(f"histogram_quantile({quantile}, {buckets})", reducer, grouping)
    if aligner == "ALIGN_MEAN":
        total, count = (selected.over_time("sum", window, suffix) for suffix in ("_sum", "_count"))
        return _reduced(f"{total} / ({count} > 0)", reducer, grouping)
    if aligner not in ("ALIGN_DELTA", "ALIGN_SUM", "ALIGN_NONE"):
        raise NotEvaluated(f"{aligner} of a distribution is not evaluated here; use ALIGN_DELTA or a percentile")
    by = ", ".join([*grouping, "le"])
    quantile = _quantile(reducer)
    if quantile is not None:
        return f"histogram_quantile({quantile}, sum by ({by}) ({buckets}))"
    if reducer == "REDUCE_MEAN":
        of = [
            f"sum by ({', '.join(grouping)}) ({selected.over_time('sum', window, suffix)})"
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
    """Return the secondary aggregation. Its alignment joins values that are aligned already, over the same period."""
    secondary = _object(query.get("secondaryAggregation"))
    return _reduced(promql, str(secondary.get("crossSeriesReducer", "REDUCE_NONE")), _grouping(secondary))


def _picked(promql: str, query: Mapping[str, Any]) -> str:
    """Return the highest or lowest time series; here at each point in time, in the console over the whole chart."""
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
    try:
        found = alternatives(parse_monitoring_filter(text))
    except MonitoringFilterError as error:
        raise NotEvaluated(f"the filter cannot be read: {error}") from error
    except TooManyAlternatives as error:
        raise NotEvaluated(str(error)) from error
    for term in (term for terms in found for term in terms):
        if isinstance(term.of, Selection):
            raise NotEvaluated(f"log entries say nothing of objectives and processes: {term.of.text}")
    types = {_metric_type(terms) for terms in found}
    if len(types) > 1:
        raise NotEvaluated(f"the filter names several metrics ({', '.join(sorted(types))}); a chart's filter names one")
    known = {_USER + metric.api_name: metric for metric in metrics}
    metric_type = types.pop()
    if metric_type not in known:
        raise NotEvaluated(f"no data: {metric_type or 'the metric'} is no log-based metric of this project")
    matchers = [tuple(_matcher(term) for term in terms if not _names_metric(term)) for terms in found]
    return _Selected(known[metric_type], tuple(dict.fromkeys(matchers)))


def _names_metric(term: Term) -> bool:
    return isinstance(term.of, Comparison) and term.of.selector == ("metric", "type")


def _metric_type(terms: Sequence[Term]) -> str:
    """Return the one metric that an alternative names, "" for none."""
    found = ""
    for term in filter(_names_metric, terms):
        compared = term.of
        assert isinstance(compared, Comparison)
        exact = compared.function is None or (compared.function == "one_of" and len(compared.values) == 1)
        if not exact or compared.operator != "=" or term.negated or found not in ("", compared.values[0]):
            raise NotEvaluated(f"a chart's filter names one metric.type, exactly: {compared.text}")
        found = compared.values[0]
    return found


def _matcher(term: Term) -> str:
    compared, negated = term.of, term.negated
    assert not isinstance(compared, Selection)
    if isinstance(compared, Variable):
        if negated:
            raise NotEvaluated(f"NOT before ${{{compared.name}}} is not evaluated here; choose with =")
        return f"${{{compared.name}}}"
    label = _label_of(compared)
    if compared.operator not in ("=", "!=", ":"):
        raise NotEvaluated(f"labels are texts here, without an order: {compared.text}")
    negated ^= compared.operator == "!="
    function = "has_substring" if compared.operator == ":" else compared.function
    if function is None and not _VALUE_OF_VARIABLE.search(compared.values[0]):
        return f"{label}{'!=' if negated else '='}{_quoted(compared.values[0])}"
    values = compared.values if function == "monitoring.regex.full_match" else tuple(map(_literally, compared.values))
    patterns = {
        None: values[0],
        "starts_with": f"{values[0]}.*",
        "ends_with": f".*{values[0]}",
        "has_substring": f".*{values[0]}.*",
        "monitoring.regex.full_match": values[0],
        "one_of": "|".join(values),
    }
    return f"{label}{'!~' if negated else '=~'}{_quoted(patterns[function])}"


def _literally(text: str) -> str:
    """Return a text as a regular expression; a template variable in it stays one."""
    variables = _VALUE_OF_VARIABLE.findall(text)
    pieces = [re.escape(piece) for piece in _VALUE_OF_VARIABLE.split(text)]
    return "".join(piece + variable for piece, variable in zip_longest(pieces, variables, fillvalue=""))


def _label_of(compared: Comparison) -> str:
    if compared.selector == ("resource", "type"):
        return "monitored_resource"
    match compared.selector:
        case ("metric" | "resource", "labels", key) if re.fullmatch(r"\w+", key):
            return str(key)
        case ("project",) | ("group", "id") | ("metadata", "system_labels" | "user_labels", _):
            raise NotEvaluated(f"log entries do not say of which points this holds: {compared.text}")
    raise NotEvaluated(f"there is no such selector: {compared.text}")


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


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
