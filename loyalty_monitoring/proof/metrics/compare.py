"""Compare the points that metrics make of the lines of metric cases with the expected ones.

Every line stands in a minute of its own, so each point tells which line it is from; all metrics, and all their
mutants, are counted in one pass.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from loyalty_monitoring.common.database import connect
from loyalty_monitoring.common.temporary_folders import temporary_folder
from loyalty_monitoring.definitions.model import LogMetric
from loyalty_monitoring.proof.metrics.cases import Counted, MetricCases, MetricFacts, entry
from loyalty_monitoring.replay.entries.load import load_entries
from loyalty_monitoring.replay.metric_points import bucket_bounds, make_points, needed_fields

_START = datetime(2026, 11, 2, tzinfo=UTC)
_FIRST_MINUTE = int(_START.timestamp()) // 60
_LABEL = re.compile(r'(\w+)="((?:\\.|[^"\\])*)"')
# Every line has this resource; the labels of a point beside them are the metric's own.
_RESOURCE_LABELS = frozenset({"monitored_resource", "project_id"})

Points = Mapping[int, Counted]  # by the line's place among the cases


def points_of(metrics: Sequence[LogMetric], cases: MetricCases, bucketed: Sequence[LogMetric]) -> tuple[Points, ...]:
    """Return the points of each metric for the lines; buckets are found for those in `bucketed` only, which
    is quicker.
    """
    found: list[dict[int, Counted]] = [{} for _ in metrics]
    # Many small statements over few lines: a second thread for each would only wait.
    with temporary_folder() as folder, connect(threads=1) as con:
        file = folder / "lines.jsonl"
        _write(file, cases)
        load_entries(con, [file], needed_fields(metrics), strict=True)
        make_points(con, metrics, {f"{metric.promql_name}_bucket" for metric in bucketed})
        rows = con.execute("SELECT metric, minute, labels, n, total, below FROM spaced JOIN series USING (series)")
        for number, minute, labels, n, total, below in rows.fetchall():
            assert n == 1, "two lines stand in one minute"
            bucket = _bucket(metrics[number], below) if below is not None else None
            found[number][minute - _FIRST_MINUTE] = Counted(_own_labels(labels), total, bucket)
    return tuple(found)


def expected_points(metric: str, cases: MetricCases) -> Points:
    """Return the points that the lines expect of the metric."""
    return {place: line.counts[metric] for place, line in enumerate(cases.lines) if metric in line.counts}


def differing(expected: Points, actual: Points) -> tuple[int, ...]:
    """Return the places of the lines of which something else was made than expected."""
    places = sorted(expected.keys() | actual.keys())
    return tuple(place for place in places if not _same(expected.get(place), actual.get(place)))


def mismatches(metrics: Sequence[LogMetric], cases: MetricCases) -> tuple[tuple[str, ...], ...]:
    """Return, for each line, a sentence for each metric that does not count it as the line says."""
    sentences: list[list[str]] = [[] for _ in cases.lines]
    for metric, actual in zip(metrics, points_of(metrics, cases, metrics), strict=True):
        expected = expected_points(metric.name, cases)
        for place in differing(expected, actual):
            wanted, found = _text(expected.get(place)), _text(actual.get(place))
            sentences[place].append(f"{metric.name} counts {found}; it must count {wanted}")
    return tuple(map(tuple, sentences))


def misstated(metric: LogMetric, facts: MetricFacts) -> tuple[str, ...]:
    """Return where the metric's descriptor differs from the case file, which no point can show."""
    descriptor = metric.body["metricDescriptor"]
    wanted = {
        "metricKind": "DELTA",
        "valueType": "DISTRIBUTION" if facts.is_distribution else "INT64",
        "unit": facts.unit,
    }
    return tuple(
        f"{metric.name} has the {key} {descriptor.get(key)!r}; it must have {value!r}"
        for key, value in wanted.items()
        if descriptor.get(key) != value
    )


def _write(file: Path, cases: MetricCases) -> None:
    with file.open("w", encoding="utf-8") as out:
        for place, line in enumerate(cases.lines):
            at = (_START + timedelta(minutes=place)).isoformat().replace("+00:00", "Z")
            out.write(json.dumps(entry(line.log, at)) + "\n")


def _same(expected: Counted | None, actual: Counted | None) -> bool:
    if expected is None or actual is None:
        return expected is actual
    same_bucket = expected.bucket is None or actual.bucket is None or expected.bucket == actual.bucket
    return expected.labels == actual.labels and expected.total == actual.total and same_bucket


def _text(counted: Counted | None) -> str:
    if counted is None:
        return "nothing"
    labels = ", ".join(f"{key} {value!r}" for key, value in sorted(counted.labels.items())) or "one without labels"
    total = f", sum {counted.total:g}" if counted.total is not None else ""
    bucket = f", from {counted.bucket[0]:g} to below {counted.bucket[1]:g}" if counted.bucket else ""
    return f"{labels}{total}{bucket}"


def _bucket(metric: LogMetric, below: Sequence[int]) -> tuple[float, float]:
    bounds = (float("-inf"), *bucket_bounds(metric.body.get("bucketOptions", {})), float("inf"))
    place = below.index(1) if 1 in below else len(below)
    return bounds[place], bounds[place + 1]


@cache
def _own_labels(text: str) -> Mapping[str, str]:
    return {
        key: re.sub(r'\\([\\"n])', lambda escape: "\n" if escape[1] == "n" else escape[1], value)
        for key, value in _LABEL.findall(text)
        if key not in _RESOURCE_LABELS
    }
