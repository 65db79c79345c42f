"""The judge and the replay agree on every incident of histories that Hypothesis draws.

Histories are laid one after the other on one time axis, so that one database and one Prometheus serve a whole batch.
The same histories are compared in every run; `JUDGE_BATCHES=50 pytest tests/loyalty/reference` draws others, ten
times as many.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loyalty_monitoring.definitions.load import load_definitions
from loyalty_monitoring.definitions.settings import load_stack_settings
from loyalty_monitoring.proof.alerts.shared_replay import Stage, Variant, stage_for
from loyalty_monitoring.proof.mutants.policies import policy_mutants
from loyalty_monitoring.replay.result import Incident
from tests.loyalty.reference.histories import History, entries, histories
from tests.loyalty.reference.judge import ALERTS, disagreements, judge
from tests.proof.conftest import ROOT

DEFINITIONS = load_definitions(ROOT, load_stack_settings(ROOT, "demo"))
VARIANTS = {policy.name: Variant(policy, DEFINITIONS.log_metrics) for policy in DEFINITIONS.alert_policies}
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


def _compare(stage: Stage, history: History, start: datetime, variant: Variant | None = None) -> list[str]:
    end = (start + timedelta(seconds=history.length)).replace(second=0, microsecond=0)
    found = stage.incidents(variant or VARIANTS[history.alert], start, end)
    opened = [_as_judged(incident, end) for incident in found]
    ruling = judge(history.alert, entries(history, start.timestamp()), start.timestamp(), end.timestamp())
    return disagreements(ruling, opened)


def _as_judged(incident: Incident, end: datetime) -> tuple[str, float, float]:
    label = next(iter(incident.labels.values()), "")
    return label, incident.opened.timestamp(), (incident.closed or end).timestamp()


def _told(history: History, start: datetime, said: list[str]) -> str:
    lines = [f"{after:>10} {payload} {other}" for after, payload, other in history.lines]
    start_at = f"{history.alert} from {start.isoformat()} ({start.timestamp():.0f}) for {history.length} s"
    return "\n".join([start_at, *lines, *said])


@pytest.mark.parametrize("alert", ALERTS)
def test_the_judge_and_the_replay_agree_on_every_incident(alert: str) -> None:
    @settings(
        max_examples=int(BATCHES or 5),
        derandomize=BATCHES is None,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(histories(alert), min_size=BATCH, max_size=BATCH))
    def agree(batch: list[History]) -> None:
        placed = list(_placed(batch))
        lines = (entry for history, start in placed for entry in entries(history, start.timestamp()))
        with stage_for(lines, [VARIANTS[alert]]) as stage:
            for history, start in placed:
                said = _compare(stage, history, start)
                assert not said, _told(history, start, said)

    agree()


@pytest.mark.parametrize("alert", ALERTS)
def test_the_histories_find_a_definition_out_that_is_wrong(alert: str) -> None:
    """A judge that always agrees would be worthless."""
    (wrong,) = [one for one in policy_mutants(VARIANTS[alert].policy) if one.change == SLIPS[alert]]
    variant = Variant(wrong.policy, DEFINITIONS.log_metrics)
    noticed = []

    @settings(max_examples=2, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(histories(alert), min_size=BATCH, max_size=BATCH))
    def compare(batch: list[History]) -> None:
        placed = list(_placed(batch))
        lines = (entry for history, start in placed for entry in entries(history, start.timestamp()))
        with stage_for(lines, [variant]) as stage:
            noticed.extend(said for history, start in placed for said in _compare(stage, history, start, variant))

    compare()
    assert noticed, wrong.change
