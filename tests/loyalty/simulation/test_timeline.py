"""When faults occur."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from loyalty_simulation.clock import microseconds
from loyalty_simulation.faults import FAULTS, SMTP_DOWN, WALLET_OUTAGE
from loyalty_simulation.timeline import Timeline, parse_occurrence

START = datetime(2026, 11, 2, 8, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "begins"),
    [
        ("T", timedelta(0)),
        ("T+1h", timedelta(hours=1)),
        ("T+90m", timedelta(minutes=90)),
        ("T+1d2h3m4s", timedelta(days=1, hours=2, minutes=3, seconds=4)),
    ],
)
def test_an_occurrence_says_when_it_begins(text: str, begins: timedelta) -> None:
    one = parse_occurrence(f"wallet_outage@{text}")
    assert (one.fault, one.begins, one.lasts) == (WALLET_OUTAGE, begins, WALLET_OUTAGE.lasts)


def test_an_occurrence_can_say_how_long_it_lasts() -> None:
    assert parse_occurrence("wallet_outage@T+1h/1h5m").lasts == timedelta(minutes=65)


def test_a_fault_is_on_from_its_beginning_until_before_its_end() -> None:
    timeline = Timeline(START, [parse_occurrence("smtp_down@T+1h/10m"), parse_occurrence("smtp_down@T+3h/10m")])

    def active(**after: int) -> bool:
        return timeline.active(SMTP_DOWN, microseconds(START + timedelta(**after)))

    assert [active(seconds=3599), active(hours=1), active(seconds=4199), active(seconds=4200)] == [
        False,
        True,
        True,
        False,
    ]
    assert active(hours=3)
    assert not timeline.active(WALLET_OUTAGE, microseconds(START + timedelta(hours=1)))


def test_the_first_time_is_once_an_occurrence() -> None:
    timeline = Timeline(START, [parse_occurrence("smtp_down@T/10m"), parse_occurrence("smtp_down@T+1h/10m")])
    minutes = (0, 1, 30, 60, 61)
    first = [timeline.first_time(SMTP_DOWN, microseconds(START + timedelta(minutes=minute))) for minute in minutes]
    assert first == [True, False, False, True, False]


def test_faults_have_names_of_their_own_and_one_line_each() -> None:
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)
    assert all(fault.what_happens and "\n" not in fault.what_happens for fault in FAULTS)
