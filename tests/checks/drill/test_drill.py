"""A drill from start to end against a project that answers over real sockets, and what it must never do."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.cloud.logging_v2.types import LogMetric
from google.cloud.monitoring_v3 import types as monitoring

from loyalty_monitoring.checks.drill import output
from loyalty_monitoring.checks.drill import project as asking
from loyalty_monitoring.checks.drill.evidence import DrillEvidence, DrillPlan
from loyalty_monitoring.checks.drill.planning import plan
from loyalty_monitoring.checks.drill.project import Access
from loyalty_monitoring.checks.drill.scenarios import LOG, load_scenarios
from loyalty_monitoring.checks.drill.watching import Drill
from loyalty_monitoring.common.errors import UserError
from loyalty_monitoring.definitions.load import load_definitions
from loyalty_monitoring.definitions.log_contract import load_contract
from loyalty_monitoring.definitions.settings import Settings, load_stack_settings
from tests.checks.drill.project import FakeClock, Scratch, scratch
from tests.checks.verify.server import fails, message
from tests.conftest import PROJECT, run

NOW = datetime(2026, 11, 23, 12, 0, 20, tzinfo=UTC)
SETTINGS = load_stack_settings(PROJECT, "example-scratch")
DEFINITIONS = load_definitions(PROJECT, SETTINGS)
SCENARIOS = load_scenarios(PROJECT / "drills.yaml", load_contract(PROJECT / "log_events.yaml"))
SPIKE = ["rate_limit_spike"]


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The project is played by this very process, which can be slow."""
    monkeypatch.setattr(asking, "_ONE_CALL", 300.0)


@contextmanager
def _served(folder: Path, timeout: float = 5400, **changes: Any) -> Iterator[tuple[Scratch, Access, FakeClock]]:
    clock = FakeClock(NOW)
    project = scratch(SETTINGS, DEFINITIONS, folder, clock)
    project.only = frozenset(["rate_limit_spike", "email_failures"])
    for name, value in changes.items():
        setattr(project, name, value)
    with project.served() as endpoint, project.alerts_served() as rest:
        yield project, Access(timeout, 60, endpoint, rest), clock


def _plan(access: Access, clock: FakeClock, alerts: list[str], settings: Settings = SETTINGS) -> DrillPlan:
    return plan(settings, DEFINITIONS, SCENARIOS, alerts, access, clock)


def _drilled(access: Access, clock: FakeClock, alerts: list[str]) -> DrillEvidence:
    return Drill(_plan(access, clock, alerts), access, clock).carry_out()


@dataclass(frozen=True)
class Drilled:
    evidence: DrillEvidence
    written: list[dict[str, Any]]


@pytest.fixture(scope="module")
def drilled(tmp_path_factory: pytest.TempPathFactory) -> Drilled:
    """A whole drill of two alerts, of which one ends by itself."""
    with pytest.MonkeyPatch.context() as patch, _served(tmp_path_factory.mktemp("drill")) as (project, access, clock):
        patch.setattr(asking, "_ONE_CALL", 300.0)
        return Drilled(_drilled(access, clock, ["rate_limit_spike", "email_failures"]), project.written)


def test_a_drill_measures_points_openings_and_closings_beside_the_replay(drilled: Drilled) -> None:
    evidence = drilled.evidence
    assert evidence.failures == ()
    assert evidence.is_complete
    told = output.as_object(evidence)
    assert all(180 <= point["late_s"] <= 240 for point in told["points"])
    by_policy = {one["policy"]: one for one in told["incidents"]}
    assert by_policy.keys() == {"rate_limit_spike", "email_failures"}
    for one in by_policy.values():
        assert 0 <= one["opened_later_s"] <= 300
        assert 0 <= one["closed_later_s"] <= 180 + 330
        assert one["closed_after_fault_s"] > 0
    spike = by_policy["rate_limit_spike"]
    assert spike["labels"] == {"store_id": evidence.drill}
    assert spike["project"]["labels"]["store_id"] == evidence.drill
    assert spike["project"]["value"] == spike["replay"]["value"]


def test_the_lines_that_end_the_fault_are_written_once_and_after_the_opening(drilled: Drilled) -> None:
    evidence = drilled.evidence
    opened = max(one.opened for one in evidence.incidents if one.opened)
    assert evidence.recovered is not None
    assert evidence.recovered >= opened
    assert evidence.lines == len(drilled.written)
    statuses = Counter(entry["jsonPayload"].get("status") for entry in drilled.written)
    assert statuses == {429: 150, "failed": 5, "sent": 800}


def test_every_line_is_marked_and_keeps_the_contract(drilled: Drilled) -> None:
    for entry in drilled.written:
        assert entry["jsonPayload"]["drill_id"] == drilled.evidence.drill
        assert entry["logName"] == f"projects/{SETTINGS.project}/logs/{LOG}"
        assert entry["labels"]["python_logger"].startswith("app.modules.loyalty.drill.")
    assert len({entry["insertId"] for entry in drilled.written}) == len(drilled.written)
    # What must be within one minute is.
    fault = {entry["timestamp"][:16] for entry in drilled.written if entry["jsonPayload"].get("status") == 429}
    assert len(fault) == 1


