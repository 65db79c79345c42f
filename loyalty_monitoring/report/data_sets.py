"""The data sets of a dashboard: where they stand in its JSON, and the PromQL that evaluates each."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from loyalty_monitoring.definitions.model import Body, LogMetric
from loyalty_monitoring.query_languages.promql.variables import variables
from loyalty_monitoring.report.time_series_filter import NotEvaluated, promql_of_filter

_LABEL_IN_NAME = re.compile(r"\$\{|\{\{")

Path_ = tuple[str | int, ...]


@dataclass(frozen=True)
class Query:
    """A data set's query. `promql` has the template variables `uses`; None where `note` says why there is none."""

    text: str
    promql: str | None
    uses: tuple[str, ...]
    note: str | None


@dataclass(frozen=True)
class Variable:
    """A template variable of a dashboard, and the label that it chooses by."""

    name: str
    label: str


@dataclass(frozen=True)
class DataSets:
    """`places` are the paths of the `timeSeriesQuery` objects, each with its index in `queries`."""

    queries: tuple[Query, ...]
    places: tuple[tuple[Path_, int], ...]
    variables: tuple[Variable, ...]


def data_sets(dashboard: Body, metrics: Sequence[LogMetric]) -> DataSets:
    """Return all data sets of a dashboard of any author; equal queries are one."""
    known = _variables(dashboard)
    names = {variable.name for variable in known}
    queries: dict[str, Query] = {}
    places: list[tuple[Path_, str]] = []
    for path, body in _found(dashboard, ()):
        query = _query(body, names, metrics)
        queries.setdefault(query.text, query)
        places.append((path, query.text))
    numbers = {text: number for number, text in enumerate(queries)}
    return DataSets(tuple(queries.values()), tuple((path, numbers[text]) for path, text in places), known)


def filters_of_logs_panels(dashboard: Any) -> Iterator[str]:
    """Yield the filters of all logsPanel widgets."""
    if isinstance(dashboard, dict):
        panel = dashboard.get("logsPanel")
        if isinstance(panel, dict):
            found = panel.get("filter", "")
            yield found if isinstance(found, str) else ""
    for part in _parts(dashboard):
        yield from filters_of_logs_panels(part)


def texts(dashboard: Any) -> Iterator[str]:
    """Yield the contents of all text widgets."""
    if isinstance(dashboard, dict) and isinstance(dashboard.get("text"), dict):
        found = dashboard["text"].get("content")
        if isinstance(found, str):
            yield found
    for part in _parts(dashboard):
        yield from texts(part)


def legend_names(dashboard: Any) -> Iterator[str]:
    """Yield the names that legends give to data sets, those with labels in them left out."""
    if isinstance(dashboard, dict):
        found = dashboard.get("legendTemplate")
        if isinstance(found, str) and not _LABEL_IN_NAME.search(found):
            yield found
    for part in _parts(dashboard):
        yield from legend_names(part)


def _parts(value: Any) -> list[Any]:
    return list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []


def _variables(dashboard: Body) -> tuple[Variable, ...]:
    filters = dashboard.get("dashboardFilters")
    found: dict[str, Variable] = {}
    for one in filters if isinstance(filters, list) else []:
        if isinstance(one, dict) and isinstance(one.get("templateVariable"), str) and one["templateVariable"]:
            name = one["templateVariable"]
            found.setdefault(name, Variable(name, str(one.get("labelKey", name))))
    return tuple(found.values())


def _found(value: Any, path: Path_) -> Iterator[tuple[Path_, Mapping[str, Any]]]:
    if isinstance(value, dict):
        for key, item in value.items():
            if key == "timeSeriesQuery" and isinstance(item, dict):
                yield (*path, key), item
            else:
                yield from _found(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _found(item, (*path, index))


def _query(body: Mapping[str, Any], names: set[str], metrics: Sequence[LogMetric]) -> Query:
    promql = body.get("prometheusQuery")
    if isinstance(promql, str):
        return Query(promql, promql, tuple(sorted(variables(promql) & names)), None)
    text = json.dumps(body, sort_keys=True)
    try:
        promql = promql_of_filter(body, metrics)
    except NotEvaluated as error:
        return Query(text, None, (), str(error))
    return Query(text, promql, tuple(sorted(variables(promql) & names)), None)
