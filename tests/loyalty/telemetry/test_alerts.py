"""What the reporter logs, replayed: the alerts on a stale task (A1) and on silence (A8) ring when they should.

The lines are the reporter's own, printed by Google's handler; only its clock is a simulated one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from loyalty_monitoring.definitions.metric_usage import readers
from loyalty_monitoring.replay.result import Incident
from loyalty_monitoring.replay.run import replay
from loyalty_telemetry import InMemoryStore
from loyalty_telemetry.freshness import Freshness
from tests.conftest import our_definitions
from tests.log_lines import START, Entry, every, hours, minutes, write
from tests.loyalty.telemetry.conftest import Printed

Story = Callable[..., list[Incident]]

TASK = "loyalty.expire_points"
DEFINITIONS = our_definitions()
READING = readers(DEFINITIONS)["task_last_success"].alerts


class _Task:
    name = TASK


class _Store(InMemoryStore):
    away = False

    def recall(self, task: str, now: float) -> float:
        if self.away:
            raise ConnectionError("connection refused")
        return super().recall(task, now)


def incidents(entries: list[Entry], file: Path, end: datetime) -> list[Incident]:
    """Of the alerts that read the reports."""
    return list(replay(DEFINITIONS, [write(file, entries)], end=end, policies=READING, strict=True).incidents)


def opens(found: list[Incident], **expected: tuple[timedelta, timedelta]) -> bool:
    """Whether each of these alerts, of those that there are, opened once, so long after the start, and no other."""
    there = {name: within for name, within in expected.items() if name in READING}
    opened = {incident.policy: incident.opened - START for incident in found}
    in_time = all(first <= opened[name] <= last for name, (first, last) in there.items() if name in opened)
    return sorted(one.policy for one in found) == sorted(there) and in_time


@pytest.fixture
def story(printed: Printed, tmp_path: Path) -> Story:
    def tell(
        length: timedelta, *, successes: Sequence[timedelta] = (), store_away_from: timedelta = timedelta.max
    ) -> list[Incident]:
        """A report every 15 minutes, and a success at each of these times; all from the start."""
        now, store, entries = START, _Store(), list[Entry]()
        freshness = Freshness(store, [TASK], now=lambda: now.timestamp())
        happens = [(at, freshness.report) for at in every(minutes(15), START, START + length)]
        happens += [(START + at, lambda: freshness.succeeded(_Task)) for at in successes]
        for now, happen in sorted(happens, key=lambda one: one[0]):
            store.away = now - START >= store_away_from
            happen()
            entries += printed.entries(now.isoformat().replace("+00:00", "Z"))
        return incidents(entries, tmp_path / "entries.jsonl", START + length)

    return tell


def test_while_the_task_succeeds_every_night_nothing_opens(story: Story) -> None:
    assert story(hours(60), successes=[hours(3), hours(27), hours(51)]) == []


def test_26_hours_after_the_last_success_the_alert_on_the_stale_task_opens_and_the_next_success_closes_it(
    story: Story,
) -> None:
    found = story(hours(36), successes=[hours(3), hours(32)])
    assert opens(found, expiration_task_stale=(hours(29), hours(29) + minutes(2)))
    for incident in found:
        assert incident.closed is not None
        assert hours(32) <= incident.closed - START <= hours(32) + minutes(20)


def test_a_task_that_never_succeeds_is_stale_26_hours_after_watching_began(story: Story) -> None:
    assert opens(story(hours(27)), expiration_task_stale=(hours(26), hours(26) + minutes(2)))


def test_a_store_that_stays_away_opens_the_alert_on_silence_and_no_other(story: Story) -> None:
    found = story(hours(9), successes=[hours(3)], store_away_from=hours(6))
    last_report = hours(5.75)
    assert opens(found, telemetry_silent=(last_report + minutes(90), last_report + minutes(95)))


def test_a_store_that_is_away_for_an_hour_opens_nothing(story: Story) -> None:
    assert story(hours(7), successes=[hours(3)], store_away_from=hours(6)) == []
