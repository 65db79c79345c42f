"""Log-based metrics: entries become per-minute points, and points OpenMetrics text."""

from __future__ import annotations

import json
import re
import subprocess
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loyalty_monitoring.common.database import Connection, connect
from loyalty_monitoring.common.errors import UserError
from loyalty_monitoring.definitions.model import LogMetric
from loyalty_monitoring.replay import metric_points
from loyalty_monitoring.replay.entries.load import load_entries
from loyalty_monitoring.replay.metric_points import bucket_bounds, make_points, needed_fields, points_of_files
from loyalty_monitoring.replay.open_metrics import write_open_metrics
from loyalty_monitoring.replay.result import MetricSummary
from tests.conftest import ROOT

START = datetime(2026, 11, 2, 3, 0, tzinfo=UTC)
NAME = "logging_googleapis_com:user_loyalty_m"
Point = tuple[str, dict[str, str], float, float]  # minute as seconds after START, value


@pytest.fixture(scope="module")
def con() -> Iterator[Connection]:
    with connect() as connection:
        yield connection


def entry(seconds: float = 0, *, resource: dict[str, Any] | None = None, **payload: Any) -> dict[str, Any]:
    at = (START + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")
    resource = resource if resource is not None else {"type": "global", "labels": {"project_id": "demo"}}
    return {"timestamp": at, "severity": "INFO", "resource": resource, "jsonPayload": {"event": "x"} | payload}


def metric(
    *,
    labels: dict[str, str] | None = None,
    types: dict[str, str] | None = None,
    value: str | None = None,
    buckets: dict[str, Any] | None = None,
    query: str = 'jsonPayload.event = "x"',
    name: str = "loyalty/m",
) -> LogMetric:
    labels = labels or {}
    body: dict[str, Any] = {
        "name": name,
        "filter": query,
        "metricDescriptor": {
            "metricKind": "DELTA",
            "valueType": "DISTRIBUTION" if value else "INT64",
            "labels": [{"key": key, "valueType": (types or {}).get(key, "STRING")} for key in labels],
        },
        "labelExtractors": labels,
    }
    if value:
        body |= {"valueExtractor": value, "bucketOptions": buckets or {"explicitBuckets": {"bounds": [0, 1, 5]}}}
    return LogMetric("m", (), body, Path("m.yaml"))


def written(
    con: Connection, folder: Path, entries: Sequence[dict[str, Any]], metrics: Sequence[LogMetric], *wanted: str
) -> tuple[str, dict[str, MetricSummary]]:
    file, out = folder / "entries.jsonl", folder / "points.om"
    file.write_text("".join(json.dumps(one) + "\n" for one in entries))
    assert load_entries(con, [file], needed_fields(metrics)).rejected == 0
    summaries = make_points(con, metrics, wanted)
    write_open_metrics(con, metrics, wanted, out)
    return out.read_text(), summaries


def points(text: str) -> list[Point]:
    found = []
    assert text.endswith("# EOF\n")
    for line in text.splitlines()[:-1]:
        match = re.fullmatch(r"([^{]+)\{(.*)\} (\S+) (\S+)", line)
        assert match, line
        labels = dict(re.findall(r'(\w+)="((?:\\.|[^"\\])*)"', match[2]))
        found.append((match[1], labels, float(match[4]) - 59.999 - START.timestamp(), float(match[3])))
    return [(name, labels, round(at, 3), value) for name, labels, at, value in found]


def values(text: str, name: str = NAME) -> list[tuple[int, float]]:
    return [(int(at // 60), value) for found, _, at, value in points(text) if found == name]


def test_a_counter_counts_the_entries_of_each_calendar_minute(con: Connection, tmp_path: Path) -> None:
    entries = [entry(0), entry(59.999), entry(60), entry(60.001), entry(119.999_999)]
    text, summaries = written(con, tmp_path, entries, [metric()], NAME)
    assert values(text) == [(-1, 0), (0, 2), (1, 3), (2, 0)]
    assert summaries == {"loyalty/m": MetricSummary(matched=5, series=1, points=4)}


def test_a_point_is_stamped_just_before_its_minute_ends(con: Connection, tmp_path: Path) -> None:
    text, _ = written(con, tmp_path, [entry(30)], [metric()], NAME)
    assert f" 1 {int(START.timestamp()) + 59}.999\n" in text


@pytest.mark.parametrize(
    ("minutes", "expected"),
    [
        ([0], [(-1, 0), (0, 1), (1, 0)]),
        ([0, 1], [(-1, 0), (0, 1), (1, 1), (2, 0)]),
        ([0, 2], [(-1, 0), (0, 1), (1, 0), (2, 1), (3, 0)]),
        ([0, 3], [(-1, 0), (0, 1), (1, 0), (2, 0), (3, 1), (4, 0)]),
        ([0, 4], [(-1, 0), (0, 1), (1, 0), (3, 0), (4, 1), (5, 0)]),
        ([4, 0, 0], [(-1, 0), (0, 2), (1, 0), (3, 0), (4, 1), (5, 0)]),
    ],
)
def test_a_zero_stands_next_to_a_minute_with_entries_and_nowhere_else(
    con: Connection, tmp_path: Path, minutes: list[int], expected: list[tuple[int, float]]
) -> None:
    text, summaries = written(con, tmp_path, [entry(60 * minute) for minute in minutes], [metric()], NAME)
    assert values(text) == expected
    assert summaries["loyalty/m"].points == len(expected)


def test_minutes_before_1970_are_whole_minutes_too(con: Connection, tmp_path: Path) -> None:
    early = entry() | {"timestamp": "1969-12-31T23:59:59.5Z"}
    text, _ = written(con, tmp_path, [early], [metric()], NAME)
    assert "} 1 -0.001\n" in text


def test_no_entry_makes_no_point(con: Connection, tmp_path: Path) -> None:
    text, summaries = written(
        con, tmp_path, [], [metric(), metric(name="loyalty/n", value="EXTRACT(jsonPayload.v)")], NAME
    )
    assert text == "# EOF\n"
    assert set(summaries.values()) == {MetricSummary(0, 0, 0)}


def test_only_wanted_names_are_written_and_every_metric_has_a_summary(con: Connection, tmp_path: Path) -> None:
    metrics = [metric(), metric(name="loyalty/n"), metric(name="loyalty/d", value="EXTRACT(jsonPayload.v)")]
    wanted = "logging_googleapis_com:user_loyalty_d_sum"
    text, summaries = written(
        con, tmp_path, [entry(v=2), entry(v=3)], metrics, wanted, "logging_googleapis_com:user_other"
    )
    assert {name for name, *_ in points(text)} == {wanted}
    assert values(text, wanted) == [(-1, 0), (0, 5), (1, 0)]
    assert {name: summary.points for name, summary in summaries.items()} == dict.fromkeys(summaries, 3)


def test_series_are_the_resources_labels_and_the_metrics_own(con: Connection, tmp_path: Path) -> None:
    def on(pod: str) -> dict[str, Any]:
        return {"type": "k8s_container", "labels": {"pod_name": pod, "project_id": "demo"}}

    entries = [entry(resource=on("a"), m="1"), entry(resource=on("b"), m="1"), entry(resource=on("b"), m="2")]
    text, summaries = written(con, tmp_path, entries, [metric(labels={"m": "EXTRACT(jsonPayload.m)"})], NAME)
    labels = [labels for _, labels, at, _ in points(text) if at == 0]
    common = {"monitored_resource": "k8s_container", "project_id": "demo"}
    expected = [common | {"pod_name": pod, "m": m} for pod, m in (("a", "1"), ("b", "1"), ("b", "2"))]
    assert sorted(labels, key=str) == sorted(expected, key=str) or all(label in expected for label in labels)
    assert (len(labels), summaries["loyalty/m"].series) == (3, 3)


def test_resource_labels_in_another_order_are_the_same_series(con: Connection, tmp_path: Path) -> None:
    entries = [
        entry(resource={"type": "global", "labels": {"a": "1", "b": "2"}}),
        entry(resource={"type": "global", "labels": {"b": "2", "a": "1"}}),
        entry(resource={"labels": {"b": "2", "a": "1"}, "type": "global"}),
    ]
    text, summaries = written(con, tmp_path, entries, [metric()], NAME)
    assert values(text) == [(-1, 0), (0, 3), (1, 0)]
    assert summaries["loyalty/m"].series == 1


def test_resources_of_two_types_with_the_same_labels_are_two_series(con: Connection, tmp_path: Path) -> None:
    labels = {"project_id": "demo"}
    entries = [entry(resource={"type": name, "labels": labels}) for name in ("global", "global", "gce_instance")]
    text, summaries = written(con, tmp_path, entries, [metric()], NAME)
    found = {one["monitored_resource"]: value for _, one, at, value in points(text) if at == 0}
    assert found == {"global": 2, "gce_instance": 1}
    assert summaries["loyalty/m"].series == 2


@pytest.mark.parametrize("resource", [{"type": "global"}, {"type": "global", "labels": {}}])
def test_a_resource_without_labels_still_has_its_type(
    con: Connection, tmp_path: Path, resource: dict[str, Any]
) -> None:
    text, _ = written(con, tmp_path, [entry(resource=resource)], [metric()], NAME)
    assert {tuple(labels.items()) for _, labels, _, _ in points(text)} == {(("monitored_resource", "global"),)}


def test_a_label_named_like_one_of_the_resources_gets_a_prefix(con: Connection, tmp_path: Path) -> None:
    text, _ = written(con, tmp_path, [entry(p="x")], [metric(labels={"project_id": "EXTRACT(jsonPayload.p)"})], NAME)
    assert points(text)[0][1] == {"monitored_resource": "global", "project_id": "demo", "metric_project_id": "x"}


@pytest.mark.parametrize(
    ("field", "value_type", "label"),
    [
        ("x", "STRING", "x"),
        ("", "STRING", ""),
        (None, "STRING", ""),
        (12, "STRING", "12"),
        (12.0, "STRING", "12"),
        (1.5, "STRING", "1.5"),
        (True, "STRING", "true"),
        ({"a": 1}, "STRING", ""),
        (["a"], "STRING", ""),
        ("x" * 1024, "STRING", "x" * 1024),
        ("x" * 1025, "STRING", "x" * 1024),
        ("é" * 1025, "STRING", "é" * 1024),
        (12, "INT64", "12"),
        ("12", "INT64", "12"),
        (9007199254740993, "INT64", "9007199254740993"),
        ("-7", "INT64", "-7"),
        ("twelve", "INT64", "0"),
        (1.5, "INT64", "0"),
        (2**70, "INT64", "0"),
        (None, "INT64", "0"),
        (True, "BOOL", "true"),
        ("true", "BOOL", "true"),
        (False, "BOOL", "false"),
        ("yes", "BOOL", "false"),
        (None, "BOOL", "false"),
    ],
)
def test_a_label_is_what_was_extracted_or_the_default_of_its_type_and_the_entry_counts(
    con: Connection, tmp_path: Path, field: Any, value_type: str, label: str
) -> None:
    payload = {} if field is None else {"f": field}
    counter = metric(labels={"l": "EXTRACT(jsonPayload.f)"}, types={"l": value_type})
    text, _ = written(con, tmp_path, [entry(**payload)], [counter], NAME)
    assert {labels["l"] for _, labels, _, _ in points(text)} == {label}
    assert values(text) == [(-1, 0), (0, 1), (1, 0)]


@pytest.mark.parametrize(
    ("extractor", "field", "label"),
    [
        (r'REGEXP_EXTRACT(jsonPayload.f, "^points_(.+)$")', "points_earned", "earned"),
        (r'REGEXP_EXTRACT(jsonPayload.f, "^points_(.+)$")', "stamps_added", ""),
        (r'REGEXP_EXTRACT(jsonPayload.f, "(\d+)")', "a12b34", "12"),
        (r'REGEXP_EXTRACT(jsonPayload.f, "status: (.)")', "status: 5", "5"),
        (r'REGEXP_EXTRACT(jsonPayload.f, "\"(.+)\"")', 'say "x"', "x"),
        (r"REGEXP_EXTRACT(jsonPayload.f, '([a-z]+)\'')", "it's", "it"),
        (r'REGEXP_EXTRACT(jsonPayload.f, "(?:a|b)([()]+)[(]")', "a))(", "))"),
        (r'REGEXP_EXTRACT( jsonPayload.f , "(\d)" )', 7, "7"),
        (r'REGEXP_EXTRACT(jsonPayload.f, "(?i)(X)")', "x", "x"),
        (r'REGEXP_EXTRACT(jsonPayload.f, "(a)?b")', "b", ""),
    ],
)
def test_a_pattern_extracts_its_group(con: Connection, tmp_path: Path, extractor: str, field: Any, label: str) -> None:
    text, _ = written(con, tmp_path, [entry(f=field)], [metric(labels={"l": extractor})], NAME)
    assert {labels["l"] for _, labels, _, _ in points(text)} == {label}


@pytest.mark.parametrize(
    "extractor", ['REGEXP_EXTRACT(jsonPayload.f, "x")', 'REGEXP_EXTRACT(jsonPayload.f, "(a)(b)")', "jsonPayload.f", ""]
)
def test_an_extractor_that_is_none_is_an_error(extractor: str) -> None:
    with pytest.raises(UserError, match="extractor"):
        needed_fields([metric(labels={"l": extractor})])


@pytest.mark.parametrize(
    ("value", "total"),
    [
        (3, 3),
        (-3, -3),
        (0, 0),
        (1.5, 1.5),
        ("12", 12),
        ("1.5e3", 1500),
        (2**53 + 1, 2.0**53),
        (10**30, 1e30),
        ("", None),
        ("twelve", None),
        ("12 cards", None),
        ("0x10", None),
        ("NaN", None),
        ("inf", None),
        ("1e999", None),
        (True, None),
        ([1], None),
        ({"a": 1}, None),
        (None, None),
    ],
)
def test_an_entry_whose_value_is_no_finite_number_is_dropped(
    con: Connection, tmp_path: Path, value: Any, total: float | None
) -> None:
    distribution = metric(value="EXTRACT(jsonPayload.v)")
    names = (f"{NAME}_count", f"{NAME}_sum")
    text, summaries = written(con, tmp_path, [entry(v=value)], [distribution], *names)
    assert summaries["loyalty/m"] == MetricSummary(1, *((1, 3) if total is not None else (0, 0)))
    if total is None:
        assert text == "# EOF\n"
    else:
        assert values(text, names[0])[1] == (0, 1)
        assert values(text, names[1]) == [(-1, 0), (0, total), (1, 0)]


def test_json_numbers_that_are_not_finite_are_dropped_too(con: Connection, tmp_path: Path) -> None:
    entries = [entry(v=float("nan")), entry(v=float("inf")), entry(v=2)]
    text, _ = written(con, tmp_path, entries, [metric(value="EXTRACT(jsonPayload.v)")], f"{NAME}_sum", f"{NAME}_count")
    assert values(text, f"{NAME}_count")[1] == (0, 1)
    assert values(text, f"{NAME}_sum")[1] == (0, 2)


def test_a_sum_that_no_double_holds_is_infinite(con: Connection, tmp_path: Path) -> None:
    entries = [entry(second, v=v) for second, v in ((0, 1e308), (1, 1e308), (60, -1.7e308), (61, -1.7e308), (120, 3))]
    text, _ = written(con, tmp_path, entries, [metric(value="EXTRACT(jsonPayload.v)")], f"{NAME}_sum")
    assert values(text, f"{NAME}_sum") == [(-1, 0), (0, float("inf")), (1, float("-inf")), (2, 3), (3, 0)]


@pytest.mark.parametrize(
    "query",
    [
        'jsonPayload.event="x" AND jsonPayload.f:* AND resource.type="global"',
        'resource.type:* AND jsonPayload.event="x"',
        "resource.labels.project_id:*",
        'resource:"glob"',
        'labels:* OR resource.type="global"',
        "severity:* AND jsonPayload:*",
        'httpRequest:* OR resource.type="global"',
        'SEARCH("x") resource.type="global"',
        '"x" AND resource.type="global"',
    ],
)
def test_what_looks_at_whole_fields_counts_as_any_other_filter(con: Connection, tmp_path: Path, query: str) -> None:
    entries = [entry(f="y"), entry(f="y", resource={"type": "global", "labels": {"project_id": "other"}})]
    text, summaries = written(con, tmp_path, entries, [metric(query=query, labels={"l": "EXTRACT(severity)"})], NAME)
    assert summaries["loyalty/m"] == MetricSummary(2, 2, 6)
    assert {(labels["project_id"], labels["l"]) for _, labels, _, _ in points(text)} == {
        ("demo", "INFO"),
        ("other", "INFO"),
    }


def test_a_label_of_a_severity_that_is_left_out_is_its_default(con: Connection, tmp_path: Path) -> None:
    entries = [entry(), {**entry(), "severity": None}, {**entry(), "severity": "DEFAULT"}]
    del entries[0]["severity"]
    text, _ = written(con, tmp_path, entries, [metric(labels={"l": "EXTRACT(severity)"})], NAME)
    assert {labels["l"] for _, labels, _, _ in points(text)} == {"DEFAULT"}


@pytest.mark.parametrize(
    "more", [{"zone": ""}, {"zone": None}, {"": "x"}, {"__name__": "x"}, {"monitored_resource": "x"}]
)
def test_a_label_of_a_resource_that_is_empty_or_no_name_is_none(
    con: Connection, tmp_path: Path, more: dict[str, Any]
) -> None:
    other = {"type": "global", "labels": {"project_id": "demo", **more}}
    text, _ = written(con, tmp_path, [entry(), entry(resource=other)], [metric()], NAME)
    assert {tuple(labels.items()) for _, labels, _, _ in points(text)} == {
        (("monitored_resource", "global"), ("project_id", "demo"))
    }
    assert values(text) == [(-1, 0), (0, 2), (1, 0)]


def test_a_value_equal_to_a_bound_belongs_to_the_bucket_above(con: Connection, tmp_path: Path) -> None:
    distribution = metric(value="EXTRACT(jsonPayload.v)")
    entries = [entry(v=v) for v in (-1, 0, 0.5, 1, 4.9, 5, 6)]
    text, _ = written(con, tmp_path, entries, [distribution], f"{NAME}_bucket")
    buckets = [(labels["le"], value) for _, labels, at, value in points(text) if at == 0]
    assert buckets == [("0.0", 1), ("1.0", 3), ("5.0", 5), ("+Inf", 7)]
    assert [value for _, labels, at, value in points(text) if at != 0] == [0] * 8


def test_a_minute_whose_entries_are_counted_in_three_parts_is_one_point(
    con: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    metrics = [metric(value="EXTRACT(jsonPayload.v)"), metric(name="loyalty/n")]
    wanted = [*(NAME + suffix for suffix in ("_count", "_sum", "_bucket")), "logging_googleapis_com:user_loyalty_n"]
    entries = [entry(second, v=v) for second, v in ((0, -1), (5, 0), (70, 0.5), (6, 4.9), (8, 6), (71, 6))]
    whole, of_whole = written(con, tmp_path, entries, metrics, *wanted)
    files = []
    for number in range(3):
        files.append(tmp_path / f"{number}.jsonl")
        files[-1].write_text("".join(json.dumps(one) + "\n" for one in entries[2 * number : 2 * number + 2]))
    monkeypatch.setattr(metric_points, "_PART_BYTES", 1)
    _, of_parts = points_of_files(con, metrics, files, wanted)
    write_open_metrics(con, metrics, wanted, tmp_path / "parts.om")
    assert (tmp_path / "parts.om").read_text() == whole
    assert of_parts == of_whole


@pytest.mark.parametrize(
    ("options", "bounds"),
    [
        ({"explicitBuckets": {"bounds": [0, 1.5]}}, (0.0, 1.5)),
        ({"linearBuckets": {"numFiniteBuckets": 3, "width": 5, "offset": 10}}, (10.0, 15.0, 20.0, 25.0)),
        ({"linearBuckets": {"numFiniteBuckets": 1, "width": 0.5}}, (0.0, 0.5)),
        ({"exponentialBuckets": {"numFiniteBuckets": 3, "growthFactor": 2, "scale": 3}}, (3.0, 6.0, 12.0, 24.0)),
        ({"exponentialBuckets": {"numFiniteBuckets": "1", "growthFactor": "2", "scale": "3"}}, (3.0, 6.0)),
        ({"linearBuckets": {"numFiniteBuckets": "1", "width": "0.5"}}, (0.0, 0.5)),
    ],
)
def test_the_three_kinds_of_buckets_have_these_bounds(options: dict[str, object], bounds: tuple[float, ...]) -> None:
    assert bucket_bounds(options) == bounds


def test_metrics_that_share_a_filter_keep_their_own_labels_values_and_drops(con: Connection, tmp_path: Path) -> None:
    metrics = [
        metric(name="loyalty/a", value="EXTRACT(jsonPayload.a)", labels={"m": "EXTRACT(jsonPayload.m)"}),
        metric(name="loyalty/b", value="EXTRACT(jsonPayload.b)"),
        metric(name="loyalty/c", labels={"m": "EXTRACT(jsonPayload.m)"}),
    ]
    entries = [entry(a=1, b=10, m="1"), entry(a=2, m="2"), entry(b=30, m="2")]
    names = [f"logging_googleapis_com:user_loyalty_{name}" for name in ("a_sum", "b_sum", "c")]
    text, summaries = written(con, tmp_path, entries, metrics, *names)
    assert [value for at, value in values(text, names[0]) if at == 0 and value] in ([1, 2], [2, 1])
    assert values(text, names[1]) == [(-1, 0), (0, 40), (1, 0)]
    assert sorted(value for at, value in values(text, names[2]) if at == 0) == [1, 2]
    assert {name: (s.matched, s.series) for name, s in summaries.items()} == {
        "loyalty/a": (3, 2),
        "loyalty/b": (3, 1),
        "loyalty/c": (3, 2),
    }


@pytest.mark.parametrize(
    "query",
    [
        'jsonPayload.event = "x" AND jsonPayload.v > 1',
        '(jsonPayload.event = "x" AND jsonPayload.v > 1) OR jsonPayload.event = "y"',
        "jsonPayload.v > 1 AND (severity = INFO OR jsonPayload.v > 2)",
        'NOT (jsonPayload.event = "x" AND jsonPayload.v <= 1) AND resource.type = "global"',
        'NOT (jsonPayload.event = "x" OR jsonPayload.v <= 1) OR jsonPayload.v = 2',
        'jsonPayload.event = "x" AND NOT jsonPayload.event = "x" OR jsonPayload.v = 2',
        "jsonPayload.v = 2",
        "jsonPayload.w = NULL_VALUE",
        "jsonPayload.w:*",
        "",
    ],
)
def test_deciding_by_kind_never_changes_which_entries_match(con: Connection, tmp_path: Path, query: str) -> None:
    payloads = [{"event": "x", "v": 1}, {"event": "x", "v": 2}, {"event": "y", "v": 1}, {"event": "y", "v": 3}]
    payloads += [{"event": "x", "w": None}, {"event": "z"}]
    entries = [entry(**payload) for payload in payloads]
    _, summaries = written(con, tmp_path, entries, [metric(query=query)])
    v = [payload.get("v", 0) for payload in payloads]
    event = [payload["event"] for payload in payloads]
    expected = {
        'jsonPayload.event = "x" AND jsonPayload.v > 1': [e == "x" and n > 1 for e, n in zip(event, v, strict=True)],
        '(jsonPayload.event = "x" AND jsonPayload.v > 1) OR jsonPayload.event = "y"': [
            (e == "x" and n > 1) or e == "y" for e, n in zip(event, v, strict=True)
        ],
        "jsonPayload.v > 1 AND (severity = INFO OR jsonPayload.v > 2)": [n > 1 for n in v],
        'NOT (jsonPayload.event = "x" AND jsonPayload.v <= 1) AND resource.type = "global"': [
            not (e == "x" and "v" in p and p["v"] <= 1) for e, p in zip(event, payloads, strict=True)
        ],
        'NOT (jsonPayload.event = "x" OR jsonPayload.v <= 1) OR jsonPayload.v = 2': [
            not (e == "x" or ("v" in p and p["v"] <= 1)) or p.get("v") == 2
            for e, p in zip(event, payloads, strict=True)
        ],
        # OR binds tighter than AND.
        'jsonPayload.event = "x" AND NOT jsonPayload.event = "x" OR jsonPayload.v = 2': [
            e == "x" and n == 2 for e, n in zip(event, v, strict=True)
        ],
        "jsonPayload.v = 2": [n == 2 for n in v],
        "jsonPayload.w = NULL_VALUE": ["w" in payload for payload in payloads],
        "jsonPayload.w:*": ["w" in payload for payload in payloads],
        "": [True] * len(payloads),
    }[query]
    assert summaries["loyalty/m"].matched == sum(expected)


def test_prometheus_reads_back_every_label_and_value_as_they_were(con: Connection, tmp_path: Path) -> None:
    promtool = next((ROOT / ".local/prometheus").rglob("promtool"))
    odd = ['a"b', "back\\slash", "new\nline", "tab\t", "é☃", "{x=1}, # EOF", "carriage\rreturn", "'", "%s"]
    entries = [entry(60 * index, m=text) for index, text in enumerate(odd)]
    written(con, tmp_path, entries, [metric(labels={"m": "EXTRACT(jsonPayload.m)"})], NAME)
    blocks = tmp_path / "blocks"
    subprocess.run(
        [promtool, "tsdb", "create-blocks-from", "openmetrics", tmp_path / "points.om", blocks],
        check=True,
        capture_output=True,
    )
    (blocks / "wal").mkdir()  # promtool wants one, if empty
    dump = subprocess.run([promtool, "tsdb", "dump", blocks], check=True, capture_output=True, text=True).stdout
    ones = [line for line in dump.splitlines() if " 1 " in line]
    read = sorted(json.loads(f'"{text}"') for text in re.findall(r'm="((?:[^"\\]|\\.)*)"', "\n".join(ones)))
    assert read == sorted(odd)


_minutes = st.lists(
    st.tuples(
        st.integers(0, 40),
        st.sampled_from(["a", "b"]),
        st.sampled_from(["p0", "p1"]),
        st.none() | st.integers(-3, 7) | st.floats(-3, 7).map(lambda number: round(number, 1)),
    ),
    max_size=25,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(events=_minutes)
def test_points_agree_with_a_plain_recount(
    con: Connection, tmp_path: Path, events: list[tuple[int, str, str, float | None]]
) -> None:
    bounds = [-1, 0, 2.5]
    distribution = metric(
        value="EXTRACT(jsonPayload.v)",
        labels={"m": "EXTRACT(jsonPayload.m)"},
        buckets={"explicitBuckets": {"bounds": bounds}},
    )
    entries = [
        entry(60 * minute, resource={"type": "global", "labels": {"pod": pod}}, m=m, **({} if v is None else {"v": v}))
        for minute, m, pod, v in events
    ]
    suffixes = ("_count", "_sum", "_bucket")
    text, summaries = written(con, tmp_path, entries, [distribution], *(NAME + suffix for suffix in suffixes))

    seen: defaultdict[tuple[str, str], defaultdict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
    for minute, m, pod, v in events:
        if v is not None:
            seen[m, pod][minute].append(v)
    expected = []
    for (m, pod), minutes in seen.items():
        near = {minute + step for minute in minutes for step in (-1, 0, 1)}
        for minute in near:
            of_minute = minutes.get(minute, [])
            expected.append(("_count", m, pod, "", minute, float(len(of_minute))))
            expected.append(("_sum", m, pod, "", minute, sum(of_minute)))
            for bound in (*bounds, float("inf")):
                below = sum(value < bound for value in of_minute)
                expected.append(("_bucket", m, pod, str(float(bound)), minute, float(below)))
    found = [
        (
            name.removeprefix(NAME),
            labels["m"],
            labels["pod"],
            str(float(labels["le"])) if "le" in labels else "",
            int(at // 60),
            value,
        )
        for name, labels, at, value in points(text)
    ]
    assert [row[:5] for row in sorted(found)] == [row[:5] for row in sorted(expected)]
    for got, wanted in zip(sorted(found), sorted(expected), strict=True):
        assert got[5] == pytest.approx(wanted[5])
    count = sum(1 for row in expected if row[0] == "_count")
    assert summaries["loyalty/m"] == MetricSummary(len(events), len(seen), count)
    # Backfilling takes each series in one piece and in order of time.
    series = [(name, tuple(labels.items())) for name, labels, _, _ in points(text)]
    changes = [now for before, now in zip([None, *series], series, strict=False) if before != now]
    assert len(changes) == len(set(changes))
