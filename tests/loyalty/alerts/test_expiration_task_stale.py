"""expiration_task_stale alone: what goes with this alert."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from loyalty_simulation.story import START, Story
from loyalty_simulation.timeline import parse_occurrence
from tests.loyalty.simulation.stories import simulated


def test_a_task_that_never_succeeds_on_a_new_project_is_stale_after_26_hours(tmp_path: Path) -> None:
    failing = (parse_occurrence("expiration_fails@T/2d"),)
    found = simulated(tmp_path, Story(days=2, merchants=4, stores=4, new_project=True, faults=failing))
    (incident,) = found.incidents
    assert incident.policy == "expiration_task_stale"
    assert timedelta(hours=26) <= incident.opened - START <= timedelta(hours=26, minutes=2)
