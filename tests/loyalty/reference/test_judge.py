"""The judge itself, at the boundary of each sentence, and that it is independent."""

from __future__ import annotations

import ast
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.log_lines import START, Entry, every, freshness, hours, mail, minutes, rejection, snapshot, wallet_run
from tests.loyalty.reference.events import events
from tests.loyalty.reference.judge import HOUR, MINUTE, Ruling, disagreements, judge

ZERO = START.timestamp()


def ruled(alert: str, entries: list[Entry], until: timedelta) -> Ruling:
    return judge(alert, entries, ZERO, (START + until).timestamp())


def spans(ruling: Ruling, which: str = "must", label: str = "") -> list[tuple[float, float]]:
    """In minutes after the start."""
    return [
        ((since - ZERO) / MINUTE, (until - ZERO) / MINUTE) for since, until in getattr(ruling, which).get(label, [])
    ]


def test_it_shares_no_code_and_no_file_with_the_project() -> None:
    for file in ("judge.py", "events.py"):
        tree = ast.parse((Path(__file__).parent / file).read_text())
        modules = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        modules |= {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
        allowed = {"__future__", "ast", "re", "collections.abc", "dataclasses", "datetime", "itertools", "typing"}
        assert modules <= allowed | {"tests.loyalty.reference.events"}
        assert not any(isinstance(node, ast.Name) and node.id == "open" for node in ast.walk(tree))


def test_a1_is_true_from_the_second_after_26_hours_until_the_next_good_report() -> None:
    reports = [freshness(at, START) for at in every(minutes(15), START + hours(25), START + hours(27))]
    good = freshness(START + hours(27) + minutes(10), START + hours(27))
    ruling = ruled("expiration_task_stale", [*reports, good], hours(28))
    assert spans(ruling) == [(26 * 60 + 2, 27 * 60 + 10)]
    assert spans(ruling, "may") == [(26 * 60, 27 * 60 + 22)]


def test_a2_needs_two_bad_runs_and_half_is_not_bad() -> None:
    bad = [wallet_run(START + hours(i), 51, 100) for i in (1, 2)]
    half = [wallet_run(START + hours(i), 50, 100) for i in (1, 2)]
    assert spans(ruled("google_wallet_down", bad, hours(3))) == [(142, 180)]
    assert ruled("google_wallet_down", half, hours(3)).may == {}
    assert ruled("google_wallet_down", [bad[0], half[1]], hours(3)).may == {}


def test_a3_counts_70_minutes_and_exactly_5_percent_is_not_more() -> None:
    assert spans(ruled("wallet_sync_failures", [wallet_run(START, 6, 100)], hours(3))) == [(12, 70)]
    assert ruled("wallet_sync_failures", [wallet_run(START, 5, 100)], hours(3)).may == {}


@pytest.mark.parametrize(("sent", "true"), [(98, True), (99, False)])
def test_a4_is_true_above_1_percent(sent: int, true: bool) -> None:
    mails = [*(mail(START, "sent") for _ in range(sent)), mail(START + hours(1), "failed")]
    assert bool(ruled("email_failures", mails, hours(2)).must) is true


def test_a4_ignores_bounces_and_other_templates() -> None:
    mails = [mail(START, "bounced"), mail(START, "failed", "order_confirmation"), mail(START, "sent")]
    assert ruled("email_failures", mails, hours(2)).may == {}


def test_a5_needs_101_in_one_calendar_minute_of_one_store() -> None:
    def lines(count: int, store: str, at: datetime = START) -> list[Entry]:
        return [rejection(at + timedelta(milliseconds=i), store) for i in range(count)]

    assert ruled("rate_limit_spike", lines(100, "s-1") + lines(100, "s-2"), hours(1)).may == {}
    assert ruled("rate_limit_spike", lines(100, "s-1") + lines(1, "s-1", START + minutes(1)), hours(1)).may == {}
    ruling = ruled("rate_limit_spike", lines(101, "s-1"), hours(1))
    assert ruling.must_meet == {"s-1": [(ZERO + 0.1, ZERO + 3 * MINUTE)]}


@pytest.mark.parametrize(("at_risk", "true"), [(201, True), (200, False)])
def test_a6_is_true_above_20_percent_of_all_merchants(at_risk: int, true: bool) -> None:
    lines = [snapshot(START + hours(i), at_risk_cards=at_risk) for i in range(4)]
    assert bool(spans(ruled("high_churn", lines, hours(4)))) is true
    assert bool(spans(ruled("high_churn", lines, hours(4)), "may")) is true


@pytest.mark.parametrize(
    ("fields", "true"),
    [
        ({"new_cards_7d": 4}, True),
        ({"new_cards_7d": 5}, False),
        ({"new_cards_7d": 0, "program_active_days": 6}, False),
        ({"new_cards_7d": 0, "program_active_days": 7}, True),
        ({"new_cards_7d": 0, "program_active": False}, False),
    ],
)
def test_a7_judges_active_programs_of_7_days(fields: dict[str, Any], true: bool) -> None:
    lines = [snapshot(START + hours(i), **fields) for i in range(4)]
    assert bool(spans(ruled("low_enrollment", lines, hours(4)), label="m-1")) is true
    assert bool(spans(ruled("low_enrollment", lines, hours(4)), "may", "m-1")) is true


def test_a8_is_true_after_90_minutes_and_opens_by_the_95th() -> None:
    ruling = ruled("telemetry_silent", [freshness(START + hours(1), START)], hours(4))
    assert spans(ruling) == [(155, 240)]
    assert spans(ruling, "may") == [(pytest.approx(30, abs=0.1), 62), (150, 242)]


@pytest.mark.parametrize(("late", "disagrees"), [(0.0, True), (1.0, False)])
def test_a8_takes_a_report_for_none_until_its_minute_has_ended_and_it_has_arrived(late: float, disagrees: bool) -> None:
    """The second report is 89.5 minutes after the first; a second late, it is not there at the end of its minute."""
    first, second = START + timedelta(hours=1, seconds=30), START + timedelta(hours=2, minutes=30)
    entries = [freshness(first, START), freshness(second, START)]
    # The evaluation at the end of the second report's minute opens it, the next one closes it.
    opened = (first + minutes(90)).timestamp() + 30
    ruling = judge("telemetry_silent", entries, ZERO, (START + hours(4)).timestamp(), late)
    found = disagreements(ruling, [("", opened, opened + MINUTE)])
    assert any("which it may not" in one for one in found) is disagrees


@pytest.mark.parametrize(
    "flaw",
    [
        {"labels": {"python_logger": "app.modules.orders.rate_limiter"}},
        {"labels": {"python_logger": "app.modules.loyalty.rate_limiter_test"}},
        {"severity": "INFO"},
        {"resource": {"type": "gce_instance", "labels": {}}},
        {"jsonPayload": {"event": "rate_limit_exceeded", "store_id": 7, "status": 429}},
        {"jsonPayload": {"event": "rate_limit_exceeded", "store_id": "s-1", "status": True}},
        {"jsonPayload": {"event": "rate_limit_exceeded", "store_id": "s-1"}},
    ],
)
def test_an_entry_that_breaks_the_contract_is_no_event(flaw: dict[str, Any]) -> None:
    good = rejection(START, "s-1")
    assert len(events([good])) == 1
    assert events([{**good, **flaw}]) == []


def test_disagreements_say_what_is_wrong() -> None:
    ruling = Ruling(may={"": [(0, 2 * HOUR)]}, must={"": [(120, HOUR)]}, must_meet={"s-1": [(0, 60)]})
    assert disagreements(ruling, [("", 60, HOUR)]) != []  # s-1 is missing
    ruling = Ruling(may={"": [(0, 2 * HOUR)]}, must={"": [(120, HOUR)]})
    assert disagreements(ruling, [("", 60, HOUR)]) == []
    assert "may not" in disagreements(ruling, [("", 60, 3 * HOUR)])[0]
    assert "must be open" in disagreements(ruling, [("", 180, HOUR)])[0]
    assert "must be open" in disagreements(ruling, [])[0]
    assert datetime(2026, 11, 2, tzinfo=UTC) == START
