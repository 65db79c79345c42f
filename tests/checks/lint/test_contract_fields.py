"""contract-fields: our own metrics are held to the contract, other people's files have none."""

from __future__ import annotations

import re
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
    metric = project / "log_metrics" / "program_at_risk_cards.yaml"
    metric.write_text(
        metric.read_text().replace("EXTRACT(jsonPayload.at_risk_cards)", "EXTRACT(jsonPayload.at_risk_card)")
    )
    (finding,) = _found(project)
    assert (finding.severity, Path(finding.file).name) == ("error", "program_at_risk_cards.yaml")
    assert metric.read_text().splitlines()[finding.line - 1].startswith("valueExtractor:")
    assert finding.message == "reads jsonPayload.at_risk_card, which the event program_snapshot does not have"
    assert finding.remedy.endswith("did you mean 'at_risk_cards'?")


def test_a_field_that_leaves_the_contract_is_an_error_in_each_metric_that_reads_it(project: Path) -> None:
    contract = project / "log_events.yaml"
    contract.write_text(re.sub("(active|at_risk)_cards: count", r"\1_cards: string", contract.read_text()))
    assert {Path(one.file).stem for one in _found(project)} == {"program_active_cards", "program_at_risk_cards"}


def test_other_peoples_files_are_not_held_to_our_contract(project: Path) -> None:
    rendered = project / "metric.yaml"
    rendered.write_text("name: x\nfilter: jsonPayload.nothing = 5\nmetricDescriptor: {metricKind: DELTA}\n")
    assert [one for one in lint_files([rendered]) if one.rule == "contract-fields"] == []
