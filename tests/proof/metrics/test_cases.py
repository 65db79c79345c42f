"""Every line of tests/cases/metrics/*.yaml, and what each metric makes of it: a test each, named by its claim."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from loyalty_monitoring.common.errors import UserError
from loyalty_monitoring.definitions.load import load_definitions
from loyalty_monitoring.definitions.log_contract import load_contract
from loyalty_monitoring.definitions.model import LogMetric
from loyalty_monitoring.definitions.settings import load_stack_settings
from loyalty_monitoring.proof.metrics.cases import load_metric_cases
from loyalty_monitoring.proof.metrics.compare import mismatches, misstated
from loyalty_monitoring.proof.metrics.required_kinds import missing_kinds
from tests.conftest import PROJECT, ROOT, our_definitions

FOLDER = ROOT / "tests" / "cases" / "metrics"
CONTRACT = load_contract(ROOT / "log_events.yaml")
CASES = load_metric_cases(FOLDER, CONTRACT)
OF_TESTS = load_contract(PROJECT / "log_events.yaml")


@pytest.fixture(scope="module")
def metrics() -> tuple[LogMetric, ...]:
    return our_definitions().log_metrics


@pytest.fixture(scope="module")
def found(metrics: tuple[LogMetric, ...]) -> tuple[tuple[str, ...], ...]:
    return mismatches(metrics, CASES)


@pytest.mark.parametrize("place", range(len(CASES.lines)), ids=[line.claim for line in CASES.lines])
def test_line(found: tuple[tuple[str, ...], ...], place: int) -> None:
    assert not found[place], f"{CASES.lines[place].position}\n" + "\n".join(found[place])


def test_every_metric_has_the_type_and_the_unit_that_its_cases_state(metrics: tuple[LogMetric, ...]) -> None:
    assert [said for metric in metrics for said in misstated(metric, CASES.facts[metric.name])] == []


def test_every_metric_has_every_kind_of_line_or_a_reason_why_not(metrics: tuple[LogMetric, ...]) -> None:
    assert missing_kinds(CASES, {metric.name for metric in metrics}) == ()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copy(PROJECT / "tests" / "cases" / "metrics" / "rate_limiter.yaml", tmp_path)
    return tmp_path


def _change(folder: Path, old: str, new: str) -> None:
    file = folder / "rate_limiter.yaml"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def _gate(folder: Path, *metrics: str) -> str:
    return "\n".join(missing_kinds(load_metric_cases(folder, OF_TESTS), metrics or ("rate_limited_requests",)))


def test_a_kind_of_line_that_is_missing_is_named(folder: Path) -> None:
    _change(folder, "      - {severity: INFO}\n      - {severity: ERROR}\n      - {without: [severity]}\n", "")
    assert "rate_limited_requests has no line of the kind other_severity" in _gate(folder)


def test_a_line_that_differs_in_two_ways_shows_neither(folder: Path) -> None:
    _change(folder, "each_field: [missing, retyped]", "each_field: [missing]")
    assert "kind other_type" in _gate(folder)
    _change(folder, "{fields: {status: 503}}", '{fields: {status: "503"}, severity: INFO}')
    assert "kind other_type" in _gate(folder)
    _change(folder, "{fields: {status: 200}}", '{fields: {status: "200"}}')
    assert _gate(folder) == ""


def test_a_kind_that_is_ruled_out_and_shown_is_named(folder: Path) -> None:
    _change(folder, '{type: counter, unit: "1"}', '{type: counter, unit: "1", not_applicable: {other_event: because}}')
    with pytest.raises(UserError, match="why such a line cannot exist"):
        _gate(folder)
    _change(folder, "because", "because of it")
    assert "has a line of the kind other_event, which its not_applicable rules out" in _gate(folder)


def test_a_metric_without_cases_and_cases_without_a_metric_are_named(folder: Path) -> None:
    said = _gate(folder, "emails_queued")
    assert "emails_queued has no cases" in said
    assert "proves 'rate_limited_requests', which is no metric" in said


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("event: rate_limit_exceeded\n", "evnt: rate_limit_exceeded\n", "unknown key 'evnt'"),
        ("{fields: {status: 428}}", "{without: [statsu]}", "no 'statsu' to leave out; did you mean 'status'?"),
        ("{fields: {status: 428}}", "{fields: {status: 430}}", "as well; say what differs"),
        ("rate_limited_requests: {labels", "rate_limit_requests: {labels", "did you mean 'rate_limited_requests'?"),
        ("{labels: {store_id: s-203}}", "{labels: {store_id: s-203}, sum: 1}", "a counter has no sum; remove it"),
        ("type: counter", "type: distribution", "give its sum"),
    ],
)
def test_a_line_that_is_not_right_is_an_error_with_its_place(folder: Path, old: str, new: str, said: str) -> None:
    _change(folder, old, new)
    with pytest.raises(UserError) as caught:
        load_metric_cases(folder, OF_TESTS)
    assert said in str(caught.value)
    assert "rate_limiter.yaml:" in str(caught.value)


def test_a_metric_that_counts_otherwise_is_a_mismatch_that_says_both(folder: Path) -> None:
    _change(folder, "{labels: {store_id: s-203}}", "{labels: {store_id: s-1}}")
    metrics = load_definitions(PROJECT, load_stack_settings(PROJECT, "demo")).log_metrics
    said = [text for texts in mismatches(metrics, load_metric_cases(folder, OF_TESTS)) for text in texts]
    assert "rate_limited_requests counts store_id 's-203'; it must count store_id 's-1'" in said
