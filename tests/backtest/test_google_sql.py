"""One compiler, two dialects: what BigQuery answers is what DuckDB answers."""

from __future__ import annotations

import gzip
import json
import os
import random
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from loyalty_monitoring.backtest.aggregation import aggregation
from loyalty_monitoring.backtest.counted_entries import make_counts_table, take_counts
from loyalty_monitoring.backtest.google_sql import google_sql, parse_sayable
from loyalty_monitoring.backtest.view import View, json_text, parse_view
from loyalty_monitoring.common.database import Connection, connect
from loyalty_monitoring.common.errors import UserError
from loyalty_monitoring.definitions.load import load_definitions
from loyalty_monitoring.definitions.model import LogMetric
from loyalty_monitoring.definitions.settings import load_stack_settings
from loyalty_monitoring.query_languages.logging_filter import parse_filter, to_sql
from loyalty_monitoring.replay.entries.fields import expression, leaves_of
from loyalty_monitoring.replay.entries.filtering import filter_fields
from loyalty_monitoring.replay.entries.load import entry_columns, load_entries
from loyalty_monitoring.replay.metric_points import make_points, needed_fields
from tests.backtest.big_query import VIEW, Emulator
from tests.query_languages.logging_filter.test_filter_language import ENTRIES, FILTERS, write

ROOT = Path(__file__).parents[2]
METRICS = load_definitions(ROOT, load_stack_settings(ROOT, "demo")).log_metrics
# A query of the emulator takes a third of a second; all were held against each other once, and can be again.
TRIED = int(os.environ.get("LOYALTY_MONITORING_FILTERS", "25"))


def condition(text: str) -> tuple[str, list[str]]:
    """A filter as GoogleSQL, and the columns that it reads."""
    parsed = parse_sayable(text)
    leaves = {leaf: f"c{index}" for index, leaf in enumerate(sorted(leaves_of(filter_fields(parsed))))}
    columns = [f"{json_text(leaf)} AS {name}" for leaf, name in leaves.items()]
    return google_sql(to_sql(parsed, lambda path: expression(leaves, path))), columns


@cache
def sayable() -> list[str]:
    found = []
    for text in FILTERS:
        if re.search(r"[0-9]{2}[.][0-9]{7,9}Z", text):
            continue  # BigQuery's times have microseconds
        try:
            condition(text)
        except UserError:
            continue
        found.append(text)
    return found


@pytest.fixture(scope="module")
def con() -> Iterator[Connection]:
    with connect() as connection:
        yield connection


def test_most_filters_of_the_language_can_be_said_in_googlesql() -> None:
    assert len(sayable()) / len(FILTERS) > 0.6


def test_a_filter_gives_the_same_answer_in_bigquery_as_in_duckdb(
    big_query: Emulator, con: Connection, tmp_path: Path
) -> None:
    entries = list(ENTRIES.values())
    view = big_query.put(entries, "documented")
    file = write(tmp_path / "entries.jsonl", entries)
    differing = {}
    for text in random.Random(20261102).sample(sayable(), min(TRIED, len(sayable()))):
        parsed = parse_filter(text)
        load_entries(con, [file], filter_fields(parsed), strict=True, with_places=True)
        here = con.execute(f"SELECT {to_sql(parsed, entry_columns(con))} FROM entries ORDER BY place").fetchall()
        test, columns = condition(text)
        read = ", ".join(["number", *columns])
        there = big_query.rows(f"SELECT number, {test} AS matches FROM (SELECT {read} FROM `{view}`) ORDER BY number")
        if [row["matches"] for row in there] != [row[0] for row in here]:
            differing[text] = (there, here)
    assert differing == {}


@pytest.mark.parametrize(
    "text",
    [
        "jsonPayload.note:*",
        'SEARCH("gold")',
        "gold",
        'jsonPayload.note:"gold"',
        "sample(insertId, 0.1)",
        'protoPayload.methodName="x"',
    ],
)
def test_what_googlesql_cannot_say_is_an_error_and_never_a_guess(text: str) -> None:
    with pytest.raises(UserError):
        condition(text)


def test_a_metric_that_cannot_be_counted_is_named_with_the_way_out() -> None:
    (metric,) = (one for one in METRICS if one.name == "rate_limited_requests")
    strange = LogMetric(**{**vars(metric), "body": {**metric.body, "filter": 'SEARCH("429")'}})
    with pytest.raises(UserError) as caught:
        aggregation(VIEW, [strange], [])
    assert "BigQuery cannot count loyalty/rate_limited_requests" in caught.value.message
    assert "leave out --view" in caught.value.message


# --- metrics


