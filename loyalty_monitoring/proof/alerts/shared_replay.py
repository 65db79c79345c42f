"""One database pass and one Prometheus for many variants of the definitions.

Variants that differ in a metric (another parameter, a mutant) have that metric once each, under another name; their
policies' queries are told the name. Everything else is shared, which makes a variant cost one query.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from loyalty_monitoring.common.database import connect
from loyalty_monitoring.common.temporary_folders import temporary_folder
from loyalty_monitoring.definitions.model import AlertPolicy, LogMetric
from loyalty_monitoring.proof.alerts.cases import Entry
from loyalty_monitoring.query_languages.promql.quoted_names import legacy_names, words
from loyalty_monitoring.replay.entries.load import load_entries
from loyalty_monitoring.replay.metric_points import make_points, needed_fields
from loyalty_monitoring.replay.open_metrics import write_open_metrics
from loyalty_monitoring.replay.prometheus import Prometheus, prometheus_over
from loyalty_monitoring.replay.result import Incident
from loyalty_monitoring.replay.run import evaluate

_SUFFIXES = ("", "_count", "_sum")  # no alert reads buckets
_WORD = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")


@dataclass(frozen=True)
class Variant:
    """A policy and the log-based metrics that it is evaluated over."""

    policy: AlertPolicy
    metrics: tuple[LogMetric, ...]


class Stage:
    """A running Prometheus with the points of every variant. Made by `stage_for` only."""

    def __init__(self, prometheus: Prometheus, names: Mapping[str, str]) -> None:
        self._prometheus, self._names = prometheus, names

    def incidents(self, variant: Variant, start: datetime, end: datetime) -> list[Incident]:
        """The incidents that the variant's policy opens in a window. Errors: UserError for a bad query."""
        names = {
            metric.promql_name + suffix: self._names[key] + suffix
            for metric in variant.metrics
            if (key := _key(metric)) in self._names
            for suffix in _SUFFIXES
        }
        query = _WORD.sub(lambda word: names.get(word[0], word[0]), legacy_names(variant.policy.query))
        return evaluate(self._prometheus, [_with_query(variant.policy, query)], start, end)


@contextmanager
def stage_for(entries: Iterable[Entry], variants: Sequence[Variant]) -> Iterator[Stage]:
    """Everything that the variants need, from log entries to a running Prometheus, which is always stopped."""
    metrics = _all_metrics(variants)
    with temporary_folder() as folder:
        lines, points = folder / "entries.jsonl", folder / "points.om"
        with lines.open("w") as file:
            file.writelines(json.dumps(entry) + "\n" for entry in entries)
        with connect() as con:
            load_entries(con, [lines], needed_fields(tuple(metrics.values())))
            wanted = {metric.promql_name + suffix for metric in metrics.values() for suffix in _SUFFIXES}
            make_points(con, tuple(metrics.values()), wanted)
            write_open_metrics(con, tuple(metrics.values()), wanted, points)
        with prometheus_over(points) as prometheus:
            yield Stage(prometheus, {key: metric.promql_name for key, metric in metrics.items()})


def _all_metrics(variants: Sequence[Variant]) -> dict[str, LogMetric]:
    """Each metric that a query mentions, as often as it differs, with a name of its own."""
    found: dict[str, LogMetric] = {}
    seen: dict[str, int] = {}
    for variant in variants:
        mentioned = words(variant.policy.query)
        for metric in variant.metrics:
            used = any(metric.promql_name + suffix in mentioned for suffix in _SUFFIXES)
            if not used or _key(metric) in found:
                continue
            number = seen[metric.api_name] = seen.get(metric.api_name, 0) + 1
            body = {**metric.body, "name": f"{metric.api_name}/{number}"}
            found[_key(metric)] = dataclasses.replace(metric, body=body)
    return found


def _key(metric: LogMetric) -> str:
    return json.dumps(metric.body, sort_keys=True)


def _with_query(policy: AlertPolicy, query: str) -> AlertPolicy:
    (condition,) = policy.body["conditions"]
    changed = {**condition, "conditionPrometheusQueryLanguage": {**policy.condition, "query": query}}
    return dataclasses.replace(policy, body={**policy.body, "conditions": [changed]})
