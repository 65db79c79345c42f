"""telemetry_silent alone: what goes with this alert."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

from loyalty_monitoring.definitions.log_contract import logger_pattern
from loyalty_simulation.story import START, Story
from loyalty_simulation.timeline import parse_occurrence
from tests.loyalty.simulation.stories import simulated
from tests.loyalty.test_runbooks import CONTRACT, DEFINITIONS, filters


def test_the_page_on_silence_matches_reports_as_the_metric_does() -> None:
    (matched,) = (text for text in filters("telemetry_silent") if "program_reporter" in text)
    (metric,) = (metric for metric in DEFINITIONS.log_metrics if metric.name == "task_last_success")
    logger = f'labels.python_logger=~"{logger_pattern(CONTRACT, "program_reporter")}"'
    assert logger in matched
    assert logger in re.sub(r"\s*=~\s*", "=~", metric.body["filter"])


def test_on_a_new_project_where_nothing_reports_telemetry_silent_opens_alone_and_stays_open(tmp_path: Path) -> None:
    silent = (parse_occurrence("reporter_down@T/2d"),)
    found = simulated(tmp_path, Story(days=2, merchants=4, stores=4, new_project=True, faults=silent))
    (incident,) = found.incidents
    assert incident.policy == "telemetry_silent"
    assert timedelta(minutes=30) <= incident.opened - START <= timedelta(minutes=95)
    assert incident.closed is None