def test_the_evidence_is_a_dated_table_and_files_that_fired_reads(drilled: Drilled, tmp_path: Path) -> None:
    evidence = drilled.evidence
    text = output.evidence_as_text(evidence)
    assert text.splitlines()[0] == f"Drill {evidence.drill}, 2026-11-23, project loyalty-scratch, stack example-scratch"
    assert "2 of 2 incidents opened, 2 closed" in text.splitlines()[-1]
    files = output.write_evidence(evidence, tmp_path / "evidence")
    assert [file.name for file in files] == ["drill.json", "entries.jsonl", "alerts.json"]
    assert json.loads(files[0].read_text())["complete"] is True
    chosen = ["--policy", "rate_limit_spike", "--policy", "email_failures", "--fail-on-difference"]
    fired = run("fired", files[1], "--incidents", files[2], "--stack", "example-scratch", *chosen)
    assert (fired.returncode, fired.stderr) == (0, "")
    assert fired.stdout.splitlines()[-1] == "2 alike, 0 only in the replay, 0 only in what fired"


def test_an_alert_that_never_opens_ends_with_the_time_and_says_so(tmp_path: Path) -> None:
    with _served(tmp_path, timeout=1200, only=frozenset(["rate_limit_spike"])) as (project, access, clock):
        evidence = _drilled(access, clock, ["email_failures"])
    assert not evidence.is_complete
    assert clock.now() - NOW <= timedelta(seconds=1200)
    assert "0 of 1 incidents opened" in output.evidence_as_text(evidence)
    # What ends the fault was written all the same, at half time.
    assert evidence.recovered is not None
    assert timedelta(seconds=600) <= evidence.recovered - NOW <= timedelta(seconds=660)
    assert {entry["jsonPayload"]["status"] for entry in project.written} == {"failed", "sent"}


def test_looks_that_fail_are_told_once_and_the_drill_goes_on(tmp_path: Path) -> None:
    with _served(tmp_path) as (project, access, clock):
        planned = _plan(access, clock, SPIKE)
        project.fail["ListTimeSeries"] = fails(grpc.StatusCode.PERMISSION_DENIED, "no points for you")
        project.fail["ListLogEntries"] = fails(grpc.StatusCode.PERMISSION_DENIED, "no logs for you", times=3)
        evidence = Drill(planned, access, clock).carry_out()
    assert evidence.is_complete
    assert [failure.partition(":")[0] for failure in evidence.failures] == [
        "the violation logs cannot be read",
        "the points cannot be read",
    ]


def test_without_the_alerts_the_violation_logs_do(tmp_path: Path) -> None:
    with _served(tmp_path) as (project, access, clock):
        project.fail["alerts"] = lambda *_: None
        planned = _plan(access, clock, SPIKE)
        assert any("roles/monitoring.alertViewer" in one for one in planned.warnings)
        assert Drill(planned, access, clock).carry_out().is_complete


def test_the_plan_says_what_opens_and_who_is_told(tmp_path: Path) -> None:
    with _served(tmp_path) as (project, access, clock):
        other = monitoring.AlertPolicy()
        monitoring.AlertPolicy.pb(other).CopyFrom(monitoring.AlertPolicy.pb(project.alert_policies["rate_limit_spike"]))
        other.name, other.display_name = "projects/p/alertPolicies/1", "Somebody's"
        other.user_labels.clear()
        project.alert_policies["other"] = other
        planned = _plan(access, clock, ["high_churn"])
        assert [(one.policy, one.chosen) for one in planned.expected] == [
            ("high_churn", True),
            ("rate_limit_spike", False),
        ]
        text = output.plan_as_text(_plan(access, clock, SPIKE), 60)
        assert "  rate_limit_spike: Whoever drills (email)" in text
        assert "  Somebody's (not of this stack): Whoever drills (email)" in text
        assert "whoever-drills@example.com" not in text
        assert project.written == []


def _of_somebody(name: str, filter_text: str) -> Callable[[Scratch], None]:
    def change(project: Scratch) -> None:
        body = {"name": name, "filter": filter_text, "metricDescriptor": {"valueType": "INT64", "metricKind": "DELTA"}}
        project.log_metrics[name] = message(LogMetric, body)

    return change


def _log_match(filter_text: str) -> Callable[[Scratch], None]:
    def change(project: Scratch) -> None:
        body = {
            "name": "projects/p/alertPolicies/5",
            "displayName": "Warnings",
            "enabled": True,
            "conditions": [{"displayName": "w", "conditionMatchedLog": {"filter": filter_text}}],
        }
        project.alert_policies["theirs"] = message(monitoring.AlertPolicy, body)

    return change


