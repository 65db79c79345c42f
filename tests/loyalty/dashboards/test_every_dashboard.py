"""All dashboards: nothing missing, nothing the API would refuse or drop, and every chart can be drawn."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from loyalty_monitoring.common.yaml_documents import load_yaml
from loyalty_monitoring.definitions.log_contract import Event, load_contract
from loyalty_monitoring.google_cloud.api_messages import check_dashboard, dropped_keys
from loyalty_monitoring.query_languages.logging_filter import parse_filter
from loyalty_monitoring.query_languages.promql.cloud_monitoring import COUNTER_FUNCTIONS, FUNCTIONS
from loyalty_monitoring.query_languages.promql.expressions import functions, matchers, parsed, selectors
from loyalty_monitoring.query_languages.promql.variables import chosen
from loyalty_monitoring.replay.prometheus import Prometheus
from tests.checks.contract.lines import healthy
from tests.conftest import ROOT
from tests.log_lines import START, Entry, entry, hours, minutes
from tests.loyalty.dashboards.conftest import LOG, NOW, serving
from tests.loyalty.dashboards.reading import (
    DASHBOARDS,
    DEFINITIONS,
    LABELS,
    SETTINGS,
    data_sets,
    queries,
    read_series,
    thresholds,
    variables_of,
    widgets,
)

CONTRACT = load_contract(ROOT / "log_events.yaml")
ROWS = load_yaml(ROOT / "coverage.yaml").data
# Alerts whose number is charted, and where. Of those that there are; a new one may have no line yet.
CHARTED = {
    "expiration_task_stale": "dashboards/task_health.yaml",
    "google_wallet_down": "dashboards/wallet_adoption.yaml",
    "wallet_sync_failures": "dashboards/wallet_adoption.yaml",
    "email_failures": "dashboards/email_delivery.yaml",
    "rate_limit_spike": "dashboards/overview.yaml",
    "high_churn": "dashboards/overview.yaml",
    "low_enrollment": "dashboards/enrollment_funnel.yaml",
}

each_dashboard = pytest.mark.parametrize("name", DASHBOARDS)


# What the API takes


@each_dashboard
def test_the_api_takes_it_and_drops_no_key_of_it(name: str) -> None:
    check_dashboard(DASHBOARDS[name].body)
    assert dropped_keys("dashboard", DASHBOARDS[name].body) == []


@each_dashboard
def test_thresholds_carry_only_what_their_kind_of_widget_may(name: str) -> None:
    for widget in widgets(DASHBOARDS[name]):
        for line in widget.get("xyChart", {}).get("thresholds", []):
            assert not {"color", "direction"} & set(line)
        for line in widget.get("scorecard", {}).get("thresholds", []):
            assert "targetAxis" not in line
            assert {"color", "direction"} <= set(line)


@each_dashboard
def test_every_chart_has_a_title_a_unit_and_a_labelled_axis(name: str) -> None:
    for widget in widgets(DASHBOARDS[name]):
        assert widget["title"]
        assert all(data_set["unitOverride"] for data_set in data_sets(widget))
        if "xyChart" in widget:
            assert widget["xyChart"]["yAxis"]["label"]


# What Cloud Monitoring can evaluate


@each_dashboard
def test_a_chart_uses_only_functions_that_cloud_monitoring_has_and_counts_without_rate(name: str) -> None:
    for query in queries(DASHBOARDS[name]):
        assert functions(parsed(chosen(query))) <= FUNCTIONS - COUNTER_FUNCTIONS


@each_dashboard
def test_a_chart_reads_only_series_and_labels_that_our_metrics_write(name: str) -> None:
    for query in queries(DASHBOARDS[name]):
        for selector in read_series(query):
            assert selector.name in LABELS
            assert set(matchers(selector)) <= LABELS[selector.name] | {"monitored_resource"}


@each_dashboard
def test_a_chart_groups_by_labels_that_the_metric_has(name: str) -> None:
    for query in queries(DASHBOARDS[name]):
        known = set.intersection(*(LABELS[selector.name] for selector in read_series(query)))
        known |= {"le"} if "_bucket" in query else set()
        for labels in re.findall(r"\b(?:by|on) \(([^)]*)\)", query):
            assert set(re.split(r",\s*", labels)) <= known


@each_dashboard
def test_a_chart_names_the_monitored_resource_of_every_series(name: str) -> None:
    for query in queries(DASHBOARDS[name]):
        for selector in read_series(query):
            assert matchers(selector)["monitored_resource"] == SETTINGS.resource_type


@each_dashboard
def test_the_template_variables_it_declares_are_the_ones_it_uses(name: str) -> None:
    declared = DASHBOARDS[name].body.get("dashboardFilters", [])
    assert {variable["templateVariable"] for variable in declared} == variables_of(name)
    for variable in declared:
        assert (variable["filterType"], variable["labelKey"]) == ("METRIC_LABEL", variable["templateVariable"])


# What a title says of a chart's window, and that window.
WINDOWS = {"in 24 hours": "24h", "a day": "24h", "in 7 days": "7d", "per hour": "1h", "of the hour by": "1h"}
# The module counts these 7 days.
COUNTED_BY_THE_MODULE = "New cards in 7 days, 20 smallest merchants"


@each_dashboard
def test_a_chart_counts_over_the_window_that_its_title_says(name: str) -> None:
    for widget in widgets(DASHBOARDS[name]):
        said = {window for words, window in WINDOWS.items() if words in widget["title"]}
        if said and widget["title"] != COUNTED_BY_THE_MODULE:
            for data_set in data_sets(widget):
                assert set(re.findall(r"\[([^\]]+)\]", data_set["prometheusQuery"])) == said


def test_nothing_personal_is_grouped_by_or_selected() -> None:
    for dashboard in DASHBOARDS.values():
        for query in queries(dashboard):
            assert not re.search(r"card_id|recipient|customer|email_address|user_id", query)


@each_dashboard
def test_the_filter_of_a_logs_panel_is_valid(name: str) -> None:
    for widget in widgets(DASHBOARDS[name]):
        if "logsPanel" in widget:
            parse_filter(widget["logsPanel"]["filter"])


# Nothing missing


@pytest.mark.parametrize("metric", DEFINITIONS.log_metrics, ids=lambda metric: metric.name)
def test_every_metric_is_on_a_dashboard_or_in_an_alert(metric: Any) -> None:
    charted = {
        selector.name for dashboard in DASHBOARDS.values() for q in queries(dashboard) for selector in read_series(q)
    }
    alerted = {selector.name for policy in DEFINITIONS.alert_policies for selector in selectors(parsed(policy.query))}
    names = {name for name in LABELS if name.startswith(metric.promql_name)}
    assert names & (charted | alerted)


@pytest.mark.parametrize("row", [row for row in ROWS if row.startswith("L")])
def test_every_log_event_of_the_module_is_on_a_dashboard_that_names_its_row(row: str) -> None:
    metrics = [metric for metric in DEFINITIONS.log_metrics if row in metric.rows]
    assert metrics
    for metric in metrics:
        series = {name for name in LABELS if name.startswith(metric.promql_name)}
        showing = [
            dashboard
            for dashboard in DASHBOARDS.values()
            if row in dashboard.rows
            and any(s.name in series for query in queries(dashboard) for s in read_series(query))
        ]
        assert showing, metric.name


def test_workers_with_celery_s_default_logging_are_never_left_out() -> None:
    names = {metric.promql_name for metric in DEFINITIONS.log_metrics}
    twins = {name: f"{name}_text" for name in names if f"{name}_text" in names}
    for name, twin in twins.items():
        found = [
            {selector.name for selector in read_series(query)}
            for dashboard in DASHBOARDS.values()
            for query in queries(dashboard)
            if re.search(rf"{name}(?:_sum|_count|_bucket)?\{{", query)
        ]
        assert found
        for series in found:
            assert any(twin in one for one in series)


def test_every_line_comes_from_parameters_yaml() -> None:
    for dashboard in DASHBOARDS.values():
        for tile in load_yaml(dashboard.source).data["mosaicLayout"]["tiles"]:
            for line in thresholds(tile["widget"]):
                assert re.fullmatch("<<[a-z0-9_]+>>", line["value"])


def test_an_alert_s_threshold_is_a_line_where_its_number_is_charted() -> None:
    for policy in DEFINITIONS.alert_policies:
        file = ROOT / CHARTED.get(policy.name, "")
        if file.is_file():
            query = load_yaml(policy.source).data["conditions"][0]["conditionPrometheusQueryLanguage"]["query"]
            lines = [
                line["value"]
                for tile in load_yaml(file).data["mosaicLayout"]["tiles"]
                for line in tile["widget"].get("xyChart", {}).get("thresholds", [])
                if re.match(rf"{policy.name}\b", line["label"])
            ]
            assert lines, policy.name
            for value in lines:
                assert re.search(rf"[<>]\s*(?:bool\s*)?{value}", query), policy.name


# Every chart can be drawn


SAMPLES = {"string": "x-1", "count": 1, "rate": 0.5, "number": 1, "boolean": True}


def plain_entry(event_: Event) -> Entry:
    values = {field: kind[0] if isinstance(kind, tuple) else SAMPLES[kind] for field, kind in event_.fields.items()}
    payload = {"message": event_.message, "event": event_.name, **values}
    return entry(START, f"{CONTRACT.logger_root}.{event_.logger}", event_.severity, payload)


def of_every_event() -> Iterator[Entry]:
    """An entry of each event of the contract with each value that it names, whatever a new chart may count."""
    written = {str(one["jsonPayload"].get("event")) for one in healthy()}
    others = [plain_entry(event_) for name, event_ in CONTRACT.events.items() if name not in written]
    for one in [*healthy(), *others]:
        yield {**one, "timestamp": (NOW - minutes(5)).isoformat()}
        event_ = CONTRACT.events.get(str(one["jsonPayload"].get("event")))
        for field, kind in event_.fields.items() if event_ else ():
            for number, value in enumerate(kind if isinstance(kind, tuple) else ()):
                payload = {**one["jsonPayload"], field: value}
                for severity in ("INFO", "WARNING"):
                    at = NOW - minutes(6 + number)
                    yield {**one, "timestamp": at.isoformat(), "severity": severity, "jsonPayload": payload}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    with serving(tmp_path_factory.mktemp("dashboards"), [*LOG, *of_every_event()]) as prometheus:
        yield prometheus


@each_dashboard
def test_prometheus_evaluates_every_query_with_data_and_without(name: str, whole: Prometheus) -> None:
    with_data, without = int(NOW.timestamp()), int((START - hours(1000)).timestamp())
    for query in queries(DASHBOARDS[name]):
        assert whole.query_range(chosen(query), with_data, with_data, 60), query
        for series in whole.query_range(chosen(query), without, without, 60):
            # A count of nothing is 0; everything else shows nothing.
            assert (series.labels, series.samples[0][1]) == ({}, 0.0)
