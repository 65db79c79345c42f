"""telemetry_silent alone: what goes with this alert."""

from __future__ import annotations

import re

from loyalty_monitoring.definitions.log_contract import logger_pattern
from tests.loyalty.test_runbooks import CONTRACT, DEFINITIONS, filters


def test_the_page_on_silence_matches_reports_as_the_metric_does() -> None:
    (matched,) = (text for text in filters("telemetry_silent") if "program_reporter" in text)
    (metric,) = (metric for metric in DEFINITIONS.log_metrics if metric.name == "task_last_success")
    logger = f'labels.python_logger=~"{logger_pattern(CONTRACT, "program_reporter")}"'
    assert logger in matched
    assert logger in re.sub(r"\s*=~\s*", "=~", metric.body["filter"])
