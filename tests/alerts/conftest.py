"""Replays log lines through the deployed definitions, all the way: filter, metric, Prometheus, incidents."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path

import pytest

from loyalty_monitoring.definitions import load_definitions
from loyalty_monitoring.replay.result import Incident
from loyalty_monitoring.replay.run import replay
from loyalty_monitoring.settings import load_stack_settings
from tests.log_lines import Entry, write

ROOT = Path(__file__).parents[2]

Replay = Callable[..., tuple[Incident, ...]]


@pytest.fixture
def incidents_of(tmp_path: Path) -> Replay:
    """`incidents_of(policy, entries, start=, end=, parameter=value...)`: the incidents of one alert policy."""

    def run(
        policy: str,
        entries: Iterable[Entry],
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        **overrides: float,
    ) -> tuple[Incident, ...]:
        settings = dataclasses.replace(load_stack_settings(ROOT, "demo"), parameter_overrides=overrides)
        file = write(tmp_path / "entries.jsonl", entries)
        return replay(load_definitions(ROOT, settings), [file], start=start, end=end, policies=[policy]).incidents

    return run
