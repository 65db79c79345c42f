"""Stories of the simulation, and what replay makes of their logs."""

from __future__ import annotations

from pathlib import Path

from loyalty_monitoring.replay.arrival import Arrival
from loyalty_monitoring.replay.result import ReplayResult
from loyalty_monitoring.replay.run import replay
from loyalty_simulation.output import write_file
from loyalty_simulation.story import Story, entries
from tests.conftest import our_definitions


def replayed(file: Path, late: Arrival | None = None) -> ReplayResult:
    definitions = our_definitions()
    return replay(definitions, [file], strict=True, late=late)


def simulated(folder: Path, story: Story) -> ReplayResult:
    file = folder / "entries.jsonl"
    write_file(file, entries(story))
    return replayed(file)
