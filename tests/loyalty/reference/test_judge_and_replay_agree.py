"""The judge and the replay agree on every incident of histories and arrivals that Hypothesis draws.

Histories are laid one after the other on one time axis, so that one database and one Prometheus serve a whole batch.
The same histories are compared in every run; `JUDGE_BATCHES=50 pytest tests/loyalty/reference` draws others, and
many more of them.
"""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, Verbosity, given, settings
from hypothesis import strategies as st

from loyalty_monitoring.proof.alerts.arrivals import longest, received_late
from loyalty_monitoring.proof.alerts.shared_replay import SharedReplay, Trial, Variant, incidents_of, shared_replay
from loyalty_monitoring.proof.mutants.policies import policy_mutants
from loyalty_monitoring.replay.arrival import Arrival, EntryDelay, RandomDelay, SameDelay
from loyalty_monitoring.replay.incidents import CLOSINGS, closing_delay
from loyalty_monitoring.replay.result import Incident
from tests.conftest import our_definitions
from tests.loyalty.reference.events import events
from tests.loyalty.reference.histories import History, entries, histories
from tests.loyalty.reference.judge import ALERTS, disagreements, judge, judge_events

DEFINITIONS = our_definitions()
VARIANTS = {policy.name: Variant(policy, DEFINITIONS.log_metrics) for policy in DEFINITIONS.alert_policies}
# Alerts that have a reference; a new one has none until somebody writes it, and one that is gone needs none.
JUDGED = [alert for alert in ALERTS if alert in VARIANTS]
BATCH = 30
BATCHES = os.environ.get("JUDGE_BATCHES")
# A slip at the boundary of each sentence, as `policy_mutants` names it.
SLIPS = {
    "expiration_task_stale": "> (2) -> >=",
    "google_wallet_down": "0.5 (2) -> 0.495",
    "wallet_sync_failures": "> (1) -> >=",
    "email_failures": "> (1) -> >=",
    "rate_limit_spike": "> (1) -> >=",
    "high_churn": "> (3) -> >=",
    "low_enrollment": "< (1) -> <=",
    "telemetry_silent": "0 (1) -> 1",
}
ALLOWANCE = 600
ARRIVALS = st.one_of(
    st.sampled_from([SameDelay(30), SameDelay(60), SameDelay(120), SameDelay(240), SameDelay(600), EntryDelay()]),
    st.builds(RandomDelay, st.just(ALLOWANCE), st.integers(0, 1000)),
)
_FIRST_DAY = datetime(2026, 1, 2, tzinfo=UTC)
_APART = timedelta(hours=30)  # no query looks back that far


def _placed(batch: list[History]) -> Iterator[tuple[History, datetime]]:
    day = _FIRST_DAY
    for history in batch:
        start = day + timedelta(seconds=history.starts)
        yield history, start
        longest = max([history.length, *(after for after, _, _ in history.lines)])
        day = (start + timedelta(seconds=longest) + _APART + timedelta(days=1)).replace(
            hour=0, minute=0, second=0, microsecond=0
        )


def _trial(history: History, start: datetime, variant: Variant | None = None) -> Trial:
    end = (start + timedelta(seconds=history.length)).replace(second=0, microsecond=0)
    return Trial(variant or VARIANTS[history.alert], start, end)


def _compare(shared: SharedReplay, history: History, trial: Trial, arrivals: Sequence[Arrival]) -> list[str]:
    """Where the judge disagrees, at once and under each arrival, with both readings of closing."""
    said = []
    interval = trial.variant.policy.evaluation_interval_seconds
    full = shared.answers(trial)
    seen = events(entries(history, trial.start.timestamp()))
    found = [(None, full), *((one, shared.late_answers(trial, number, full)) for number, one in enumerate(arrivals))]
    for arrival, answers in found:
        late = 0.0 if arrival is None else longest(arrival, ALLOWANCE).total_seconds()
        for closing in CLOSINGS:
            rest = float(closing_delay(interval, closing) - interval)
            opened = [_as_judged(incident, trial.end) for incident in incidents_of(trial, answers, closing)]
            start, end = trial.start.timestamp(), trial.end.timestamp()
            ruling = judge_events(history.alert, seen, start, end, late, rest)
            said += [f"{arrival or 'at once'}, {closing}: {one}" for one in disagreements(ruling, opened)]
    return said


def _as_judged(incident: Incident, end: datetime) -> tuple[str, float, float]:
    label = next(iter(incident.labels.values()), "")
    return label, incident.opened.timestamp(), (incident.closed or end).timestamp()


def _told(history: History, start: datetime, said: list[str]) -> str:
    """Return what differs, and the history; lines that differ in their time alone are one."""
    start_at = f"{history.alert} from {start.isoformat()} ({start.timestamp():.0f}) for {history.length} s"
    times: dict[str, list[float]] = {}
    for after, payload, other in history.lines:
        times.setdefault(f"{payload} {other}", []).append(after)
    lines = [f"{min(at):>10} to {max(at):>10}, {len(at):>4} times: {what}" for what, at in times.items()]
    return "\n".join(
        [*said, f"The judge ({judge.__code__.co_filename}) says its own numbers, the document's.", start_at, *lines]
    )


