"""One database pass and one Prometheus for many variants of the definitions.

Variants that differ in a metric (another parameter, a mutant) have that metric once each, under another name; their
policies' queries are told the name. Everything else is shared, which makes a variant cost one query. Late points cost a
query for each evaluation that something had not arrived for.
"""

from __future__ import annotations

import dataclasses
import json
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from loyalty_monitoring.common.database import Connection, connect
from loyalty_monitoring.common.errors import Position, UserError
from loyalty_monitoring.common.temporary_folders import temporary_folder
from loyalty_monitoring.definitions.model import AlertPolicy, LogMetric
from loyalty_monitoring.proof.alerts.cases import Entry
from loyalty_monitoring.query_languages.promql.quoted_names import renamed, words
from loyalty_monitoring.replay.arrival import Arrival, EntryDelay, make_parts
from loyalty_monitoring.replay.blocks import store_points
from loyalty_monitoring.replay.entries.load import load_entries
from loyalty_monitoring.replay.incidents import Closing, evaluation_instants, incidents
from loyalty_monitoring.replay.late_evaluation import Asked, Views, make_views, on_the_way
from loyalty_monitoring.replay.metric_points import make_points, needed_fields
from loyalty_monitoring.replay.prometheus import Prometheus, Series, prometheus_with
from loyalty_monitoring.replay.result import Incident

_SUFFIXES = ("", "_count", "_sum")  # no alert reads buckets


@dataclass(frozen=True)
class Variant:
    """A policy and the log-based metrics that it is evaluated over."""

    policy: AlertPolicy
    metrics: tuple[LogMetric, ...]


@dataclass(frozen=True)
class Trial:
    """A variant, and a window in which it is evaluated."""

    variant: Variant
    start: datetime
    end: datetime


class SharedReplay:
    """A running Prometheus with the points of every variant. Made by `shared_replay` only."""

    def __init__(
        self, con: Connection, prometheus: Prometheus, names: Mapping[str, str], asked: Sequence[Asked], views: Views
    ) -> None:
        self._prometheus, self._names, self._asked, self._views = prometheus, names, asked, views
        self._numbers = {(one.query, one.step): number for number, one in enumerate(asked)}
        self._con, self._con_lock = con, threading.Lock()

    def answers(self, trial: Trial) -> list[Series]:
        """Return the answers of the trial's query, when points arrive at once. Errors: UserError for a bad query."""
        policy = trial.variant.policy
        interval = policy.evaluation_interval_seconds
        first, last = evaluation_instants(trial.start, trial.end, interval)
        try:
            return self._prometheus.query_range(_renamed(trial.variant, self._names), first, last, interval)
        except UserError as error:
            raise type(error)(error.message, Position(policy.source)) from error

    def late_answers(self, trial: Trial, arrival: int, full: Sequence[Series]) -> Sequence[Series]:
        """Return the same, when points are late; `full` are those of `answers`, and returned where lateness changes
        nothing.

        `arrival` is its place in what `shared_replay` was given, and the trial must be one of those.
        """
        interval = trial.variant.policy.evaluation_interval_seconds
        span = evaluation_instants(trial.start, trial.end, interval)
        number = self._number(trial)
        if not self._views.has_partial(number, arrival, span):
            return full
        return self._views.answers(self._prometheus, number, self._asked[number], arrival, span, full)

    def incidents(self, trial: Trial, closing: Closing = "delayed") -> list[Incident]:
        """Return the incidents that the trial's policy opens, when points arrive at once."""
        return incidents_of(trial, self.answers(trial), closing)

    def on_the_way(self, trial: Trial, arrival: int, instant: datetime) -> list[tuple[str, str, int, bool]]:
        """Return the points that an evaluation looked at and that had not arrived: metric, labels, minute since 1970,
        whether in part.
        """
        with self._con_lock:
            return on_the_way(self._con, self._number(trial), arrival, int(instant.timestamp()))

    def _number(self, trial: Trial) -> int:
        return self._numbers[_renamed(trial.variant, self._names), trial.variant.policy.evaluation_interval_seconds]


def incidents_of(trial: Trial, answers: Sequence[Series], closing: Closing) -> list[Incident]:
    """Return the incidents of the trial's policy, ordered by when they opened."""
    policy = trial.variant.policy
    _, last = evaluation_instants(trial.start, trial.end, policy.evaluation_interval_seconds)
    return sorted(incidents(policy, answers, last, closing), key=lambda one: (one.opened, sorted(one.labels.items())))


@contextmanager
def shared_replay(
    entries: Iterable[Entry],
    variants: Sequence[Variant],
    arrivals: Sequence[Arrival] = (),
    trials: Sequence[Trial] = (),
) -> Iterator[SharedReplay]:
    """Yield everything that the variants need, from log entries to a running Prometheus, which is always stopped.

    `trials` are what will be asked with points that arrive late.
    """
    metrics = _all_metrics(variants)
    bodies = tuple(metrics.values())
    names = {key: metric.promql_name for key, metric in metrics.items()}
    by_arrival = any(isinstance(arrival, EntryDelay) for arrival in arrivals)
    with temporary_folder() as folder, connect() as con:
        lines = folder / "entries.jsonl"
        with lines.open("w") as file:
            file.writelines(json.dumps(entry) + "\n" for entry in entries)
        load_entries(con, [lines], needed_fields(bodies, by_arrival=by_arrival))
        wanted = {metric.promql_name + suffix for metric in bodies for suffix in _SUFFIXES}
        make_points(con, bodies, wanted, by_arrival=by_arrival)
        asked = _all_asked(trials, names) if arrivals else ()
        make_parts(con, bodies, arrivals)
        views = make_views(con, bodies, asked, wanted)
        given = store_points(con, bodies, wanted, folder / "data", with_views=bool(asked))
        with prometheus_with(folder / "data", given) as prometheus:
            yield SharedReplay(con, prometheus, names, asked, views)


def _all_asked(trials: Iterable[Trial], names: Mapping[str, str]) -> tuple[Asked, ...]:
    spans: dict[tuple[str, int], dict[tuple[int, int], None]] = {}
    for trial in trials:
        interval = trial.variant.policy.evaluation_interval_seconds
        key = _renamed(trial.variant, names), interval
        spans.setdefault(key, {})[evaluation_instants(trial.start, trial.end, interval)] = None
    return tuple(Asked(query, interval, tuple(of_query)) for (query, interval), of_query in spans.items())


def _renamed(variant: Variant, names: Mapping[str, str]) -> str:
    """Return the variant's query, with the names that its metrics have on the shared."""
    other = {
        metric.promql_name + suffix: names[key] + suffix
        for metric in variant.metrics
        if (key := _key(metric)) in names
        for suffix in _SUFFIXES
    }
    return renamed(variant.policy.query, other)


def _all_metrics(variants: Sequence[Variant]) -> dict[str, LogMetric]:
    """Return each metric that a query mentions, as often as it differs, with a name of its own."""
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
