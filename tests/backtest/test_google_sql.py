"""One compiler, two dialects: what GoogleSQL's reference implementation answers is what DuckDB answers."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from loyalty_monitoring.backtest.aggregation import aggregation
from loyalty_monitoring.backtest.counted_entries import make_counts_table, take_counts
from loyalty_monitoring.backtest.google_sql import google_sql, parse_sayable
from loyalty_monitoring.backtest.view import json_text, parse_view
from loyalty_monitoring.common.database import Connection, connect
from loyalty_monitoring.common.errors import UserError
from loyalty_monitoring.definitions.log_contract import load_contract
from loyalty_monitoring.definitions.model import LogMetric
from loyalty_monitoring.proof.metrics.cases import entry as case_entry
from loyalty_monitoring.proof.metrics.cases import load_metric_cases
from loyalty_monitoring.query_languages.logging_filter import FieldPath, parse_filter, to_sql
from loyalty_monitoring.replay.entries.fields import expression, leaves_of
from loyalty_monitoring.replay.entries.filtering import filter_fields
from loyalty_monitoring.replay.entries.load import load_entries
from loyalty_monitoring.replay.entries.tables import entry_columns
from loyalty_monitoring.replay.metric_points import make_points, needed_fields
from loyalty_monitoring.replay.result import MetricSummary
from tests.backtest.google_analyzer import FEATURES, VIEW, Refused, rows
from tests.conftest import ROOT, our_definitions
from tests.query_languages.logging_filter.test_filter_language import ENTRIES, FILTERS, write

METRICS = our_definitions().log_metrics


BATCH = 25  # filters in one query: most of a query's time goes into its entries


def condition(text: str, prefix: str = "c") -> tuple[str, list[str]]:
    """A filter as GoogleSQL, and the columns that it reads."""
    parsed = parse_sayable(text)
    leaves = {leaf: f"{prefix}{index}" for index, leaf in enumerate(sorted(leaves_of(filter_fields(parsed))))}
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
    # How a Log Analytics view writes a protoPayload is not documented field by field, so none is read there.
    others = [text for text in FILTERS if "protopayload" not in text.lower().replace("_", "")]
    assert len(sayable()) / len(others) > 0.65


def test_every_sayable_filter_gives_the_same_answers_in_bigquery_as_in_duckdb(con: Connection, tmp_path: Path) -> None:
    entries = list(ENTRIES.values())
    file = write(tmp_path / "entries.jsonl", entries)
    parsed = {text: parse_filter(text) for text in sayable()}
    fields = frozenset[FieldPath]().union(*map(filter_fields, parsed.values()))
    load_entries(con, [file], fields, strict=True, with_places=True)
    here: dict[str, list[bool]] = {}
    for start in range(0, len(sayable()), BATCH):
        batch = sayable()[start : start + BATCH]
        tests = ", ".join(to_sql(parsed[text], entry_columns(con)) for text in batch)
        found = con.execute(f"SELECT {tests} FROM entries ORDER BY place").fetchall()
        here |= dict(zip(batch, map(list, zip(*found, strict=True)), strict=True))
    there: dict[str, list[bool]] = {}
    for start in range(0, len(sayable()), BATCH):
        named = {f"f{index}": text for index, text in enumerate(sayable()[start : start + BATCH])}
        said = {name: condition(text, f"{name}c") for name, text in named.items()}
        tests = ", ".join(f"{test} AS {name}" for name, (test, _) in said.items())
        columns = ", ".join(["number", *(column for _, columns in said.values() for column in columns)])
        answer = rows(f"SELECT number, {tests} FROM (SELECT {columns} FROM `{VIEW}`) ORDER BY number", entries)
        there |= {text: [row[name] for row in answer] for name, text in named.items()}
    assert {text: there[text] for text in here if there[text] != here[text]} == {}


ADDRESSES = ["10.1.2.3", "10.1.2.0/25", "10.1.2.3/", "10.1.2", "10.01.2.3", "", "::1", "/8", "10.1.2.3/99"]


@pytest.mark.parametrize("network", ["10.0.0.0/8", "10.1.2.0/24", "10.1.2.3", "0.0.0.0/0", "192.0.2.0/24"])
def test_an_address_is_in_a_network_in_both_dialects_or_in_none(con: Connection, tmp_path: Path, network: str) -> None:
    text = f'ip_in_net(jsonPayload.ip, "{network}")'
    entries = [{**ENTRIES["bare"], "jsonPayload": {"ip": address}} for address in ADDRESSES]
    parsed = parse_filter(text)
    load_entries(con, [write(tmp_path / "e.jsonl", entries)], filter_fields(parsed), strict=True, with_places=True)
    here = con.execute(f"SELECT {to_sql(parsed, entry_columns(con))} FROM entries ORDER BY place").fetchall()
    test, columns = condition(text)
    fields = ", ".join(["number", *columns])
    there = rows(f"SELECT number, {test} AS matches FROM (SELECT {fields} FROM `{VIEW}`) ORDER BY number", entries)
    in_duckdb = {address: matches for address, (matches,) in zip(ADDRESSES, here, strict=True)}
    assert {address: row["matches"] for address, row in zip(ADDRESSES, there, strict=True)} == in_duckdb


@pytest.mark.parametrize(
    "query",
    ["SELECT SPLIT_PART('a', 'b', 1) AS x", "SELECT 'a'::STRING AS x", "SELECT list_filter([1], i -> i > 0) AS x"],
)
def test_the_judge_refuses_what_only_duckdb_has(query: str) -> None:
    with pytest.raises(Refused):
        rows(query, [])


def test_no_feature_is_enabled_without_a_page_of_bigquerys_reference() -> None:
    assert FEATURES
    assert all(re.fullmatch(r"[a-z-_]+(#[a-z_]+)?", page) for page in FEATURES.values())


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
    metric = METRICS[0]
    strange = LogMetric(**{**vars(metric), "body": {**metric.body, "filter": 'SEARCH("429")'}})
    with pytest.raises(UserError) as caught:
        aggregation(VIEW, [strange], [])
    assert f"BigQuery cannot count {metric.api_name}" in caught.value.message
    assert "leave out --view" in caught.value.message


# --- metrics


def sample_entries() -> list[dict[str, Any]]:
    """Some entries of each event of the faulty day, some with odd labels and values, and a case of each metric."""
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
    cases = load_metric_cases(ROOT / "tests" / "cases" / "metrics", load_contract(ROOT / "log_events.yaml"))
    of_each = {metric: line.log for line in cases.lines for metric in line.counts}
    counted = [case_entry(log, "2026-11-07T12:00:00Z") for log in of_each.values()]
    return sorted([*few, *celery, *strange, *counted], key=lambda entry: str(entry["timestamp"]))


def points(con: Connection) -> list[tuple[Any, ...]]:
    found = con.execute(
        "SELECT metric, labels, minute, n, round(total, 6), below, zero_before, zero_after "
        "FROM spaced JOIN series USING (series) ORDER BY ALL"
    ).fetchall()
    return [(METRICS[number].name, *rest) for number, *rest in found]


Counted = tuple[dict[str, MetricSummary], list[tuple[Any, ...]]]


@pytest.fixture(scope="module")
def both(con: Connection, tmp_path_factory: pytest.TempPathFactory) -> tuple[Counted, Counted]:
    """All metrics of the stack, counted by DuckDB and, in the one query that would be sent, by GoogleSQL."""
    entries = sample_entries()
    file = write(tmp_path_factory.mktemp("sample") / "entries.jsonl", entries)
    wanted = [f"{metric.promql_name}_bucket" for metric in METRICS]
    load_entries(con, [file], needed_fields(METRICS), strict=True)
    here = make_points(con, METRICS, wanted), points(con)
    query = aggregation(VIEW, METRICS, wanted)
    query = query.replace("@start", "TIMESTAMP '2026-11-07'").replace("@end", "TIMESTAMP '2026-11-08'")
    with connect() as other:
        make_counts_table(other)
        columns = ("metric", "minute", "type", "resource", "labels", "bucket", "matched", "valued", "total")
        for row in rows(query, entries):
            if row["metric"] >= 0:
                values = [json.loads(row[name]) if name == "labels" else row[name] for name in columns]
                other.execute(f"INSERT INTO counted VALUES ({', '.join('?' * len(values))})", values)
        there = take_counts(other, METRICS), points(other)
    return here, there


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: str(metric.name))
def test_a_metric_has_the_same_points_by_bigquery_as_by_duckdb(
    both: tuple[Counted, Counted], metric: LogMetric
) -> None:
    here, there = ([point for point in counted[1] if point[0] == metric.name] for counted in both)
    assert there == here
    assert here, "there are entries for each metric"
    assert both[1][0][metric.api_name] == both[0][0][metric.api_name]


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