@pytest.mark.parametrize("alert", JUDGED)
def test_the_judge_and_the_replay_agree_on_every_incident(alert: str) -> None:
    @settings(
        max_examples=int(BATCHES or 3),
        derandomize=BATCHES is None,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        # The history that disagrees is shown by itself: to make its batch smaller takes minutes and shows no more.
        phases=[Phase.generate],
        verbosity=Verbosity.quiet,
    )
    @given(st.lists(histories(alert), min_size=BATCH, max_size=BATCH), st.lists(ARRIVALS, min_size=2, max_size=2))
    def agree(batch: list[History], arrivals: list[Arrival]) -> None:
        placed = list(_placed(batch))
        lines = (entry for history, start in placed for entry in entries(history, start.timestamp()))
        trials = [_trial(history, start) for history, start in placed]
        with shared_replay(received_late(lines, ALLOWANCE), [VARIANTS[alert]], arrivals, trials) as shared:
            for (history, start), trial in zip(placed, trials, strict=True):
                said = _compare(shared, history, trial, arrivals)
                assert not said, _told(history, start, said)

    agree()


@pytest.mark.parametrize("alert", JUDGED)
def test_the_histories_find_a_definition_out_that_is_wrong(alert: str) -> None:
    """A judge that always agrees would be worthless."""
    (wrong,) = [one for one in policy_mutants(VARIANTS[alert].policy) if one.change == SLIPS[alert]]
    variant = Variant(wrong.policy, DEFINITIONS.log_metrics)
    noticed = []

    @settings(max_examples=6, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(histories(alert), min_size=BATCH, max_size=BATCH))
    def compare(batch: list[History]) -> None:
        if noticed:
            return
        placed = list(_placed(batch))
        lines = (entry for history, start in placed for entry in entries(history, start.timestamp()))
        with shared_replay(lines, [variant]) as shared:
            for history, start in placed:
                noticed.extend(_compare(shared, history, _trial(history, start, variant), ()))

    compare()
    assert noticed, wrong.change


# Each alert as it was while points were taken to arrive at once.
IMPATIENT: dict[str, Callable[[str], str]] = {
    "expiration_task_stale": lambda query: re.sub(r"clamp\(.*?time\(\)\n\)\n-", "time() -", query, flags=re.DOTALL),
    "google_wallet_down": lambda query: query.replace("] offset 10m)", "])"),
    "wallet_sync_failures": lambda query: query.replace(" offset 10m", ""),
    "rate_limit_spike": lambda query: query.replace("[15m:1m]", "[1m:1m]"),
    "high_churn": lambda query: query.replace(" offset 10m", ""),
    "low_enrollment": lambda query: query.replace(" offset 10m", ""),
}


def _report(at: float, success: float) -> tuple[float, dict[str, Any], dict[str, Any]]:
    fields = {"task": "loyalty.expire_points", "last_success_timestamp": {"after": success}}
    return at, {"event": "task_freshness", **fields}, {}


# What is drawn too seldom: the next report is logged and names a success, and the last one's turns 26 hours old before
# the next has arrived.
SELDOM_DRAWN = {
    "expiration_task_stale": [
        History(
            "expiration_task_stale",
            lines=(_report(600.0, 1620 - 26 * 3600), _report(1500.0, 1440), _report(2400.0, 1440)),
            starts=0,
            length=3600,
        )
    ]
}


@pytest.mark.parametrize("alert", [alert for alert in IMPATIENT if alert in VARIANTS])
def test_late_points_find_a_definition_out_that_does_not_wait(alert: str) -> None:
    policy = VARIANTS[alert].policy
    query = IMPATIENT[alert](policy.query)
    assert query != policy.query
    (condition,) = policy.body["conditions"]
    body = {**condition, "conditionPrometheusQueryLanguage": {**policy.condition, "query": query}}
    impatient = dataclasses.replace(policy, body={**policy.body, "conditions": [body]})
    variant = Variant(impatient, DEFINITIONS.log_metrics)
    noticed: list[str] = []

    def look(batch: list[History]) -> None:
        placed = list(_placed(batch))
        lines = (entry for history, start in placed for entry in entries(history, start.timestamp()))
        trials = [_trial(history, start, variant) for history, start in placed]
        arrivals = [RandomDelay(ALLOWANCE, 3), SameDelay(ALLOWANCE)]
        with shared_replay(lines, [variant], arrivals, trials) as shared:
            for (history, _), trial in zip(placed, trials, strict=True):
                noticed.extend(_compare(shared, history, trial, arrivals))

    @settings(max_examples=6, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(histories(alert), min_size=BATCH, max_size=BATCH))
    def compare(batch: list[History]) -> None:
        if all(one.startswith("at once") for one in noticed):
            look(batch)

    if alert in SELDOM_DRAWN:
        look(SELDOM_DRAWN[alert])
    compare()
    said = {
        when: {one.partition(": ")[2] for one in noticed if one.startswith("at once") is when} for when in (True, False)
    }
    assert said[False] - said[True], query
