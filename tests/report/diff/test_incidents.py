"""Incidents of two replays: which are the same, which moved, which have no counterpart."""

from __future__ import annotations

from datetime import timedelta

from loyalty_monitoring.replay.result import Incident
from loyalty_monitoring.report.diff.incidents import incident_changes
from tests.log_lines import START


def incident(opened: int, closed: int | None, store: str = "s-1", policy: str = "rate_limit_spike") -> Incident:
    ends = None if closed is None else START + timedelta(minutes=closed)
    return Incident(policy, "P1", {"store_id": store}, START + timedelta(minutes=opened), ends, 101.0)


def kinds(old: list[Incident], new: list[Incident]) -> list[str]:
    return [change.kind for change in incident_changes(old, new)]


def test_the_same_times_stay() -> None:
    assert kinds([incident(1, 5)], [incident(1, 5)]) == ["stays"]
    assert kinds([incident(1, None)], [incident(1, None)]) == ["stays"]


def test_a_minute_earlier_or_later_moves() -> None:
    assert kinds([incident(2, 5)], [incident(1, 5)]) == ["moves"]
    assert kinds([incident(1, 5)], [incident(1, 6)]) == ["moves"]
    assert kinds([incident(1, 5)], [incident(1, None)]) == ["moves"]


def test_incidents_that_only_touch_are_two() -> None:
    assert kinds([incident(1, 5)], [incident(5, 9)]) == ["vanishes", "appears"]
    assert kinds([incident(5, 9)], [incident(1, 5)]) == ["appears", "vanishes"]


def test_other_labels_or_another_policy_are_no_counterpart() -> None:
    assert sorted(kinds([incident(1, 5)], [incident(1, 5, "s-2")])) == ["appears", "vanishes"]
    assert sorted(kinds([incident(1, 5)], [incident(1, 5, policy="other")])) == ["appears", "vanishes"]


def test_one_that_breaks_in_two_moves_and_another_appears() -> None:
    assert kinds([incident(1, 9)], [incident(1, 3), incident(6, 9)]) == ["moves", "appears"]


def test_two_that_become_one_move_and_vanish() -> None:
    assert kinds([incident(1, 3), incident(6, 9)], [incident(1, 9)]) == ["moves", "vanishes"]


def test_nothing_on_either_side_is_nothing() -> None:
    assert kinds([], []) == []
