"""Checks that policies and charts share, of log-based metrics that Monitoring filters select.

Sources: https://docs.cloud.google.com/logging/docs/reference/v2/rest/v2/projects.metrics (labelExtractors),
https://docs.cloud.google.com/monitoring/api/v3/filters, and aggregations.yaml
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from loyalty_monitoring.checks.lint.aggregations import AggregatedSeries, applied_to, names_of
from loyalty_monitoring.checks.lint.filter_conditions import LogBasedFilter
from loyalty_monitoring.checks.lint.log_based import own_labels, resource_labels
from loyalty_monitoring.checks.lint.monitoring_filters import LabelName, labels_in, labels_in_field
from loyalty_monitoring.checks.lint.placeholders import has_placeholder
from loyalty_monitoring.checks.lint.rule import Problem, Project, at, items, text
from loyalty_monitoring.common.errors import nearest
from loyalty_monitoring.common.yaml_documents import Path_
from loyalty_monitoring.query_languages.monitoring_filter import MonitoringFilterError, parse_monitoring_filter

# Every log-based metric has the name of the log as a label of its own.
_OF_EVERY_METRIC = frozenset(["log"])
# Looking for the nearest name among hundreds, for hundreds of names, would take minutes.
_COMPARED = 50


def syntax_problem_of(written: str, path: Path_) -> Iterator[Problem]:
    """Yield where and why a filter is not in the language of Monitoring filters; of one that a template still completes
    nothing is known.
    """
    if has_placeholder(written):
        return
    try:
        parse_monitoring_filter(written)
    except MonitoringFilterError as error:
        place = f"line {error.position.line}, column {error.position.column} of the filter: " if error.position else ""
        message, _, remedy = error.message.partition("; ")
        yield Problem(path, place + message, remedy or "mend it there")


def unaligned_reducer(path: Path_, aggregation: Any) -> Iterator[Problem]:
    """Yield a reducer without an aligner: "perSeriesAligner must be specified, [...] otherwise, an error is returned"
    (https://docs.cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies#aggregation).
    """
    reducer, aligner = (text(at(aggregation, name)) for name in ("crossSeriesReducer", "perSeriesAligner"))
    if reducer not in ("", "REDUCE_NONE") and aligner in ("", "ALIGN_NONE") and not has_placeholder(reducer):
        yield Problem(
            (*path, "crossSeriesReducer"),
            f"has {reducer} and no aligner, which the API refuses: what is reduced is aligned before",
            "write perSeriesAligner, such as ALIGN_DELTA for counts, and an alignmentPeriod",
        )


def unknown_labels_of(one: LogBasedFilter) -> Iterator[Problem]:
    """Yield labels that a filter matches or groups by, and that its metric or resource does not have."""
    yield from _unknown(one, one.path, labels_in(one.filter), "matches")
    for path, aggregation in one.aggregations:
        for index, field in enumerate(items(at(aggregation, "groupByFields"))):
            yield from _unknown(one, (*path, "groupByFields", index), labels_in_field(text(field)), "groups by")


def unknown_metric_of(one: LogBasedFilter, project: Project) -> Iterator[Problem]:
    """Yield the metric of a filter that the project does not define, where it defines any."""
    if one.metric is None and project.metrics and not project.has_unknown_metrics:
        names = {metric.metric_name for metric in project.of("log_metric")}
        hint = nearest(one.name, names if len(names) <= _COMPARED else set[str]())
        yield Problem(
            one.path,
            f"no log-based metric of these files is named {one.name!r}",
            f"define it, or name one that is defined{hint}",
        )


def aligned(one: LogBasedFilter) -> AggregatedSeries | Problem | None:
    """Return the series after all aggregations, or the first that does not fit; None where one is not known yet."""
    series = AggregatedSeries("DELTA", one.value_type)
    for path, aggregation in one.aggregations:
        for field, name in names_of(aggregation):
            if has_placeholder(name):
                return None
            result = applied_to(series, name)
            if isinstance(result, str):
                return Problem((*path, field), result, _remedy(series))
            series = result
    return series


def _remedy(series: AggregatedSeries) -> str:
    if series.type == "DISTRIBUTION":
        return "write ALIGN_PERCENTILE_95 or another percentile, or ALIGN_DELTA with REDUCE_MEAN or a percentile"
    return "write ALIGN_DELTA to count, or ALIGN_RATE for counts a second"


def _unknown(one: LogBasedFilter, path: Path_, labels: Iterable[LabelName], does: str) -> Iterator[Problem]:
    for label in labels:
        known = _known(one, label.of)
        if known is not None and label.name not in known:
            whose = f"the log-based metric {one.name!r}" if label.of == "metric" else one.resource
            yield Problem(
                path,
                f"{does} {label.of}.labels.{label.name}, which {whose} does not have",
                f"name a label that it has, or extract this one in its labelExtractors{nearest(label.name, known)}"
                if label.of == "metric"
                else f"name a label of the resource{nearest(label.name, known)}",
            )


def _known(one: LogBasedFilter, of: str) -> frozenset[str] | None:
    """Return the labels there are, None where that is not known."""
    if of == "resource":
        return resource_labels(one.resource)
    own = own_labels(one.metric) if one.metric is not None else None
    return None if own is None else own | _OF_EVERY_METRIC
