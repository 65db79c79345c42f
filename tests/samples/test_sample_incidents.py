"""The sample through every definition, Prometheus included: silent while healthy, one incident for each fault."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from loyalty_monitoring.definitions import load_definitions
from loyalty_monitoring.replay.result import ReplayResult
from loyalty_monitoring.replay.run import replay
from loyalty_monitoring.settings import load_stack_settings
from samples.generate.faults import FAULTS, Opens
from samples.generate.story import START

ROOT = Path(__file__).parents[2]
EXPECTED = [opens for fault in FAULTS for opens in fault.opens]


@pytest.fixture(scope="module")
def replayed() -> ReplayResult:
    definitions = load_definitions(ROOT, load_stack_settings(ROOT, "demo"))
    return replay(definitions, sorted((ROOT / "samples").glob("*.jsonl.gz")))


def test_every_entry_is_read(replayed: ReplayResult) -> None:
    assert replayed.entries_rejected == 0


def test_five_healthy_days_open_nothing(replayed: ReplayResult) -> None:
    assert [i for i in replayed.incidents if i.opened < START + timedelta(days=5)] == []


def test_nothing_opens_after_the_faulty_day(replayed: ReplayResult) -> None:
    assert [i for i in replayed.incidents if i.opened >= START + timedelta(days=6)] == []


@pytest.mark.parametrize("opens", EXPECTED, ids=lambda opens: f"{opens.policy} at {opens.true_from}")
def test_a_fault_opens_its_incident_and_its_end_closes_it(replayed: ReplayResult, opens: Opens) -> None:
    begin, end = START + opens.true_from, START + opens.over_by
    (incident,) = [i for i in replayed.incidents if i.policy == opens.policy and begin <= i.opened <= end]
    assert incident.closed is not None
    assert incident.closed <= end


def test_there_is_no_other_incident(replayed: ReplayResult) -> None:
    assert Counter(i.policy for i in replayed.incidents) == Counter(opens.policy for opens in EXPECTED)


def test_incidents_name_the_store_and_the_merchant(replayed: ReplayResult) -> None:
    labels = {incident.policy: incident.labels for incident in replayed.incidents}
    assert labels["rate_limit_spike"]["store_id"] == "s-243"
    assert labels["low_enrollment"]["merchant_id"] == "m-18"
