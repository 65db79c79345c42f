"""drills.yaml: each drill opens its alert by replay, and what ends the fault closes it within hours, not a day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from loyalty_monitoring.checks.drill.planning import lines_of
from loyalty_monitoring.checks.drill.replayed import expected_incidents
from loyalty_monitoring.checks.drill.safety import counted
from loyalty_monitoring.checks.drill.scenarios import load_scenarios
from loyalty_monitoring.common.errors import UserError
from loyalty_monitoring.definitions.load import load_definitions
from loyalty_monitoring.definitions.log_contract import events_filter, load_contract
from loyalty_monitoring.definitions.settings import load_stack_settings
from tests.conftest import ROOT

SETTINGS = load_stack_settings(ROOT, "example-scratch")
DEFINITIONS = load_definitions(ROOT, SETTINGS)
CONTRACT = load_contract(ROOT / "log_events.yaml")
SCENARIOS = load_scenarios(ROOT / "drills.yaml", CONTRACT)
NOW = datetime(2026, 11, 23, 23, 59, 59, 990_000, tzinfo=UTC)
# Most drills are over within 90 minutes; those of snapshots and wallet runs have longer windows.
OVER = timedelta(hours=8)


def test_every_alert_has_a_drill_or_a_reason_why_there_is_none() -> None:
    names = {policy.name for policy in DEFINITIONS.alert_policies}
    assert SCENARIOS.by_alert.keys() | SCENARIOS.not_drillable.keys() == names
    assert not SCENARIOS.by_alert.keys() & SCENARIOS.not_drillable.keys()


@pytest.mark.parametrize("alert", SCENARIOS.by_alert)
def test_a_drill_opens_its_alert_and_ends_it(alert: str) -> None:
    chosen = SCENARIOS.chosen([alert])
    lines = lines_of(chosen, "drill-1", NOW, SETTINGS)
    lines += lines_of(chosen, "drill-1", NOW + timedelta(minutes=40), SETTINGS, recovery=True)
    found = expected_incidents(DEFINITIONS, lines, NOW, [alert], SCENARIOS.not_drillable)
    (incident,) = [one for one in found if one.chosen]
    assert incident.policy == alert
    assert incident.opened <= NOW + timedelta(minutes=40)
    assert incident.closed is not None
    assert incident.closed <= NOW + OVER


def test_every_line_keeps_the_contract() -> None:
    chosen = SCENARIOS.chosen([])
    lines = lines_of(chosen, "drill-1", NOW, SETTINGS) + lines_of(chosen, "drill-1", NOW, SETTINGS, recovery=True)
    events = {str(line["jsonPayload"]["event"]) for line in lines}
    kept = counted({event: events_filter(CONTRACT, (event,), SETTINGS.resource_type) for event in events}, lines)
    assert sum(count for count in kept.values() if isinstance(count, int)) == len(lines)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("drills: {x: {fault: [{event: none, fields: {}}]}}", "unknown event 'none'"),
        (
            "drills: {x: {fault: [{event: card_enrolled, fields: {}}]}}",
            "needs the fields card_id, merchant_id",
        ),
        ("drills: {x: {fault: [{event: card_enrolled, fields: {}, at: soon}]}}", "how long before the drill's moment"),
        ("drills: {x: {fault: [{event: card_enrolled, fields: {}, count: 5001}]}}", "1 to 5000"),
        ("drills: {x: {faults: []}}", "unknown key 'faults'"),
    ],
)
def test_a_slip_in_the_file_is_one_error_with_its_place(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "drills.yaml"
    file.write_text(text)
    with pytest.raises(UserError, match=r"drills[.]yaml:1") as raised:
        load_scenarios(file, CONTRACT)
    assert words in str(raised.value)
