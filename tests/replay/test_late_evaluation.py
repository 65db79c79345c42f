"""Late points: each evaluation sees what has arrived by then, and nothing else."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from loyalty_monitoring.common.database import connect
from loyalty_monitoring.common.errors import UserError
from loyalty_monitoring.definitions.model import AlertPolicy, Definitions, LogMetric
from loyalty_monitoring.replay import late_evaluation
from loyalty_monitoring.replay.arrival import (
    Arrival,
    EntryDelay,
    RandomDelay,
    SameDelay,
    make_parts,
    parse_arrival,
)
from loyalty_monitoring.replay.late_evaluation import Asked, Views, make_views
from loyalty_monitoring.replay.metric_points import points_of_files
from loyalty_monitoring.replay.open_metrics import write_open_metrics
from loyalty_monitoring.replay.prometheus import Prometheus
from loyalty_monitoring.replay.run import replay
from tests.log_lines import START, Entry, minutes, rejection, write
from tests.replay.servers import prometheus_over

METRIC = LogMetric(
    "rejections",
    (),
    {
        "name": "loyalty/rejections",
        "filter": 'jsonPayload.event="rate_limit_exceeded"',
        "metricDescriptor": {"metricKind": "DELTA", "valueType": "INT64", "labels": [{"key": "store_id"}]},
        "labelExtractors": {"store_id": "EXTRACT(jsonPayload.store_id)"},
    },
    Path("log_metrics/rejections.yaml"),
)
NAME = METRIC.promql_name
SIZES = LogMetric(
    "sizes",
    (),
    {
        **METRIC.body,
        "name": "loyalty/sizes",
        "metricDescriptor": {**METRIC.body["metricDescriptor"], "valueType": "DISTRIBUTION"},
        "valueExtractor": "EXTRACT(jsonPayload.size)",
        "bucketOptions": {"explicitBuckets": {"bounds": [0, 4]}},
    },
    Path("log_metrics/sizes.yaml"),
)
SIZE = SIZES.promql_name
NAMES = {NAME, *(f"{SIZE}_{what}" for what in ("count", "sum", "bucket"))}
ZERO = int(START.timestamp())


def _entries() -> Iterator[Entry]:
    chance = random.Random(4)
    for minute in range(40):
        for store in ("s-1", "s-2"):
            for _ in range(chance.choice([0, 0, 1, 3, 7])):
                at = START + minutes(minute) + timedelta(seconds=chance.randint(0, 59))
                received = at + timedelta(seconds=chance.randint(0, 600))
                one = rejection(at, store)
                one["jsonPayload"]["size"] = chance.randint(1, 9)
                yield {**one, "receiveTimestamp": received.isoformat().replace("+00:00", "Z")}


def _samples(metric: int, labels: str, n: int, total: float, below: list[int] | None) -> Iterator[str]:
    if metric == 0:
        yield f"{NAME}@{{{labels}}} {n}"
        return
    yield f"{SIZE}_count@{{{labels}}} {n}"
    yield f"{SIZE}_sum@{{{labels}}} {total}"
    for bound, value in zip(("0.0", "4.0", "+Inf"), [*below, n], strict=True) if below is not None else ():
        yield f'{SIZE}_bucket@{{{labels},le="{bound}"}} {value}'


QUERIES = (
    f"sum by (store_id) (sum_over_time({NAME}[5m]))",
    f"max_over_time((sum by (store_id) (sum_over_time({NAME}[1m])))[12m:1m])",
    f"sum(sum_over_time({NAME}[10m] offset 3m)) / sum(sum_over_time({NAME}[20m]))",
    f"{NAME} > 0",
    f'sum_over_time({NAME}{{store_id="s-1"}}[5m])',
    f'sum(sum_over_time({NAME}{{store_id="s-1"}}[5m])) - sum(sum_over_time({NAME}{{store_id=~"s-2"}}[9m]))',
    f'sum(sum_over_time({SIZE}_bucket{{le="4.0",store_id="s-2"}}[5m])) / sum(sum_over_time({SIZE}_count[5m]))',
    f'sum(sum_over_time({SIZE}_sum{{store_id="s-2"}}[5m])) / sum(sum_over_time({SIZE}_count[7m]))',
    # Looks so far back that its views are as far apart, asked every 30 s, as those of [5m] that are asked every 300 s.
    f"sum(sum_over_time({NAME}[12m]))",
    f"quantile(scalar(sum(sum_over_time({SIZE}_sum[10m]))) / 1e3, sum_over_time({NAME}[10m]))",
    f'label_replace(sum(sum_over_time({NAME}[5m])), "of", "{NAME}", "", "") # of {NAME}',
    f'sum(sum_over_time({{__name__="{NAME}"}}[5m])) + on () group_left () sum(sum_over_time({{"{NAME}"}}[9m]))',
)
STEPS = (30, 300)


@dataclass(frozen=True)
class Late:
    """All queries over points of one arrival, and copies of the metrics, one for each evaluation."""

    prometheus: Prometheus
    views: Views
    asked: tuple[Asked, ...]


@pytest.fixture(scope="module", params=[SameDelay(60), SameDelay(570), RandomDelay(600, 3), EntryDelay()], ids=str)
def late(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Late]:
    folder = tmp_path_factory.mktemp("late")
    file, out = write(folder / "e.jsonl", list(_entries())), folder / "points.om"
    metrics = [METRIC, SIZES]
    asked = tuple(Asked(query, step, ((ZERO, ZERO + 3600),)) for query in QUERIES for step in STEPS)
    with connect() as con:
        points_of_files(con, metrics, [file], NAMES, by_arrival=True)
        make_parts(con, metrics, [request.param])
        views = make_views(con, metrics, asked, NAMES)
        write_open_metrics(con, metrics, NAMES, out, with_views=True)
        parts = con.execute(
            "SELECT metric, labels, n, total, below, minute, arrives, until FROM parts JOIN series USING (series) "
            "ORDER BY metric, labels, minute"
        ).fetchall()
    copies: dict[str, list[str]] = {}
    for at in range(ZERO, ZERO + 3601, min(STEPS)):
        for *part, minute, arrives, until in parts:
            if arrives <= at and (until is None or at < until):
                for sample in _samples(*part):
                    line = f"{sample.replace('@', f':{at}')} {minute * 60 + 59.999:.3f}"
                    copies.setdefault(line.partition("} ")[0], []).append(line)
    lines = "\n".join(line for of_series in copies.values() for line in of_series)
    out.write_text(f"{out.read_text().removesuffix('# EOF' + chr(10))}{lines}\n# EOF\n")
    with prometheus_over(out) as prometheus:
        yield Late(prometheus, views, asked)


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("query", QUERIES, ids=range(len(QUERIES)))
def test_an_evaluation_answers_as_if_nothing_else_were_there(late: Late, query: str, step: int) -> None:
    """Held against copies of the metrics, one for each evaluation, which a loop in Python fills."""
    number, one = next(found for found in enumerate(late.asked) if (found[1].query, found[1].step) == (query, step))
    full = late.prometheus.query_range(query, ZERO, ZERO + 3600, step)
    answers = late.views.answers(late.prometheus, number, one, 0, one.spans[0], full)
    found = [(json.dumps(series.labels), dict(series.samples)) for series in answers]
    for at in range(ZERO, ZERO + 3601, step):
        named = re.sub(r'{"([^"]*)"}', r'{__name__="\1"}', query)
        copied = re.sub(rf"""((?:^|[^"]|__name__=")\b)({"|".join(NAMES)})""", rf"\g<0>:{at}", named)
        alone = late.prometheus.query_range(copied, at, at, step)
        ours = {labels: repr(samples[at]) for labels, samples in found if at in samples}
        theirs = {json.dumps(series.labels): repr(series.samples[0][1]) for series in alone}
        assert ours == theirs, datetime.fromtimestamp(at, UTC)


def test_evaluations_that_are_too_far_apart_to_be_asked_at_once_have_the_same_answers(
    late: Late, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answers() -> list[list[tuple[str, str]]]:
        found = []
        for number, one in enumerate(late.asked):
            series = late.views.answers(late.prometheus, number, one, 0, one.spans[0], [])
            found.append(sorted((json.dumps(each.labels), repr(each.samples)) for each in series))
        return found

    at_once = answers()
    assert any(at_once)
    monkeypatch.setattr(late_evaluation, "_NEAR_SECONDS", 1200)
    assert answers() == at_once


@pytest.mark.parametrize(
    ("query", "words"),
    [
        (f"sum_over_time({NAME}[5m] @ {ZERO}) > 0", "`@`"),
        (f"max_over_time(sum({NAME})[10m:1m] @ {ZERO}) > 0", "`@`"),
        ('sum_over_time({__name__=~".*rejections"}[5m]) > 0', "name them"),
        ('sum({store_id="s-1"}) > 0', "name them"),
    ],
)
def test_what_cannot_be_evaluated_with_late_points_is_refused(query: str, words: str) -> None:
    with connect() as con, pytest.raises(UserError, match=words):
        make_views(con, [METRIC], [Asked(query, 60, ((ZERO, ZERO + 3600),))], [NAME])


@pytest.mark.parametrize("received", ["0001-01-01T00:00:00Z", "4200-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "never"])
def test_an_entry_that_says_an_impossible_receive_time_costs_no_other(tmp_path: Path, received: str) -> None:
    lines = [rejection(START, "s-1"), {**rejection(START, "s-1"), "receiveTimestamp": received}]
    with connect() as con:
        points_of_files(con, [METRIC], [write(tmp_path / "e.jsonl", lines)], [NAME], by_arrival=True)
        (found,) = con.execute("SELECT sum(n)::INTEGER FROM points").fetchone() or ()
    assert found == (2 if received < "2" or received == "never" else 1)


@pytest.mark.parametrize(("seconds", "counted"), [(86_400, 1), (86_401, 0)])
def test_what_is_received_more_than_a_day_late_counts_nowhere(tmp_path: Path, seconds: int, counted: int) -> None:
    received = (START + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")
    file = write(
        tmp_path / "e.jsonl", [rejection(START, "s-2"), {**rejection(START, "s-1"), "receiveTimestamp": received}]
    )
    with connect() as con:
        points_of_files(con, [METRIC], [file], [NAME], by_arrival=True)
        rows = con.execute("SELECT n FROM points JOIN series USING (series) WHERE contains(labels, 's-1')").fetchall()
    assert len(rows) == counted


def _opened(tmp_path: Path, late: Arrival | None) -> int:
    condition = {"query": f"sum(sum_over_time({NAME}[20m])) >= 5", "duration": "0s", "evaluationInterval": "60s"}
    body = {"conditions": [{"conditionPrometheusQueryLanguage": condition}]}
    policy = AlertPolicy("many", (), "P1", body, Path("alert_policies/many.yaml"))
    received = [(0, 0), (10, 40), (20, 200), (30, 200), (40, 305)]
    lines = [
        {
            **rejection(START + timedelta(seconds=at), "s-1"),
            "receiveTimestamp": (START + timedelta(seconds=at + after)).isoformat().replace("+00:00", "Z"),
        }
        for at, after in received
    ]
    file = write(tmp_path / "e.jsonl", [*lines, rejection(START + minutes(15), "s-1")])
    (incident,) = replay(Definitions((METRIC,), (policy,), ()), [file], late=late).incidents
    return (incident.opened - START) // minutes(1)


def test_an_incident_opens_when_the_last_point_it_needs_has_arrived(tmp_path: Path) -> None:
    assert _opened(tmp_path, None) == 1
    assert _opened(tmp_path, SameDelay(240)) == 5
    assert _opened(tmp_path, SameDelay(270)) == 6


def test_a_minute_grows_as_its_entries_are_received(tmp_path: Path) -> None:
    """The fifth was received 345 s after the minute began: five minutes and 45 seconds."""
    assert _opened(tmp_path, EntryDelay()) == 6


@pytest.mark.parametrize(
    ("text", "arrival"),
    [
        ("4m", SameDelay(240)),
        ("90s", SameDelay(90)),
        ("1h", SameDelay(3600)),
        ("random", RandomDelay(600, 0)),
        ("random:7", RandomDelay(600, 7)),
        ("entries", EntryDelay()),
    ],
)
def test_an_arrival_is_written_as_on_the_command_line(text: str, arrival: Arrival) -> None:
    assert parse_arrival(text, 600) == arrival


@pytest.mark.parametrize("text", ["4", "4x", "45s", "25h", "random:", "random:x", "", "-4m"])
def test_what_says_no_lateness_is_an_error_with_its_remedy(text: str) -> None:
    with pytest.raises(UserError, match=r"write|round"):
        parse_arrival(text, 600)
