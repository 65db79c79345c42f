"""The log contract becomes the filter of the metrics: an entry that breaks it does not count."""

from __future__ import annotations

from loyalty_monitoring.definitions.log_contract import celery_tasks_pattern, events_filter, load_contract
from tests.conftest import ROOT

CONTRACT = load_contract(ROOT / "log_events.yaml")


def test_the_filter_of_one_event_names_resource_logger_event_severity_and_fields() -> None:
    assert events_filter(CONTRACT, ("rate_limit_exceeded",), "k8s_container").splitlines() == [
        'resource.type = "k8s_container"',
        'AND labels.python_logger =~ "^app[.]modules[.]loyalty[.]([^.]+[.])*rate_limiter$"',
        'AND jsonPayload.event =~ "^rate_limit_exceeded$"',
        "AND severity = WARNING",
        'AND jsonPayload.store_id =~ ".*"',
        "AND jsonPayload.status >= 429",
        "AND jsonPayload.status = (429)",
    ]


def test_events_of_one_shape_share_a_group_and_others_are_alternatives() -> None:
    text = events_filter(CONTRACT, ("card_enrolled", "card_deactivated", "card_anonymized"), "k8s_container")
    assert text.count("labels.python_logger") == 2
    assert '"^(card_deactivated|card_anonymized)$"' in text


def test_celery_tasks_are_an_alternation_of_literal_names() -> None:
    assert celery_tasks_pattern(CONTRACT) == "loyalty[.]expire_points|loyalty[.]sync_wallet_passes"


def test_a_rate_is_a_number_from_0_to_1() -> None:
    lines = events_filter(CONTRACT, ("wallet_sync_completed",), "k8s_container").splitlines()
    assert lines[-2:] == ["AND jsonPayload.failure_rate >= 0", "AND jsonPayload.failure_rate <= 1"]


def test_only_adjusted_points_may_be_negative() -> None:
    for name in ("points_earned", "points_redeemed", "points_voided"):
        assert "jsonPayload.points < 0" not in events_filter(CONTRACT, (name,), "k8s_container")
    assert "jsonPayload.points < 0" in events_filter(CONTRACT, ("points_adjusted",), "k8s_container")