def sample_entries() -> list[dict[str, Any]]:
    """Every twentieth entry of the faulty day, all events, and some whose labels and values are odd."""
    lines = gzip.decompress((ROOT / "samples" / "2026-11-07.jsonl.gz").read_bytes()).splitlines()
    day = [json.loads(line) for line in lines]
    by_event: dict[str, list[dict[str, Any]]] = {}
    for entry in day:
        by_event.setdefault(str(entry.get("jsonPayload", {}).get("event")), []).append(entry)
    few = [entry for of_event in by_event.values() for entry in of_event[:: max(1, len(of_event) // 30)]]
    celery = [entry for entry in day if "textPayload" in entry][:100]
    failed = [entry for entry in day if " raised unexpected: " in str(entry.get("jsonPayload", {}).get("message"))][:9]
    line = "[2026-11-07 03:00:07,120: ERROR/Main] Task loyalty.expire_points[3f2a-1] raised unexpected: OSError()"
    celery += [*failed, {**celery[0], "severity": "ERROR", "textPayload": line}]
    template = next(entry for entry in day if entry.get("jsonPayload", {}).get("event") == "card_enrolled")
    freshness = next(entry for entry in day if entry.get("jsonPayload", {}).get("event") == "task_freshness")
    odd = [1.0, 0.5, True, 'a"\\\n', "x" * 1100, "", ["m-1", 2], [], {"a": 1}, "Ünï", "'; DROP TABLE x; --"]
    strange = [{**template, "jsonPayload": {**template["jsonPayload"], "merchant_id": value}} for value in odd]
    numbers: list[Any] = [0, -1, 1e300, "17.5", "1e3", "seven", [5], 10**17]
    strange += [
        {**freshness, "jsonPayload": {**freshness["jsonPayload"], "last_success_timestamp": value}} for value in numbers
    ]
    return sorted([*few, *celery, *strange], key=lambda entry: str(entry["timestamp"]))


@pytest.fixture(scope="module")
def sample(big_query: Emulator, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, View]:
    entries = sample_entries()
    file = tmp_path_factory.mktemp("sample") / "entries.jsonl"
    return write(file, entries), big_query.put(entries, "sample")


def points(con: Connection) -> list[tuple[Any, ...]]:
    return con.execute(
        "SELECT labels, minute, n, round(total, 6), below, zero_before, zero_after "
        "FROM spaced JOIN series USING (series) ORDER BY ALL"
    ).fetchall()


# Metrics of one filter in one query: one query for all takes the emulator minutes.
BY_FILTER = [
    [metric for metric in METRICS if metric.body["filter"] == text]
    for text in dict.fromkeys(metric.body["filter"] for metric in METRICS)
]


@pytest.mark.parametrize("metrics", BY_FILTER, ids=lambda metrics: str(metrics[0].name))
def test_points_are_the_same_by_bigquery_as_by_duckdb(
    big_query: Emulator, con: Connection, sample: tuple[Path, View], metrics: list[LogMetric]
) -> None:
    file, view = sample
    wanted = [f"{metric.promql_name}_bucket" for metric in metrics]
    load_entries(con, [file], needed_fields(metrics), strict=True)
    here = make_points(con, metrics, wanted), points(con)
    query = aggregation(view, metrics, wanted)
    query = query.replace("@start", "TIMESTAMP '2026-11-07'").replace("@end", "TIMESTAMP '2026-11-08'")
    with connect() as other:
        make_counts_table(other)
        columns = ("metric", "minute", "type", "resource", "labels", "bucket", "matched", "valued", "total")
        for row in big_query.rows(query):
            if row["metric"] >= 0:
                values = [json.loads(row[name]) if name == "labels" else row[name] for name in columns]
                other.execute(f"INSERT INTO counted VALUES ({', '.join('?' * len(values))})", values)
        there = take_counts(other, metrics), points(other)
    assert there == here
    assert here[1], "the sample has entries for each metric"


def test_all_metrics_are_counted_in_one_scan_of_the_columns_that_they_read() -> None:
    query = aggregation(VIEW, METRICS, [])
    assert query.count(f"`{VIEW}`") == 1
    assert "http_request" not in query
    assert len(query) < 200_000


# --- the view's name


@pytest.mark.parametrize("text", ["my-project.logs._AllLogs", "example.com:my-project.logs_1._AllLogs"])
def test_a_views_name_is_its_project_dataset_and_view(text: str) -> None:
    assert str(parse_view(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "logs._AllLogs",
        "my-project.logs",
        "my-project.logs._AllLogs`; DROP TABLE x; --",
        "my-project.logs._AllLogs WHERE true",
        "my-project.logs._All\nLogs",
        "my-project.logs.a.b",
        "`my-project.logs._AllLogs`",
    ],
)
def test_nothing_in_a_views_name_can_become_sql(text: str) -> None:
    with pytest.raises(UserError, match=r"write PROJECT\.DATASET\.VIEW"):
        parse_view(text)