def _spoiled(kind: str, name: str, **fields: Any) -> Callable[[Scratch], None]:
    def change(project: Scratch) -> None:
        resource = getattr(project, kind)
        if not fields:
            del resource[name]
        for key, value in fields.items():
            setattr(resource[name], key, value)

    return change


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            _of_somebody("loyalty/live/rejections", 'jsonPayload.event="rate_limit_exceeded"'),
            "would count 150 of",
        ),
        (_of_somebody("everything", ""), "everything of somebody else would count 150"),
        (_of_somebody("warnings", "severity>=WARNING"), "warnings of somebody else would count 150"),
        (_of_somebody("odd", 'proto("x") = 1'), "odd of somebody else would count the lines cannot be told"),
        (_log_match('jsonPayload.event="rate_limit_exceeded"'), "the log-match policy 'Warnings' of somebody else"),
        (_spoiled("log_metrics", "rate_limited_requests"), "rate_limited_requests is not there"),
        (_spoiled("log_metrics", "rate_limited_requests", disabled=True), "is disabled and would count nothing"),
        (
            _spoiled("log_metrics", "rate_limited_requests", filter="severity=INFO"),
            "another filter than its definition",
        ),
        (_spoiled("alert_policies", "rate_limit_spike"), "the alert policy rate_limit_spike is not there"),
        (_spoiled("alert_policies", "rate_limit_spike", enabled=False), "is disabled and would open nothing"),
    ],
)
def test_a_project_that_is_not_safe_or_not_ready_is_refused_and_nothing_is_written(
    tmp_path: Path, change: Callable[[Scratch], None], words: str
) -> None:
    with _served(tmp_path) as (project, access, clock):
        change(project)
        with pytest.raises(UserError, match="no line was written") as refused:
            _plan(access, clock, SPIKE)
        assert words in str(refused.value)
        assert project.count()["WriteLogEntries"] == 0


def test_metrics_of_others_that_do_not_count_the_lines_are_no_hindrance(tmp_path: Path) -> None:
    with _served(tmp_path) as (project, access, clock):
        _of_somebody("theirs", 'resource.type="gce_instance"')(project)
        _of_somebody("off", "severity>=WARNING")(project)
        project.log_metrics["off"].disabled = True
        _log_match("severity>=ERROR")(project)
        assert _plan(access, clock, SPIKE).expected


def test_a_stack_that_is_not_for_drills_is_refused_before_anything_is_asked(tmp_path: Path) -> None:
    with _served(tmp_path) as (project, access, clock):
        with pytest.raises(UserError, match="pulumi config set drill true"):
            _plan(access, clock, SPIKE, dataclasses.replace(SETTINGS, drill=False))
        assert project.asked == []


def test_an_alert_that_no_line_can_open_has_no_drill(tmp_path: Path) -> None:
    with _served(tmp_path) as (_, access, clock):
        with pytest.raises(UserError, match="there can be no drill of telemetry_silent"):
            _plan(access, clock, ["telemetry_silent"])
        with pytest.raises(UserError, match="did you mean 'rate_limit_spike'"):
            _plan(access, clock, ["rate_limit"])


def test_a_drill_under_way_and_an_alert_that_is_open_are_waited_for(tmp_path: Path) -> None:
    with _served(tmp_path) as (project, access, clock):
        first = Drill(_plan(access, clock, ["email_failures"]), access, clock)
        first._write_fault(clock.now() + timedelta(hours=1))
        clock.sleep(120)
        with pytest.raises(UserError, match="may be under way; wait until it has ended"):
            _plan(access, clock, SPIKE)
        clock.sleep(1500)
        with pytest.raises(UserError, match="email_failures has been open since 2026-11-23 12:") as refused:
            _plan(access, clock, ["email_failures"])
        assert "email_failures is true already, by the lines of an earlier drill" in str(refused.value)
        planned = _plan(access, clock, SPIKE)
        assert "5 lines of earlier drills still count" in planned.warnings[0]
        assert len(project.written) == 5


def test_a_plan_grows_old(tmp_path: Path) -> None:
    with _served(tmp_path) as (project, access, clock):
        planned = _plan(access, clock, SPIKE)
        clock.sleep(301)
        with pytest.raises(UserError, match="too long ago; run the drill again"):
            Drill(planned, access, clock).carry_out()
        assert project.written == []


def test_lines_that_cannot_be_written_are_an_error_that_says_how_many_were(tmp_path: Path) -> None:
    with _served(tmp_path) as (project, access, clock):
        planned = _plan(access, clock, SPIKE)
        project.fail["WriteLogEntries"] = fails(grpc.StatusCode.PERMISSION_DENIED, "no")
        with pytest.raises(UserError, match=r"roles/logging[.]logWriter") as raised:
            Drill(planned, access, clock).carry_out()
        assert "had written 0 of its 150 lines before" in str(raised.value)
        # A lost answer is not tried again: the lines would count twice.
        assert project.count()["WriteLogEntries"] == 1


def test_nobody_to_be_seen_by_is_a_refusal(tmp_path: Path) -> None:
    with _served(tmp_path) as (project, access, clock):
        project.fail["alerts"] = lambda *_: None

        def only_violations(asked: Any, context: Any) -> None:
            if "Violation" in asked.filter:
                context.abort(grpc.StatusCode.PERMISSION_DENIED, "no")

        project.fail["ListLogEntries"] = only_violations
        with pytest.raises(UserError, match="nothing would be seen of an incident"):
            _plan(access, clock, SPIKE)
