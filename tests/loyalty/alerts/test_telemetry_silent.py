"""telemetry_silent alone: what goes with this alert."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from loyalty_simulation.story import START, Story
from loyalty_simulation.timeline import parse_occurrence
from tests.loyalty.simulation.stories import simulated


def test_on_a_new_project_where_nothing_reports_telemetry_silent_opens_alone_and_stays_open(tmp_path: Path) -> None:
    silent = (parse_occurrence("reporter_down@T/2d"),)
    found = simulated(tmp_path, Story(days=2, merchants=4, stores=4, new_project=True, faults=silent))
    (incident,) = found.incidents
    assert incident.policy == "telemetry_silent"
    assert timedelta(minutes=30) <= incident.opened - START <= timedelta(minutes=95)
    assert incident.closed is None
