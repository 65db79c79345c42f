"""Hostile files: each is one finding, or none, and never a crash or a hang."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loyalty_monitoring.checks.lint.rule import LintFinding, Project, Resource
from loyalty_monitoring.checks.lint.rules import all_rules
from loyalty_monitoring.checks.lint.run import lint_files
from loyalty_monitoring.common.yaml_documents import Document

SECONDS = 20  # a hang takes minutes; a busy machine takes seconds


@pytest.fixture
def lint(tmp_path: Path) -> Callable[..., list[LintFinding]]:
    def run(content: bytes, name: str = "bad.yaml") -> list[LintFinding]:
        file = tmp_path / name
        file.write_bytes(content)
        return within(file)

    return run


def within(*paths: Path) -> list[LintFinding]:
    started = time.perf_counter()
    found = lint_files(paths)
    assert time.perf_counter() - started < SECONDS
    return found


BOMB = "a: &a [x, x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [*{chr(97 + n)}, *{chr(97 + n)}]\n" for n in range(20)
)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"# a comment\n", "is empty"),
        (b"\x7fELF\x02\x01\x01" + bytes(range(256)) * 100, "not UTF-8"),
        (b"a: \x00\n", "not valid YAML"),
        (b"a: \xff\xfe\n", "not UTF-8"),
        ("a: b\n".encode("utf-16"), "not UTF-8"),
        (b"a:\n\t- b\n", "not valid YAML"),
        (b"{" * 100_000, "nested deeper"),
        (b"[" * 900_000, "nested deeper"),
        (b"- " * 400_000, "nested deeper"),
        (b"a: " * 1_000, "not valid YAML"),
        (BOMB.encode(), "anchors and aliases"),
        (b"a: &a [*a]\n", "anchors and aliases"),
        (b"<<: {a: 1}\na: 1\na: 2\n", "stands twice"),
        (b'{"a": 1, "a": 2}', "stands twice"),
        (b"? [a]\n: 1\n", "plain string"),
        (b"a: " + b"9" * 10_000 + b"\n", "not a plain decimal number"),
        (b"a: .inf\n", "not a plain decimal number"),
        (b"a: !!python/object/apply:os.system [ls]\n", "tag"),
        (b"--- a\n--- [\n", "not valid YAML"),
        (b"%YAML 9.9\n---\na: 1\n", "not valid YAML"),
        (b"a: 'b\n", "not valid YAML"),
        (b"@\n", "not valid YAML"),
    ],
)
@pytest.mark.parametrize("name", ["bad.yaml", "bad.json"])
def test_what_cannot_be_read_is_one_finding(
    lint: Callable[..., list[LintFinding]], content: bytes, said: str, name: str
) -> None:
    if name == "bad.json" and b"\t" in content:
        return  # tabs are good JSON
    (finding,) = lint(content, name)
    assert finding.rule == "file-syntax"
    assert said in finding.message
    assert finding.remedy


def test_what_is_too_large_is_one_finding(tmp_path: Path) -> None:
    file = tmp_path / "large.json"
    with file.open("wb") as large:
        large.truncate(64_000_001)
    (finding,) = within(file)
    assert (finding.rule, "larger than" in finding.message) == ("file-syntax", True)


@pytest.mark.parametrize("content", [b"x" * 900_000, b"- a\n" * 50_000, b'{"a": "' + b"\\u0041" * 150_000 + b'"}'])
def test_what_is_large_but_no_resource_says_so(lint: Callable[..., list[LintFinding]], content: bytes) -> None:
    (finding,) = lint(content)
    assert finding.rule == "file-kind"


def test_a_folder_of_strange_things_is_walked_through(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "loop").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "self.yaml").symlink_to(tmp_path / "self.yaml")
    (tmp_path / "nowhere.yaml").symlink_to(tmp_path / "nothing")
    (tmp_path / "folder.yaml").mkdir()
    (tmp_path / "null.json").symlink_to("/dev/zero")
    (tmp_path / os.fsdecode(b"bytes\xff.yaml")).write_text("a: [\n")
    assert within(tmp_path) == []


@pytest.mark.parametrize("make", ["fifo", "device", "loop", "nowhere", "folder", "unreadable"])
def test_what_is_named_and_is_no_readable_file_is_one_finding(tmp_path: Path, make: str) -> None:
    file = tmp_path / "named.yaml"
    if make == "fifo":
        os.mkfifo(file)
    elif make == "device":
        file = Path("/dev/zero")
    elif make == "loop":
        file.symlink_to(file)
    elif make == "nowhere":
        file.symlink_to(tmp_path / "nothing")
    elif make == "folder":
        file = tmp_path / "missing" / "named.yaml"
    else:
        file.write_text("a: 1\n")
        file.chmod(0)
    (finding,) = within(file)
    assert finding.severity == "error"
    assert finding.remedy


ANY = st.recursive(
    st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inside: st.lists(inside, max_size=4) | st.dictionaries(st.text(max_size=8), inside, max_size=4),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_no_bytes_are_a_crash(lint: Callable[..., list[LintFinding]], content: bytes) -> None:
    for name in ("bad.yaml", "bad.json"):
        assert len(lint(content, name)) == 1


# Words that the rules look for, so that generated bodies reach into them.
KEYS = st.sampled_from(
    [
        "displayName",
        "combiner",
        "conditions",
        "conditionPrometheusQueryLanguage",
        "conditionThreshold",
        "conditionAbsent",
        "query",
        "filter",
        "duration",
        "evaluationInterval",
        "aggregations",
        "alignmentPeriod",
        "documentation",
        "content",
        "links",
        "url",
        "alertStrategy",
        "userLabels",
        "mosaicLayout",
        "gridLayout",
        "rowLayout",
        "columnLayout",
        "tiles",
        "widgets",
        "rows",
        "columns",
        "widget",
        "xPos",
        "yPos",
        "width",
        "height",
        "title",
        "xyChart",
        "scorecard",
        "dataSets",
        "timeSeriesQuery",
        "prometheusQuery",
        "timeSeriesFilter",
        "thresholds",
        "color",
        "dashboardFilters",
        "labelKey",
        "templateVariable",
        "alertChart",
        "incidentList",
        "policyNames",
        "name",
        "metricDescriptor",
        "labels",
        "labelExtractors",
        "valueExtractor",
        "bucketOptions",
        "explicitBuckets",
        "bounds",
        "unit",
        "valueType",
        "metricKind",
        "key",
    ]
)
TEXTS = st.sampled_from(
    [
        "",
        "60s",
        "sum(sum_over_time(logging_googleapis_com:user_x[1h])) > 1",
        "${a}",
        'metric.type="logging.googleapis.com/user/x" resource.type="k8s_container"',
        "EXTRACT(jsonPayload.a)",
        "projects/p/alertPolicies/1",
        "https://example.com",
        "more than 5 in 10 minutes",
        "(" * 5_000,
        '"' + '\\"' * 5_000,
        "1+" * 20_000 + "1",
    ]
)
BODIES = st.dictionaries(
    KEYS,
    st.recursive(
        TEXTS | st.integers(-5, 60) | st.booleans() | st.floats(allow_nan=False),
        lambda inside: st.lists(inside, max_size=3) | st.dictionaries(KEYS, inside, max_size=4),
        max_leaves=15,
    ),
    max_size=6,
)


@settings(max_examples=60, deadline=None)
@given(first=BODIES, second=BODIES | st.dictionaries(KEYS, ANY, max_size=5))
def test_no_shape_of_a_body_is_a_crash(first: dict[str, Any], second: dict[str, Any]) -> None:
    kinds = ("alert_policy", "dashboard", "log_metric")
    document = Document(Path("a.yaml"), {}, {})
    project = Project(tuple(Resource(kind, body, document) for kind in kinds for body in (first, second)))
    for rule in all_rules():
        for resource in project.of(rule.kind):
            for problem in rule.check(resource, project):
                assert problem.message
                assert problem.remedy


LONG = 100_000
PATTERNS = [
    "(" * LONG,
    "1+" * (LONG // 2) + "1",
    '"' + '\\"' * (LONG // 2),
    "'" + "\\'" * (LONG // 2),
    "{" * LONG,
    "${" * (LONG // 2),
    "${a}" * (LONG // 4),
    " " * LONG,
    "a" * LONG,
    "1" * LONG,
    "1 " * (LONG // 2),
    "1 minute " * (LONG // 9),
    "](" * (LONG // 2),
    "https://" * (LONG // 8),
    "no more than " * (LONG // 13),
    'x{a="b"} or ' * (LONG // 12) + "x",
    "resource.type=" * (LONG // 14),
    "EXTRACT(" * (LONG // 8),
    'REGEXP_EXTRACT(a, "(((' * (LONG // 22),
    "NOT " * (LONG // 4) + "a",
    "a OR " * (LONG // 5) + "a",
]


@pytest.mark.parametrize("hostile", PATTERNS, ids=range(len(PATTERNS)))
def test_no_long_text_is_a_hang(lint: Callable[..., list[LintFinding]], hostile: str) -> None:
    dashboard: dict[str, Any] = {
        "gridLayout": {
            "widgets": [
                {"xyChart": {"dataSets": [{"timeSeriesQuery": {"prometheusQuery": hostile}}]}},
                {"title": hostile, "scorecard": {"timeSeriesQuery": {"timeSeriesFilter": {"filter": hostile}}}},
            ]
        },
    }
    assert lint(json.dumps([dashboard]).encode(), "dashboard.json")
    prose = {"content": hostile, "links": []}
    promql = {"query": hostile, "duration": hostile}
    threshold = {"filter": hostile, "duration": hostile, "aggregations": [{"alignmentPeriod": hostile}]}
    policies = [
        {"displayName": "a", "documentation": prose, "conditions": [{"conditionPrometheusQueryLanguage": promql}]},
        {"displayName": "a", "conditions": [{"conditionThreshold": threshold}]},
    ]
    assert lint(json.dumps(policies[0]).encode(), "policy.json")
    assert lint(json.dumps(policies[1]).encode(), "policy.json")
    metric = {"name": "a", "filter": hostile, "labelExtractors": {"a": hostile}, "valueExtractor": hostile}
    lint(json.dumps(metric).encode(), "metric.json")
