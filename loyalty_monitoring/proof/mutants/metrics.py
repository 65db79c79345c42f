"""Mutants of log-based metrics: each definition with one thing wrong, held against the lines of the metric cases."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from loyalty_monitoring.common.database import Progress
from loyalty_monitoring.definitions.model import Body, LogMetric
from loyalty_monitoring.proof.metrics.cases import MetricCases
from loyalty_monitoring.proof.metrics.compare import Points, differing, expected_points, misstated, points_of
from loyalty_monitoring.proof.mutants.filters import filter_mutants
from loyalty_monitoring.proof.mutants.regexes import regex_mutants
from loyalty_monitoring.query_languages.extractors import parse_extractor
from loyalty_monitoring.query_languages.logging_filter import parse_filter, referenced_fields

# What kills a mutant that no point can show: the descriptor is not what the case file states.
STATED = "the type and the unit are as stated"

_BUCKETS = "buckets: "
_AT_ONCE = 250  # so that the parser remembers the filters of all that are tried at once


@dataclass(frozen=True)
class MetricMutant:
    """`change` says what is wrong with the metric."""

    change: str
    metric: LogMetric

    @property
    def id(self) -> str:
        return f"{self.metric.name}: {self.change}"


def metric_mutants(metrics: Sequence[LogMetric]) -> tuple[MetricMutant, ...]:
    """Return every mutant of every metric, each with an id of its own; none that is the same as another or as the
    original.
    """
    return tuple(mutant for metric in metrics for mutant in _mutants(metric))


def killed(
    mutants: Sequence[MetricMutant], cases: MetricCases, progress: Progress | None = None
) -> Mapping[str, str | None]:
    """Return, by the mutant's id, the claim of the first line that tells it from the original, or None.

    The original must count as the cases say. A mutant is held against the lines of its metric's case file.
    """
    batches = [batch for own in _by_file(mutants, cases) for batch in _batches(*own)]
    killers: dict[str, str | None] = {}
    with ThreadPoolExecutor(max_workers=2) as pool:
        for found in pool.map(_killers, batches):
            killers |= found
            if progress is not None:
                progress("Trying mutants of the metrics", len(killers) / len(mutants))
    return {mutant.id: killers[mutant.id] for mutant in mutants}


@dataclass(frozen=True)
class _Batch:
    mutants: tuple[MetricMutant, ...]
    cases: MetricCases


def _by_file(
    mutants: Sequence[MetricMutant], cases: MetricCases
) -> Iterator[tuple[Sequence[MetricMutant], MetricCases]]:
    """Yield the mutants of the metrics of each case file, with its lines only, which is quicker than with all."""
    files = {name: facts.position.file for name, facts in cases.facts.items()}
    for file in dict.fromkeys(files.values()):
        lines = tuple(line for line in cases.lines if line.position.file == file)
        yield [one for one in mutants if files[one.metric.name] == file], MetricCases(cases.facts, lines)


def _batches(mutants: Sequence[MetricMutant], cases: MetricCases) -> Iterator[_Batch]:
    # Mutants with one filter stand together: it is parsed and evaluated once for all of them.
    ordered = sorted(mutants, key=lambda mutant: str(mutant.metric.body["filter"]))
    for start in range(0, len(ordered), _AT_ONCE):
        yield _Batch(tuple(ordered[start : start + _AT_ONCE]), cases)


def _killers(batch: _Batch) -> Mapping[str, str | None]:
    renamed = [_renamed(mutant.metric, number) for number, mutant in enumerate(batch.mutants)]
    bucketed = [one for one, mutant in zip(renamed, batch.mutants, strict=True) if mutant.change.startswith(_BUCKETS)]
    found = points_of(renamed, batch.cases, bucketed)
    return {
        mutant.id: _killer(mutant, points, batch.cases) for mutant, points in zip(batch.mutants, found, strict=True)
    }


def _killer(mutant: MetricMutant, points: Points, cases: MetricCases) -> str | None:
    expected = expected_points(mutant.metric.name, cases)
    if places := differing(expected, points):
        return cases.lines[next((place for place in places if place in expected), places[0])].claim
    return STATED if misstated(mutant.metric, cases.facts[mutant.metric.name]) else None


def _renamed(metric: LogMetric, number: int) -> LogMetric:
    return dataclasses.replace(metric, body={**metric.body, "name": f"{metric.api_name}_{number}"})


def _mutants(metric: LogMetric) -> Iterator[MetricMutant]:
    seen = [metric.body]
    changes: dict[str, int] = {}
    for change, body in _changed_bodies(metric):
        if body in seen:
            continue
        seen.append(body)
        changes[change] = changes.get(change, 0) + 1
        nth = f" ({changes[change]})" if changes[change] > 1 else ""
        yield MetricMutant(change + nth, dataclasses.replace(metric, body=body))


def _changed_bodies(metric: LogMetric) -> Iterator[tuple[str, Body]]:
    body = metric.body
    for change, text in filter_mutants(body["filter"]):
        yield f"filter: {change}", {**body, "filter": text}
    yield from _changed_labels(body)
    if metric.is_distribution:
        for change, extractor in _extractors(body["valueExtractor"], _payload_fields(body)):
            yield f"value: {change}", {**body, "valueExtractor": extractor}
        for change, options in _buckets(body.get("bucketOptions", {})):
            yield f"{_BUCKETS}{change}", {**body, "bucketOptions": options}
    yield from _changed_descriptors(metric)


def _changed_labels(body: Body) -> Iterator[tuple[str, Body]]:
    extractors: Mapping[str, str] = body.get("labelExtractors", {})
    labels = body["metricDescriptor"].get("labels", [])
    for label in labels:
        key = label["key"]
        for change, extractor in _extractors(extractors[key], _payload_fields(body)):
            yield f"label {key}: {change}", {**body, "labelExtractors": {**extractors, key: extractor}}
        without = {other: extractor for other, extractor in extractors.items() if other != key}
        yield f"label {key}: extractor left out", {**body, "labelExtractors": without}
        others = [other for other in labels if other["key"] != key]
        yield f"label {key} left out", {**_described(body, labels=others), "labelExtractors": without}
        renamed = [{**other, "key": f"{key}_x"} if other is label else other for other in labels]
        extracted = {f"{key}_x" if other == key else other: value for other, value in extractors.items()}
        yield f"label {key} -> {key}_x", {**_described(body, labels=renamed), "labelExtractors": extracted}
        retyped = [{**other, "valueType": "INT64"} if other is label else other for other in labels]
        yield f"label {key}: {label['valueType']} -> INT64", _described(body, labels=retyped)
    for one, other in pairwise(labels):
        first, second = one["key"], other["key"]
        swapped = {**extractors, first: extractors[second], second: extractors[first]}
        yield f"labels {first} and {second} swapped", {**body, "labelExtractors": swapped}


def _extractors(text: str, fields: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield mutants of the extractors: another field, another regular expression, none."""
    extractor = parse_extractor(text)
    field = ".".join(extractor.field)
    for other in fields:
        if other != field:
            yield f"{field} -> {other}", _extractor(other, extractor.pattern)
    if extractor.pattern is not None:
        yield f"all of {field}", _extractor(field, None)
        for change, pattern in regex_mutants(extractor.pattern):
            yield change, _extractor(field, pattern)


