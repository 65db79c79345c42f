"""What the definitions make of a living system: silent while it is healthy, one incident for each fault that deserves
one, none for those that come close. The logs are the command's own, read back from its files."""

from __future__ import annotations

import json
import os
import re
import subprocess
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from loyalty_monitoring.definitions.contract_usage import selected_events
from loyalty_monitoring.definitions.log_contract import events_filter, load_contract
from loyalty_monitoring.proof.alerts.shared_replay import Trial, Variant, incidents_of, shared_replay
from loyalty_monitoring.replay.arrival import RandomDelay
from loyalty_monitoring.replay.entries.match import count_matches
from loyalty_monitoring.replay.result import Incident, ReplayResult
from loyalty_simulation.faults import FAULTS, Opens
from loyalty_simulation.output import write_file
from loyalty_simulation.story import START, Story, entries
from loyalty_simulation.timeline import Occurrence, parse_occurrence
from tests.conftest import PROGRAM, ROOT, our_definitions
from tests.loyalty.simulation.stories import replayed, simulated

DAYS = 30
SMALL = ("--days", str(DAYS), "--merchants", "4", "--stores", "4")

# Far enough apart that each meets a healthy system, and at odd times: at night, at the minute of a run, on weekends.
EACH_FAULT_ONCE = (
    "expiration_fails@T+12h",
    "expiration_retried@T+2d12h",
    "wallet_outage@T+3d13h30m",
    "one_bad_wallet_run@T+4d22h10m",
    "every_other_wallet_run_bad@T+5d15h",
    "apple_certificate@T+6d17h",
    "smtp_down@T+7d2h",
    "mail_bounces@T+9d1h",
    "request_flood@T+10d10h20m30s",
    "exactly_100_rejections@T+11d12h",
    "two_busy_stores@T+11d13h",
    "regulars_stay_away@T+12d23h30m",
    "public_holiday@T+13d12h",
    "enrollment_sign_removed@T+15d7h21m",
    "reporter_down@T+20d4h7m",
    "reporter_pauses@T+21d3h7m",
    "program_switched_off@T+21d6h",
    "apple_unreachable@T+22d2h",
    "other_modules_break@T+23d",
    "worker_restart@T+24d3h",
    "single_apple_failures@T+25d",
)
OCCURRENCES = [parse_occurrence(text) for text in EACH_FAULT_ONCE]
EXPECTED = [(one, opens) for one in OCCURRENCES for opens in one.fault.opens]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A healthy month and one with each fault. They are written side by side, since each takes a core for a while."""
    folder = tmp_path_factory.mktemp("months")
    command = [PROGRAM, "simulate", *SMALL]
    faults = [option for text in EACH_FAULT_ONCE for option in ("--fault", text)]
    arguments = {"healthy": ["--seed", "1"], "faulty": ["--seed", "2", *faults]}
    running = {
        name: subprocess.Popen([*command, *more, "--out", str(folder / f"{name}.jsonl")])
        for name, more in arguments.items()
    }
    assert [process.wait() for process in running.values()] == [0, 0]
    return {name: folder / f"{name}.jsonl" for name in running}


@pytest.fixture(scope="module", params=[None, RandomDelay(600, 7)], ids=["at once", "late by random"])
def months(files: dict[str, Path], request: pytest.FixtureRequest) -> dict[str, ReplayResult]:
    return {name: replayed(file, request.param) for name, file in files.items()}


def test_thirty_healthy_days_open_no_incident(months: dict[str, ReplayResult]) -> None:
    healthy = months["healthy"]
    assert healthy.incidents == ()
    assert healthy.window_to - healthy.window_from > timedelta(days=DAYS, hours=-1)


def test_a_healthy_month_has_lines_for_each_metric_of_what_is_simulated(
    months: dict[str, ReplayResult], files: dict[str, Path]
) -> None:
    metrics = our_definitions().log_metrics
    counted = selected_events(load_contract(ROOT / "log_events.yaml"), metrics, "k8s_container")
    text = files["healthy"].read_text()
    # Those of Celery count no event.
    logged = [one for one in metrics if not counted[one.name] or any(f'"{name}"' in text for name in counted[one.name])]
    unseen = {one.name for one in logged if not months["healthy"].metrics[one.api_name].matched}
    assert unseen <= {"celery_task_failures", "celery_task_failures_text"}


def test_the_month_has_each_fault_once() -> None:
    assert sorted(one.fault.name for one in OCCURRENCES) == sorted(fault.name for fault in FAULTS)


def test_the_alerts_that_faults_open_exist_and_a_dozen_faults_must_not_alert() -> None:
    policies = {policy.name for policy in our_definitions().alert_policies}
    assert {opens.policy for fault in FAULTS for opens in fault.opens} <= policies
    assert sum(not fault.opens for fault in FAULTS) >= 12


def _belongs(incident: Incident, one: Occurrence, opens: Opens) -> bool:
    begin = START + one.begins
    end = begin + one.lasts
    return (
        incident.policy == opens.policy
        and begin + opens.after <= incident.opened
        and incident.closed is not None
        and incident.closed <= end + opens.closed_by
    )


def test_a_month_with_each_fault_once_opens_exactly_the_expected_incidents(months: dict[str, ReplayResult]) -> None:
    left = list(months["faulty"].incidents)
    for one, opens in EXPECTED:
        (incident,) = [incident for incident in left if _belongs(incident, one, opens)]
        left.remove(incident)
    assert left == []


def test_the_first_two_hours_on_a_new_project_stay_silent_however_late_points_are(tmp_path: Path) -> None:
    """Each of many random arrivals of its own; FIRST_HOURS=200 tries as many."""
    definitions = our_definitions()
    story = Story(days=1, merchants=4, stores=4, new_project=True)
    end = story.start + timedelta(hours=2)
    write_file(tmp_path / "entries.jsonl", entries(story))
    every = map(json.loads, (tmp_path / "entries.jsonl").read_text().splitlines())
    first = [one for one in every if datetime.fromisoformat(one["timestamp"]) < end]
    arrivals = [RandomDelay(600, seed) for seed in range(int(os.environ.get("FIRST_HOURS", "20")))]
    variants = [Variant(policy, definitions.log_metrics) for policy in definitions.alert_policies]
    trials = [Trial(variant, story.start, end) for variant in variants]
    with shared_replay(first, variants, arrivals, trials) as shared:
        for trial in trials:
            full = shared.answers(trial)
            for number, arrival in enumerate(arrivals):
                answers = shared.late_answers(trial, number, full)
                assert incidents_of(trial, answers, "at-once") == [], (trial.variant.policy.name, arrival)


@pytest.mark.parametrize("month", ["healthy", "faulty"])
def test_every_event_of_the_module_keeps_the_log_contract(files: dict[str, Path], month: str) -> None:
    contract = load_contract(ROOT / "log_events.yaml")
    of_the_module = re.compile(rb'"python_logger":"app\.modules\.loyalty\.(?!card_service_test)')
    lines = files[month].read_bytes().splitlines()
    written = [json.loads(line)["jsonPayload"]["event"] for line in lines if of_the_module.search(line)]
    assert set(written) <= set(contract.events)
    definitions = our_definitions()
    queries = [policy.query for policy in definitions.alert_policies]
    read = [metric for metric in definitions.log_metrics if any(metric.promql_name in query for query in queries)]
    needed = selected_events(contract, read, "k8s_container").values()
    assert {event for events in needed for event in events} <= set(written), "what an alert reads is simulated"
    kept = events_filter(contract, tuple(contract.events), "k8s_container")
    assert count_matches(kept, [files[month]], strict=True) == len(written)


@pytest.mark.parametrize(
    "start", ["2026-11-02T00:00", "2026-11-05T02:59:30", "2026-11-07T10:04", "2026-11-03T23:59:59"]
)
def test_the_first_hours_on_a_new_project_stay_silent(tmp_path: Path, start: str) -> None:
    moment = datetime.fromisoformat(f"{start}+00:00")
    found = simulated(tmp_path, Story(days=1, merchants=4, stores=4, start=moment, new_project=True))
    assert found.incidents == ()
    assert max(metric.matched for metric in found.metrics.values()) > 90


def test_the_first_days_on_a_new_project_stay_silent_while_its_programs_come_of_age(tmp_path: Path) -> None:
    """After seven days programs are judged; the quietest has had its seven cards by then."""
    assert simulated(tmp_path, Story(days=9, merchants=4, stores=4, new_project=True)).incidents == ()
