"""The sample through every definition, Prometheus included: silent while healthy, one incident for each fault."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

import pytest

from loyalty_monitoring.replay.result import ReplayResult
from loyalty_monitoring.replay.run import replay
from tests.conftest import ROOT, our_definitions
from tests.loyalty.samples.story import sample_story

# Policy, not before, closed by: day of November and time, UTC. All open on Saturday, the 7th.
EXPECTED = [
    ("expiration_task_stale", "07 05:00", "07 12:00"),
    ("low_enrollment", "07 07:20", "07 12:30"),
    ("wallet_sync_failures", "07 09:00", "07 13:15"),
    ("google_wallet_down", "07 10:00", "07 12:30"),
    ("email_failures", "07 13:00", "08 14:15"),
    ("telemetry_silent", "07 15:30", "07 16:40"),
    ("high_churn", "07 17:00", "07 22:15"),
    ("rate_limit_spike", "07 17:42", "07 18:10"),
    ("wallet_sync_failures", "07 19:00", "07 22:15"),
]
DEFINITIONS = our_definitions()
ALERTS = {policy.name for policy in DEFINITIONS.alert_policies}
# What the sample shows of the alerts that there are; a new alert may open in it too, and says so in its own cases.
OF_ALERTS = [one for one in EXPECTED if one[0] in ALERTS]
SHOWN = {policy for policy, _, _ in OF_ALERTS}


@pytest.fixture(scope="module")
def replayed() -> ReplayResult:
    return replay(DEFINITIONS, sorted((ROOT / "samples").glob("*.jsonl.gz")))


def _in_november(text: str) -> datetime:
    return datetime.strptime(f"2026-11-{text}+0000", "%Y-%m-%d %H:%M%z")


def test_every_entry_is_read(replayed: ReplayResult) -> None:
    assert replayed.entries_rejected == 0


def test_the_story_has_a_fault_for_each_expected_incident() -> None:
    opens = Counter(
        opens.policy for one in sample_story().faults for opens in one.fault.opens if opens.policy in ALERTS
    )
    assert opens == Counter(policy for policy, _, _ in OF_ALERTS)


def test_five_healthy_days_open_nothing_and_nothing_opens_after_the_faulty_one(replayed: ReplayResult) -> None:
    opened = {f"{incident.opened:%a %d}" for incident in replayed.incidents if incident.policy in SHOWN}
    assert opened == {"Sat 07"}


@pytest.mark.parametrize(("policy", "begin", "end"), OF_ALERTS)
def test_a_fault_opens_its_incident_and_its_end_closes_it(
    replayed: ReplayResult, policy: str, begin: str, end: str
) -> None:
    first, last = _in_november(begin), _in_november(end)
    (incident,) = [i for i in replayed.incidents if i.policy == policy and first <= i.opened <= last]
    assert incident.closed is not None
    assert incident.closed <= last


def test_there_is_no_other_incident(replayed: ReplayResult) -> None:
    of_shown = Counter(incident.policy for incident in replayed.incidents if incident.policy in SHOWN)
    assert of_shown == Counter(policy for policy, _, _ in OF_ALERTS)


def test_incidents_name_the_store_and_the_merchant(replayed: ReplayResult) -> None:
    labels = {incident.policy: incident.labels for incident in replayed.incidents}
    expected = {"rate_limit_spike": {"store_id": "s-1101"}, "low_enrollment": {"merchant_id": "m-18"}}
    for policy in expected.keys() & ALERTS:
        assert expected[policy].items() <= labels[policy].items()
