"""The overview: alerts, the business health, and what everybody asks for first."""

from __future__ import annotations

from pathlib import Path

import pytest

from loyalty_monitoring.common.yaml_documents import load_yaml
from loyalty_monitoring.definitions.log_contract import load_contract
from loyalty_monitoring.replay.entries.match import matching_entries
from tests.conftest import ROOT
from tests.log_lines import write
from tests.loyalty.dashboards.conftest import celery_text
from tests.loyalty.dashboards.reading import DASHBOARDS, DEFINITIONS, SETTINGS, Shown, lines_over, widgets

PARAMETERS = load_yaml(ROOT / "parameters.yaml").data


def test_the_errors_on_the_overview_are_those_of_the_contract_s_logger() -> None:
    (panel,) = (widget["logsPanel"] for widget in widgets(DASHBOARDS["overview"]) if "logsPanel" in widget)
    root = load_contract(ROOT / "log_events.yaml").logger_root.replace(".", "[.]")
    assert f'"^{root}[.]"' in panel["filter"]


def test_what_celery_logs_for_information_is_no_error(tmp_path: Path) -> None:
    """Celery writes to standard error, which makes every line an ERROR; its text says what it is."""
    (panel,) = (widget["logsPanel"] for widget in widgets(DASHBOARDS["overview"]) if "logsPanel" in widget)
    task = load_contract(ROOT / "log_events.yaml").celery_tasks[0]
    said = [celery_text(f"Task {task}[a1] {outcome}") for outcome in ("succeeded in 8.0s: None", "raised: OSError()")]
    said[1]["textPayload"] = said[1]["textPayload"].replace("INFO/", "ERROR/")
    (shown,) = matching_entries(panel["filter"], [write(tmp_path / "log.jsonl", said)])
    assert b"raised" in shown


def test_the_overview_charts_and_lists_every_policy() -> None:
    overview = widgets(DASHBOARDS["overview"])
    names = {policy.name for policy in DEFINITIONS.alert_policies}
    charts = [widget["alertChart"]["name"] for widget in overview if "alertChart" in widget]
    assert sorted(charts) == sorted(f"projects/{SETTINGS.project}/alertPolicies/{name}" for name in names)
    (incidents,) = (widget["incidentList"] for widget in overview if "incidentList" in widget)
    assert sorted(incidents["policyNames"]) == sorted(f"alertPolicies/{name}" for name in names)


def test_the_overview_tells_each_policy_s_row_and_priority() -> None:
    titles = " ".join(widget["title"] for widget in widgets(DASHBOARDS["overview"]) if "alertChart" in widget)
    for policy in DEFINITIONS.alert_policies:
        assert any(f"({row}, {policy.priority}): {policy.name}" in titles for row in policy.rows), policy.name


def test_the_overview_names_every_other_dashboard() -> None:
    text = " ".join(widget["text"]["content"] for widget in widgets(DASHBOARDS["overview"]) if "text" in widget)
    for name, dashboard in DASHBOARDS.items():
        assert (dashboard.body["displayName"] in text) == (name != "overview")


def test_the_stamp_cards_that_reached_their_target_are_a_share_of_all(shown: Shown) -> None:
    assert shown("Stamp cards that reached their target") == {"": 200 / 800}


def test_the_retention_weighs_merchants_by_their_cards(shown: Shown) -> None:
    assert shown("Month-3 cohort that is retained") == {"": 0.6}


def test_the_cards_at_risk_are_shown_by_merchant(shown: Shown) -> None:
    assert shown("Active cards at risk, 20 highest merchants") == {"m-1": 0.1, "m-2": 0.5}


def test_cards_are_counted_by_what_became_of_them(shown: Shown) -> None:
    cards = shown("Cards enrolled, deactivated and anonymized a day")
    assert cards == {"card_enrolled": 15, "card_deactivated": 1}


def test_new_enrollments_are_counted_a_day_in_total_and_by_merchant(shown: Shown) -> None:
    assert shown("New enrollments a day") == {"": 15}
    assert shown("New enrollments a day, 20 largest merchants") == {"m-1": 15}
    assert shown("New enrollments a day", merchant_id="m-2") == {"": 0}


def test_points_redeemed_over_issued(shown: Shown) -> None:
    assert shown("Points redeemed over points issued in 7 days") == {"": 60 / 400}


def test_rejected_requests_are_counted_per_store_and_hour(shown: Shown) -> None:
    assert "M3" in DASHBOARDS["overview"].rows
    assert shown("Rejected requests per hour by store, 20 highest stores") == {"s-1": 50}


def test_rejected_requests_are_counted_in_the_worst_minute(shown: Shown) -> None:
    assert shown("Rejected requests in the worst 1 minute of the hour, 20 highest stores") == {"s-1": 30}


@pytest.mark.parametrize("target", [name for name in PARAMETERS if name.endswith("_target")])
def test_a_target_is_a_line_and_turns_a_scorecard_yellow(target: str) -> None:
    assert lines_over(target, "overview") == {"xyChart", "scorecard"}
    for widget in widgets(DASHBOARDS["overview"]):
        for line in widget.get("scorecard", {}).get("thresholds", []):
            assert (line["color"], line["direction"]) == ("YELLOW", "BELOW")
