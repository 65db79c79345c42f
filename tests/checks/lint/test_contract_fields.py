"""contract-fields: our own metrics are held to the contract, other people's files have none."""

from __future__ import annotations

from pathlib import Path

from loyalty_monitoring.checks.lint.rule import LintFinding
from loyalty_monitoring.checks.lint.run import lint_files, lint_project
from loyalty_monitoring.definitions.settings import load_stack_settings


def _found(project: Path) -> list[LintFinding]:
    findings = lint_project(project, load_stack_settings(project, "demo"))
    return [one for one in findings if one.rule == "contract-fields"]


def test_our_metrics_pass(project: Path) -> None:
    assert _found(project) == []


def test_a_field_that_no_event_has_is_an_error_at_its_line(project: Path) -> None:
    metric = project / "log_metrics" / "expired_points.yaml"
    metric.write_text(metric.read_text().replace("EXTRACT(jsonPayload.points)", "EXTRACT(jsonPayload.point)"))
    (finding,) = _found(project)
    assert (finding.severity, Path(finding.file).name) == ("error", "expired_points.yaml")
    assert metric.read_text().splitlines()[finding.line - 1].startswith("valueExtractor:")
    assert finding.message == "reads jsonPayload.point, which the event expiration_chunk_processed does not have"
    assert finding.remedy.endswith("did you mean 'points'?")


def test_a_field_that_leaves_the_contract_is_an_error_in_each_metric_that_reads_it(project: Path) -> None:
    contract = project / "log_events.yaml"
    contract.write_text(contract.read_text().replace("{cards: count, points: count}", "{cards: string}"))
    assert {Path(one.file).stem for one in _found(project)} == {"expired_cards", "expired_points"}


def test_other_peoples_files_are_not_held_to_our_contract(project: Path) -> None:
    rendered = project / "metric.yaml"
    rendered.write_text("name: x\nfilter: jsonPayload.nothing = 5\nmetricDescriptor: {metricKind: DELTA}\n")
    assert [one for one in lint_files([rendered]) if one.rule == "contract-fields"] == []
