"""Where several stacks share a project, a silent metric is named as it is in that project."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from loyalty_monitoring.checks.contract.check import check
from loyalty_monitoring.checks.contract.output import lines
from loyalty_monitoring.definitions.load import load_definitions
from loyalty_monitoring.definitions.log_contract import load_contract
from loyalty_monitoring.definitions.settings import load_stack_settings
from tests.checks.contract.lines import healthy
from tests.conftest import ROOT
from tests.log_lines import write


def test_a_silent_metric_is_named_with_the_stacks_prefix(tmp_path: Path) -> None:
    settings = dataclasses.replace(load_stack_settings(ROOT, "demo"), prefix="staging")
    contract, definitions = load_contract(ROOT / "log_events.yaml"), load_definitions(ROOT, settings)
    report = check(contract, definitions, settings.resource_type, [write(tmp_path / "day.jsonl", healthy())])
    said = "\n".join(line.plain for line in lines(report))
    assert "metric loyalty/staging/programs_not_judged: matches nothing" in said
    (listed,) = [line for line in said.splitlines() if line.startswith("Metrics without data: ")]
    named = listed.removeprefix("Metrics without data: ").split(", ")
    assert named == [metric.api_name for metric in definitions.log_metrics if metric.api_name in named]
    assert "loyalty/staging/programs_not_judged" in named
