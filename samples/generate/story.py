"""All of it together: the entries of a story."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from .clock import SimulatedClock
from .console import Console, python_logging
from .faults import FAULTS, Fault
from .living_system import LivingSystem
from .tasks import make_app
from .worker import running_worker

START = datetime(2026, 11, 2, tzinfo=UTC)  # a Monday
DAYS = 8
SEED = 20261102


def entries(
    days: int = DAYS, *, seed: int = SEED, start: datetime = START, faults: Sequence[Fault] = FAULTS
) -> dict[str, list[dict[str, Any]]]:
    """The LogEntries of each day (`2026-11-02`), ordered by timestamp. `start` is a midnight, UTC."""
    clock = SimulatedClock(start)
    console = Console(clock)
    system = LivingSystem(start, seed, faults, clock, console)
    with (
        python_logging(console, clock),
        running_worker(make_app(system.world), clock, system.world.task_succeeded) as run_task,
    ):
        system.tell(run_task, days)
    dates = [f"{start + timedelta(days=day):%Y-%m-%d}" for day in range(days)]
    by_date: dict[str, list[dict[str, Any]]] = {date: [] for date in dates}
    # Processes run side by side: a long task's lines are printed before earlier lines of others.
    for entry in sorted(console.entries, key=lambda entry: entry["timestamp"]):
        if entry["timestamp"][:10] in by_date:  # a task of the last minute may end after midnight
            by_date[entry["timestamp"][:10]].append(entry)
    return by_date


def as_lines(day: Sequence[dict[str, Any]]) -> bytes:
    """JSON Lines, UTF-8."""
    return "".join(json.dumps(e, ensure_ascii=False, separators=(",", ":")) + "\n" for e in day).encode()


def write(out: Path, by_date: dict[str, list[dict[str, Any]]]) -> list[Path]:
    """One file a day, `DATE.jsonl.gz`, without a time of its own (equal lines, equal bytes)."""
    out.mkdir(parents=True, exist_ok=True)
    files = []
    for date, day in by_date.items():
        files.append(out / f"{date}.jsonl.gz")
        files[-1].write_bytes(gzip.compress(as_lines(day), compresslevel=9, mtime=0))
    return files
