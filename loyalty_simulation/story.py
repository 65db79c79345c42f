"""All of it together: the entries of a story."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from loyalty_monitoring.common.errors import UserError
from loyalty_simulation.clock import DAY, SimulatedClock, microseconds, rfc3339
from loyalty_simulation.console import Console, python_logging
from loyalty_simulation.living_system import LivingSystem
from loyalty_simulation.merchants import Merchant, make_merchants
from loyalty_simulation.tasks import make_app
from loyalty_simulation.timeline import Occurrence, Timeline
from loyalty_simulation.worker import running_worker

Entry = dict[str, Any]
Progress = Callable[[str, float], None]

START = datetime(2026, 11, 2, tzinfo=UTC)  # a Monday


@dataclass(frozen=True)
class Story:
    """The parameters of a simulation. On a new project nothing happened before `start`: no cards, and no task
    ever ran.
    """

    days: int = 1
    merchants: int = 6
    stores: int = 12
    seed: int = 1
    start: datetime = START
    faults: Sequence[Occurrence] = ()
    new_project: bool = False


def entries(story: Story, progress: Progress | None = None) -> Iterator[list[Entry]]:
    """Yield the LogEntries, ordered by timestamp, a calendar day at a time. Errors: UserError for an
    impossible story.
    """
    for one in story.faults:
        if one.begins >= timedelta(days=story.days):
            begins = str(one.begins).removesuffix(", 0:00:00")
            raise UserError(
                f"{one.fault.name} begins {begins} after the start, and the simulation is {story.days} days long; "
                f"let it begin earlier, or simulate {one.begins.days + 1} days"
            )
    return _told(story, make_merchants(story.merchants, story.stores), progress)


def _told(story: Story, merchants: Sequence[Merchant], progress: Progress | None) -> Iterator[list[Entry]]:
    clock = SimulatedClock(story.start)
    console = Console(clock)
    timeline = Timeline(story.start, story.faults)
    system = LivingSystem(
        story.start, story.days, story.seed, merchants, timeline, clock, console, new_project=story.new_project
    )
    with (
        python_logging(console, clock),
        running_worker(make_app(system.world), clock, system.world.task_succeeded) as run_task,
    ):
        for moment in system.tell(run_task):
            if progress is not None:
                progress("Simulating", (moment - microseconds(story.start)) / (story.days * DAY))
            yield console.take_until(rfc3339(moment))
