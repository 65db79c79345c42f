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
from tests.conftest import replace_text
from tests.log_lines import write


def test_a_silent_metric_is_named_with_the_stacks_prefix(project: Path) -> None:
    metric = project / "log_metrics" / "rate_limited_requests.yaml"
    replace_text(
        metric, "<<events:rate_limit_exceeded>>", '<<events:rate_limit_exceeded>> AND jsonPayload.store_id="none"'
    )
    settings = dataclasses.replace(load_stack_settings(project, "demo"), prefix="staging")
    contract, definitions = load_contract(project / "log_events.yaml"), load_definitions(project, settings)
    report = check(contract, definitions, settings.resource_type, [write(project / "day.jsonl", healthy())])
    said = "\n".join(line.plain for line in lines(report))
    assert "metric loyalty/staging/rate_limited_requests: matches nothing" in said
    (listed,) = [line for line in said.splitlines() if line.startswith("Metrics without data: ")]
    named = listed.removeprefix("Metrics without data: ").split(", ")
    assert named == [metric.api_name for metric in definitions.log_metrics if metric.api_name in named]
    assert "loyalty/staging/rate_limited_requests" in named
