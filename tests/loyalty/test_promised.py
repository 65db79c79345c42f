"""What others rely on: promised.yaml, and an event of each log row that some metric counts."""

from __future__ import annotations

from pathlib import Path

from loyalty_monitoring.common.yaml_documents import load_yaml
from loyalty_monitoring.definitions.contract_usage import selected_events
from loyalty_monitoring.definitions.log_contract import load_contract
from tests.conftest import ROOT, our_definitions

DEFINITIONS = our_definitions()
PROMISED = load_yaml(Path(__file__).with_name("promised.yaml")).data
POLICIES = {policy.name: policy for policy in DEFINITIONS.alert_policies}
METRICS = {metric.name: metric for metric in DEFINITIONS.log_metrics}


def test_each_promised_alert_is_there_with_its_row_and_its_priority() -> None:
    for name, promised in PROMISED["alerts"].items():
        assert promised["row"] in POLICIES[name].rows, name
        assert POLICIES[name].priority == promised["priority"], name


def test_each_promised_metric_is_there_with_its_labels() -> None:
    for name, labels in PROMISED["metrics"].items():
        assert METRICS[name].api_name == f"loyalty/{name}"
        assert {label["key"] for label in METRICS[name].body["metricDescriptor"]["labels"]} == set(labels)


def test_every_event_of_a_log_row_is_counted_by_a_metric() -> None:
    contract = load_contract(ROOT / "log_events.yaml")
    by_metric = selected_events(contract, DEFINITIONS.log_metrics, "k8s_container")
    counted = {event for events in by_metric.values() for event in events}
    asked = {name for name, event in contract.events.items() if any(row.startswith("L") for row in event.rows)}
    assert asked <= counted