def _extractor(field: str, pattern: str | None) -> str:
    if pattern is None:
        return f"EXTRACT({field})"
    escaped = pattern.replace('"', '\\"')
    return f'REGEXP_EXTRACT({field}, "{escaped}")'


def _payload_fields(body: Body) -> tuple[str, ...]:
    """Return the fields of the payload that the filter looks at."""
    fields = referenced_fields(parse_filter(body["filter"]))
    return tuple(sorted(".".join(path) for path in fields if path[0] in ("jsonPayload", "textPayload")))


def _buckets(options: Mapping[str, Any]) -> Iterator[tuple[str, Body]]:
    """Yield each number of the bucket options larger and smaller, and the options left out."""
    for kind, numbers in options.items():
        for key, value in numbers.items():
            if isinstance(value, list):
                for place, bound in enumerate(value):
                    others = [*value[:place], bound + 1, *value[place + 1 :]]
                    yield f"bound {bound:g} -> {bound + 1:g}", {kind: {**numbers, key: others}}
                continue
            for other in (value * 2, value - 1 if value > 1 else value / 2, value + 1):
                yield f"{key} {value:g} -> {other:g}", {kind: {**numbers, key: other}}
    yield "bucketOptions left out", {}


def _changed_descriptors(metric: LogMetric) -> Iterator[tuple[str, Body]]:
    body = metric.body
    descriptor = body["metricDescriptor"]
    if metric.is_distribution:
        counter = {key: value for key, value in body.items() if key not in ("valueExtractor", "bucketOptions")}
        yield "distribution -> counter", _described(counter, valueType="INT64")
    else:
        for field in _payload_fields(body):
            distribution = {**_described(body, valueType="DISTRIBUTION"), "valueExtractor": f"EXTRACT({field})"}
            yield f"counter -> distribution of {field}", distribution
        yield "valueType INT64 -> DOUBLE", _described(body, valueType="DOUBLE")
    yield "metricKind DELTA -> CUMULATIVE", _described(body, metricKind="CUMULATIVE")
    unit = descriptor["unit"]
    for other in ("1", "s", "ms", "By"):
        if other != unit:
            yield f"unit {unit} -> {other}", _described(body, unit=other)


def _described(body: Body, **changed: Any) -> Body:
    return {**body, "metricDescriptor": {**body["metricDescriptor"], **changed}}
