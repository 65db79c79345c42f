"""Rules for metrics meet bodies of any shape and filters of any text: none raises, none hangs."""

from __future__ import annotations

import json
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loyalty_monitoring.checks.lint.filters import read_filter
from loyalty_monitoring.checks.lint.rule import Project, Resource
from loyalty_monitoring.checks.lint.rules import all_rules
from loyalty_monitoring.common.yaml_documents import load_documents
from loyalty_monitoring.query_languages.logging_filter.stray_operators import words

RULES = [rule for rule in all_rules() if rule.kind == "log_metric"]
PATIENT = settings(max_examples=120, deadline=20_000, suppress_health_check=[HealthCheck.function_scoped_fixture])

_JSON = st.recursive(
    st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
_KEYS = ["name", "filter", "description", "metricDescriptor", "labelExtractors", "valueExtractor", "bucketOptions"]
_PIECES = [
    "AND",
    "OR",
    "NOT",
    "and",
    "(",
    ")",
    '"',
    "--",
    "=",
    "=~",
    ":",
    "-",
    "a.b",
    '"c d"',
    "severity",
    "\n",
    "x" * 50,
]
_FILTERS = st.lists(st.sampled_from(_PIECES), max_size=40).map(" ".join) | st.text(max_size=80)


def _linted(folder: Path, body: object) -> None:
    file = folder / "metric.json"
    file.write_text(json.dumps(body))
    (document,) = load_documents(file)
    metric = Resource("log_metric", document.data, document)
    for rule in RULES:
        list(rule.check(metric, Project((metric,))))


@PATIENT
@given(body=st.fixed_dictionaries({}, optional=dict.fromkeys(_KEYS, _JSON)))
def test_no_shape_of_a_metric_stops_a_rule(tmp_path: Path, body: dict[str, object]) -> None:
    _linted(tmp_path, {"name": "a", "filter": "b", **body})


@PATIENT
@given(text=_FILTERS)
def test_no_text_of_a_filter_stops_a_rule(tmp_path: Path, text: str) -> None:
    _linted(tmp_path, {"name": "a", "filter": text})


def test_long_and_deep_filters_end_soon() -> None:
    for text in (
        "(" * 50_000,
        '"' * 50_001,
        "a OR " * 20_000,
        "NOT " * 20_000,
        "-" * 50_000,
        "=" * 50_000,
        "\\" * 50_000,
    ):
        list(words(text))
        read_filter(text)
