"""The dashboards: nothing missing, nothing the API would refuse or drop, and every chart's number right."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from loyalty_monitoring.common.database import connect
from loyalty_monitoring.common.yaml_documents import load_yaml
from loyalty_monitoring.definitions.load import load_definitions
from loyalty_monitoring.definitions.log_contract import load_contract
from loyalty_monitoring.definitions.model import Dashboard
from loyalty_monitoring.definitions.settings import load_stack_settings
from loyalty_monitoring.google_cloud.api_messages import check_dashboard, dropped_keys
from loyalty_monitoring.query_languages.logging_filter import parse_filter
from loyalty_monitoring.query_languages.promql.cloud_monitoring import COUNTER_FUNCTIONS, FUNCTIONS
from loyalty_monitoring.query_languages.promql.expressions import functions, matchers, parsed, selectors
from loyalty_monitoring.query_languages.promql.variables import chosen, variables
from loyalty_monitoring.replay.entries.load import load_entries
from loyalty_monitoring.replay.metric_points import make_points, needed_fields
from loyalty_monitoring.replay.open_metrics import write_open_metrics
from loyalty_monitoring.replay.prometheus import Prometheus, prometheus_over
from tests.checks.contract.lines import healthy
from tests.conftest import ROOT
from tests.log_lines import (
    START,
    Entry,
    entry,
    event,
    freshness,
    hours,
    mail,
    minutes,
    rejection,
    snapshot,
    wallet_run,
    write,
)

SETTINGS = load_stack_settings(ROOT, "demo")
DEFINITIONS = load_definitions(ROOT, SETTINGS)
CONTRACT = load_contract(ROOT / "log_events.yaml")
DASHBOARDS = {dashboard.name: dashboard for dashboard in DEFINITIONS.dashboards}
# Labels that a series of the metric can be selected by.
LABELS = {
    metric.promql_name + suffix: {label["key"] for label in metric.body["metricDescriptor"].get("labels", [])}
    for metric in DEFINITIONS.log_metrics
    for suffix in (("_sum", "_count", "_bucket") if metric.is_distribution else ("",))
}

each_dashboard = pytest.mark.parametrize("name", DASHBOARDS)


def tiles(dashboard: Dashboard) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = dashboard.body["mosaicLayout"]["tiles"]
    return found


def widgets(dashboard: Dashboard) -> list[dict[str, Any]]:
    return [tile["widget"] for tile in tiles(dashboard)]


def data_sets(widget: dict[str, Any]) -> list[dict[str, Any]]:
    """The timeSeriesQuery objects of a widget."""
    if "scorecard" in widget:
        return [widget["scorecard"]["timeSeriesQuery"]]
    chart = widget.get("xyChart") or widget.get("timeSeriesTable") or widget.get("pieChart") or {"dataSets": []}
    return [data_set["timeSeriesQuery"] for data_set in chart["dataSets"]]


def queries(dashboard: Dashboard) -> Iterator[str]:
    for widget in widgets(dashboard):
        for data_set in data_sets(widget):
            yield data_set["prometheusQuery"]


def thresholds(widget: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        *widget.get("xyChart", {}).get("thresholds", []),
        *widget.get("scorecard", {}).get("thresholds", []),
    ]
    return found


def read_series(query: str) -> list[Any]:
    return selectors(parsed(chosen(query)))


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
    used = {variable for query in queries(DASHBOARDS[name]) for variable in variables(query)}
    assert {variable["templateVariable"] for variable in declared} == used
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


@pytest.mark.parametrize(
    ("dashboard", "row", "words"),
    [
        ("transaction_volume", "D2", "transactions per hour by store"),
        ("task_health", "D5", "Success rate in 24 hours"),
        ("task_health", "D5", "execution time in 24 hours"),
        ("enrollment_funnel", "M4", "New enrollments a day"),
        ("overview", "M3", "Rejected requests per hour by store"),
    ],
)
def test_a_row_is_shown_in_the_unit_of_time_that_it_asks_for(dashboard: str, row: str, words: str) -> None:
    assert row in DASHBOARDS[dashboard].rows
    assert any(words in widget["title"] for widget in widgets(DASHBOARDS[dashboard]))


def test_merchant_and_store_can_be_chosen() -> None:
    used = {
        name: {v for query in queries(dashboard) for v in variables(query)} for name, dashboard in DASHBOARDS.items()
    }
    assert used["enrollment_funnel"] == {"merchant_id"}
    assert used["transaction_volume"] == {"merchant_id", "store_id"}


def test_nothing_personal_is_grouped_by_or_selected() -> None:
    for dashboard in DASHBOARDS.values():
        for query in queries(dashboard):
            assert not re.search(r"card_id|recipient|customer|email_address|user_id", query)


@each_dashboard
def test_the_filter_of_a_logs_panel_is_valid(name: str) -> None:
    for widget in widgets(DASHBOARDS[name]):
        if "logsPanel" in widget:
            parse_filter(widget["logsPanel"]["filter"])


def test_the_errors_on_the_overview_are_those_of_the_contract_s_logger() -> None:
    (panel,) = (widget["logsPanel"] for widget in widgets(DASHBOARDS["overview"]) if "logsPanel" in widget)
    root = load_contract(ROOT / "log_events.yaml").logger_root.replace(".", "[.]")
    assert f'"^{root}[.]"' in panel["filter"]


# Nothing missing


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


@pytest.mark.parametrize("metric", DEFINITIONS.log_metrics, ids=lambda metric: metric.name)
def test_every_metric_is_on_a_dashboard_or_in_an_alert(metric: Any) -> None:
    charted = {
        selector.name for dashboard in DASHBOARDS.values() for q in queries(dashboard) for selector in read_series(q)
    }
    alerted = {selector.name for policy in DEFINITIONS.alert_policies for selector in selectors(parsed(policy.query))}
    names = {name for name in LABELS if name.startswith(metric.promql_name)}
    assert names & (charted | alerted)


@pytest.mark.parametrize("row", [f"L{i}" for i in range(1, 8)])
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


@pytest.mark.parametrize("metric", ["celery_task_successes", "celery_task_failures", "celery_task_runtime"])
def test_workers_with_celery_s_default_logging_are_never_left_out(metric: str) -> None:
    name, twin = f"user_loyalty_{metric}", f"user_loyalty_{metric}_text"
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


def lines_over(promised: str, *dashboards: str) -> set[tuple[str, str]]:
    """Dashboard and kind of widget of each line that stands for the parameter."""
    return {
        (name, kind)
        for name in dashboards
        for tile in load_yaml(DASHBOARDS[name].source).data["mosaicLayout"]["tiles"]
        for kind in ("xyChart", "scorecard")
        for line in tile["widget"].get(kind, {}).get("thresholds", [])
        if line["value"] == f"<<{promised}>>"
    }


def test_the_targets_of_m5_and_m7_are_lines_and_turn_scorecards_yellow() -> None:
    m5 = lines_over("points_redemption_target", "transaction_volume", "overview")
    assert m5 == {(name, kind) for name in ("transaction_volume", "overview") for kind in ("xyChart", "scorecard")}
    assert lines_over("retention_target", "overview") == {("overview", "xyChart"), ("overview", "scorecard")}
    for widget in widgets(DASHBOARDS["overview"]):
        for line in widget.get("scorecard", {}).get("thresholds", []):
            assert (line["color"], line["direction"]) == ("YELLOW", "BELOW")


@pytest.mark.parametrize(
    ("parameter", "dashboard"),
    [
        ("expiration_stale_after", "task_health"),
        ("wallet_outage_ratio", "wallet_adoption"),
        ("wallet_failure_ratio", "wallet_adoption"),
        ("email_failure_ratio", "email_delivery"),
        ("rate_limit_requests", "overview"),
        ("churn_ratio", "overview"),
        ("low_enrollment_cards", "enrollment_funnel"),
    ],
)
def test_an_alert_s_threshold_is_a_line_where_its_number_is_charted(parameter: str, dashboard: str) -> None:
    assert lines_over(parameter, dashboard) == {(dashboard, "xyChart")}


# Every number is right: log lines -> metrics -> the real Prometheus


NOW = START + hours(30)


def enrollment(step: str, count: int, merchant: str, at: datetime = NOW - hours(2)) -> list[Entry]:
    return [event(step, at, merchant_id=merchant, store_id="s-1", card_id="c-1") for _ in range(count)]


def points(action: str, value: float, merchant: str, store: str = "s-1") -> Entry:
    fields = {"merchant_id": merchant, "store_id": store, "card_id": "c-1", "points": value}
    return event(f"points_{action}", NOW - minutes(20), **fields)


def stamps(action: str, count: int, store: str, at: datetime = NOW - minutes(20)) -> list[Entry]:
    fields = {"merchant_id": "m-1", "store_id": store, "card_id": "c-1", "stamps": 2}
    return [event(f"stamp_{action}", at, **fields) for _ in range(count)]


def celery(text: str, at: datetime = NOW - hours(3)) -> Entry:
    return entry(at, "celery.app.trace", "INFO", {"message": text})


def celery_text(text: str, at: datetime = NOW - hours(3)) -> Entry:
    """The line of a worker whose logging was left at Celery's default."""
    line = entry(at, "", "ERROR", {})
    del line["jsonPayload"], line["labels"]
    return {**line, "textPayload": f"[2026-11-03 03:00:00,000: INFO/ForkPoolWorker-1] {text}"}


def card_sync(name: str, retries: int, severity: str) -> Entry:
    fields = {"platform": "google", "card_id": "c-1", "retry_count": retries}
    return event(name, NOW - minutes(20), severity=severity, **fields)


LOG: list[Entry] = [
    *enrollment("enrollment_page_viewed", 100, "m-1"),
    *enrollment("enrollment_form_started", 40, "m-1"),
    *enrollment("enrollment_submitted", 20, "m-1"),
    *enrollment("card_enrolled", 15, "m-1"),
    # Everybody leaves at the first step of this merchant.
    *enrollment("enrollment_page_viewed", 50, "m-2"),
    # Older than the windows.
    *enrollment("enrollment_page_viewed", 7, "m-1", NOW - hours(24) - minutes(1)),
    *enrollment("card_enrolled", 7, "m-1", NOW - hours(24) - minutes(1)),
    event("card_deactivated", NOW - hours(1), merchant_id="m-1", card_id="c-1"),
    points("earned", 100, "m-1"),
    points("earned", 100, "m-1", "s-2"),
    points("redeemed", 60, "m-1"),
    points("earned", 200, "m-2"),
    points("adjusted", -5, "m-1"),
    *stamps("added", 3, "s-1"),
    *stamps("redeemed", 1, "s-1"),
    *stamps("added", 2, "s-2"),
    *stamps("added", 9, "s-2", NOW - minutes(61)),
    *[mail(NOW - hours(2), status) for status in ["sent"] * 10 + ["delivered"] * 8 + ["opened"] * 4 + ["failed"] * 2],
    *[mail(NOW - hours(2), status, "loyalty_expiry") for status in ["failed"] * 3 + ["bounced"]],
    *[mail(NOW - hours(2), "sent", "loyalty_birthday") for _ in range(5)],
    event("email_queued", NOW - minutes(5), template_code="loyalty_welcome", recipient="a@example.com"),
    celery("Task loyalty.expire_points[a1] succeeded in 1.5s: None"),
    celery("Task loyalty.expire_points[a2] succeeded in 2.5s: None"),
    celery_text("Task loyalty.expire_points[a3] succeeded in 8.0s: None"),
    celery("Task loyalty.expire_points[a4] raised unexpected: ValueError('x')"),
    celery("Task loyalty.expire_points[a5] retry: Retry in 10s"),
    celery_text("Task loyalty.sync_wallet_passes[b1] raised unexpected: ValueError('x')"),
    freshness(NOW - minutes(20), NOW - hours(5)),
    freshness(NOW - minutes(5), NOW - hours(3)),
    event("expiration_chunk_processed", NOW - hours(3), cards=50, points=700),
    event("expiration_chunk_processed", NOW - hours(3), cards=30, points=100),
    # m-1 has three snapshots in the window, m-2 two: each weighs by its cards only.
    *[snapshot(NOW - minutes(at), "m-1", cohort_m3_cards=100, cohort_m3_retained=60) for at in (5, 60, 115)],
    *[
        snapshot(
            NOW - minutes(at),
            "m-2",
            active_cards=3000,
            at_risk_cards=1500,
            google_wallet_cards=0,
            apple_wallet_cards=900,
            cohort_m3_cards=0,
            cohort_m3_retained=0,
            stamp_cards=300,
            stamp_cards_completed=0,
            new_cards_7d=2,
        )
        for at in (30, 90)
    ],
    snapshot(NOW - minutes(30), "m-3", program_active=False, new_cards_7d=0, active_cards=0, at_risk_cards=0,
             google_wallet_cards=0, apple_wallet_cards=0, stamp_cards=0, stamp_cards_completed=0,
             cohort_m3_cards=0, cohort_m3_retained=0),
    wallet_run(NOW - minutes(65), 90, 100),
    wallet_run(NOW - minutes(5), 10, 100),
    wallet_run(NOW - minutes(5), 0, 300, "apple"),
    card_sync("card_sync_failed", 1, "WARNING"),
    card_sync("card_sync_failed", 2, "WARNING"),
    card_sync("card_sync_exhausted", 5, "ERROR"),
    *[rejection(NOW - minutes(40), "s-1") for _ in range(30)],
    *[rejection(NOW - minutes(10), "s-1") for _ in range(20)],
]  # fmt: skip


def of_every_event() -> Iterator[Entry]:
    """An entry of each event of the contract with each value that it names, whatever a new chart may count."""
    for one in healthy():
        yield {**one, "timestamp": (NOW - minutes(5)).isoformat()}
        event_ = CONTRACT.events.get(str(one["jsonPayload"].get("event")))
        for field, kind in event_.fields.items() if event_ else ():
            for number, value in enumerate(kind if isinstance(kind, tuple) else ()):
                payload = {**one["jsonPayload"], field: value}
                for severity in ("INFO", "WARNING"):
                    at = NOW - minutes(6 + number)
                    yield {**one, "timestamp": at.isoformat(), "severity": severity, "jsonPayload": payload}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    with _serving(tmp_path_factory.mktemp("dashboards"), LOG) as prometheus:
        yield prometheus


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    with _serving(tmp_path_factory.mktemp("dashboards"), [*LOG, *of_every_event()]) as prometheus:
        yield prometheus


@contextmanager
def _serving(folder: Path, log: list[Entry]) -> Iterator[Prometheus]:
    with connect() as con:
        load_entries(con, [write(folder / "log.jsonl", log)], needed_fields(DEFINITIONS.log_metrics), strict=True)
        make_points(con, DEFINITIONS.log_metrics, LABELS.keys())
        write_open_metrics(con, DEFINITIONS.log_metrics, LABELS.keys(), folder / "points.om")
    with prometheus_over(folder / "points.om") as prometheus:
        yield prometheus


def shown(
    server: Prometheus, dashboard: str, title: str, data_set: int = 0, at: datetime = NOW, **choice: str
) -> dict[str, float]:
    """What the widget shows at an instant: the values of the labels, joined, to the number."""
    (widget,) = (w for w in widgets(DASHBOARDS[dashboard]) if w["title"] == title and data_sets(w))
    query = chosen(data_sets(widget)[data_set]["prometheusQuery"], choice)
    second = int(at.timestamp())
    return {
        " ".join(value for _, value in sorted(series.labels.items())): pytest.approx(series.samples[0][1])
        for series in server.query_range(query, second, second, 60)
    }


@each_dashboard
def test_prometheus_evaluates_every_query_with_data_and_without(name: str, whole: Prometheus) -> None:
    with_data, without = int(NOW.timestamp()), int((START - hours(1000)).timestamp())
    for query in queries(DASHBOARDS[name]):
        assert whole.query_range(chosen(query), with_data, with_data, 60), query
        for series in whole.query_range(chosen(query), without, without, 60):
            # A count of nothing is 0; everything else shows nothing.
            assert (series.labels, series.samples[0][1]) == ({}, 0.0)


def test_the_funnel_counts_each_step(server: Prometheus) -> None:
    steps = ("Pages viewed", "Forms started", "Forms submitted", "Cards enrolled")
    counts = [shown(server, "enrollment_funnel", f"{step} in 24 hours")[""] for step in steps]
    assert counts == [150, 40, 20, 15]


def test_the_funnel_shows_what_each_step_lost(server: Prometheus) -> None:
    titles = (
        "Drop-off from page view to form start in 24 hours",
        "Drop-off from form start to submission in 24 hours",
        "Drop-off from submission to card in 24 hours",
        "Drop-off from page view to card in 24 hours",
    )
    assert [shown(server, "enrollment_funnel", t, merchant_id="m-1")[""] for t in titles] == [0.6, 0.5, 0.25, 0.85]
    title = "Drop-off at each step in 24 hours"
    over_time = [shown(server, "enrollment_funnel", title, i, merchant_id="m-1")[""] for i in range(3)]
    assert over_time == [0.6, 0.5, 0.25]


def test_a_step_that_nobody_reached_is_a_drop_off_of_all_and_the_steps_after_it_have_none(server: Prometheus) -> None:
    lost = shown(server, "enrollment_funnel", "Drop-off from page view to form start in 24 hours", merchant_id="m-2")
    assert lost == {"": 1}
    assert (
        shown(server, "enrollment_funnel", "Drop-off from form start to submission in 24 hours", merchant_id="m-2")
        == {}
    )
    assert shown(server, "enrollment_funnel", "Forms started in 24 hours", merchant_id="m-2") == {"": 0}


def test_the_funnel_is_shown_by_merchant(server: Prometheus) -> None:
    by_step = shown(server, "enrollment_funnel", "Steps of the funnel by merchant in 24 hours")
    assert by_step["m-1 form_started"] == 40
    assert by_step["m-2 page_viewed"] == 50
    lost = shown(server, "enrollment_funnel", "Merchants with the largest drop-off from page view to card in 24 hours")
    assert lost == {"m-1": 0.85, "m-2": 1}


def test_new_enrollments_are_counted_a_day_in_total_and_by_merchant(server: Prometheus) -> None:
    for dashboard in ("enrollment_funnel", "overview"):
        assert shown(server, dashboard, "New enrollments a day") == {"": 15}
        assert shown(server, dashboard, "New enrollments a day, 20 largest merchants") == {"m-1": 15}
        assert shown(server, dashboard, "New enrollments a day", merchant_id="m-2") == {"": 0}


def test_new_cards_of_7_days_leave_out_the_merchants_that_the_alert_leaves_out(server: Prometheus) -> None:
    assert shown(server, "enrollment_funnel", "New cards in 7 days, 20 smallest merchants") == {"m-1": 50, "m-2": 2}


def test_transactions_are_counted_by_store_and_hour(server: Prometheus) -> None:
    stamps_of = "Stamp transactions per hour by store, 20 busiest stores"
    assert shown(server, "transaction_volume", stamps_of) == {"s-1": 4, "s-2": 2}
    assert shown(server, "transaction_volume", stamps_of, store_id="s-2") == {"s-2": 2}
    points_of = "Points transactions per hour by store, 20 busiest stores"
    assert shown(server, "transaction_volume", points_of) == {"s-1": 4, "s-2": 1}
    assert shown(server, "transaction_volume", points_of, merchant_id="m-2") == {"s-1": 1}


def test_stamps_and_points_are_summed_by_action(server: Prometheus) -> None:
    assert shown(server, "transaction_volume", "Stamps per hour by action") == {"added": 10, "redeemed": 2}
    moved = shown(server, "transaction_volume", "Points per hour by action")
    assert moved == {"earned": 400, "redeemed": 60, "adjusted": -5}


def test_points_redeemed_over_issued(server: Prometheus) -> None:
    for dashboard in ("transaction_volume", "overview"):
        title = "Points redeemed over points issued in 7 days"
        (query,) = {data_sets(w)[0]["prometheusQuery"] for w in widgets(DASHBOARDS[dashboard]) if w["title"] == title}
        second = int(NOW.timestamp())
        (total,) = server.query_range(chosen(query), second, second, 60)
        assert total.samples[0][1] == pytest.approx(60 / 400)
    by_merchant = "Points redeemed over points issued in 7 days, 20 lowest merchants"
    assert shown(server, "transaction_volume", by_merchant) == {"m-1": 0.3, "m-2": 0}


def test_wallet_adoption_is_the_share_of_the_active_cards_however_many_snapshots_came(server: Prometheus) -> None:
    assert shown(server, "wallet_adoption", "Cards with a Google Wallet pass") == {"": 400 / 4000}
    assert shown(server, "wallet_adoption", "Cards with an Apple Wallet pass") == {"": 1200 / 4000}
    assert shown(server, "wallet_adoption", "Cards with a Google Wallet pass", merchant_id="m-1") == {"": 0.4}
    by_merchant = shown(server, "wallet_adoption", "Share of cards with a Google Wallet pass, 20 lowest merchants")
    assert by_merchant == {"m-1": 0.4, "m-2": 0}


def test_a_wallet_run_s_share_of_failed_cards(server: Prometheus) -> None:
    last = "Share of failed cards in the last run by platform"
    assert shown(server, "wallet_adoption", last) == {"google": 0.1, "apple": 0}
    assert shown(server, "wallet_adoption", last, at=NOW - minutes(10)) == {"google": 0.9}
    assert shown(server, "wallet_adoption", "Share of failed cards in 70 minutes, all platforms") == {"": 100 / 500}
    assert shown(server, "wallet_adoption", "Cards synced by platform in 70 minutes") == {"google": 200, "apple": 300}


def test_failed_and_given_up_cards(server: Prometheus) -> None:
    assert shown(server, "wallet_adoption", "Failed attempts per hour by platform") == {"google": 2}
    retries = "Retries before a failed attempt, mean of the hour by platform"
    assert shown(server, "wallet_adoption", retries) == {"google": 1.5}
    assert shown(server, "wallet_adoption", "Cards given up per hour by platform") == {"google": 1}


def test_mail_is_followed_from_sent_to_clicked(server: Prometheus) -> None:
    counts = [
        shown(server, "email_delivery", f"E-mails {s} in 24 hours")[""]
        for s in ("sent", "delivered", "opened", "clicked")
    ]
    assert counts == [15, 8, 4, 0]
    delivered = shown(server, "email_delivery", "Delivered over sent by template in 24 hours")
    assert delivered == {"loyalty_welcome": 0.8, "loyalty_birthday": 0}
    assert shown(server, "email_delivery", "Opened over delivered by template in 24 hours") == {"loyalty_welcome": 0.5}
    assert shown(server, "email_delivery", "Clicked over opened by template in 24 hours") == {"loyalty_welcome": 0}


def test_a_template_that_only_failed_shows_so(server: Prometheus) -> None:
    failed = shown(server, "email_delivery", "Share of failed sends by template in 24 hours")
    assert failed == {"loyalty_welcome": 2 / 12, "loyalty_expiry": 1, "loyalty_birthday": 0}
    assert shown(server, "email_delivery", "Share of failed sends in 24 hours, all templates") == {"": 5 / 20}
    statuses = shown(server, "email_delivery", "Sent, failed and bounced in 24 hours")
    assert statuses == {"sent": 15, "failed": 5, "bounced": 1}


def test_both_kinds_of_celery_workers_count_even_with_the_same_labels(server: Prometheus) -> None:
    expire, sync = "loyalty.expire_points", "loyalty.sync_wallet_passes"
    assert shown(server, "task_health", "Success rate in 24 hours by task") == {expire: 0.75, sync: 0}
    assert shown(server, "task_health", "Successful runs in 24 hours by task") == {expire: 3}
    assert shown(server, "task_health", "Failed runs in 24 hours by task") == {expire: 1, sync: 1}
    assert shown(server, "task_health", "Mean execution time in 24 hours by task") == {expire: 4}
    (estimate,) = shown(server, "task_health", "Execution time in 24 hours by task, 95th percentile").values()
    # 8.0 s lies in the bucket from 4.096 s to 8.192 s.
    assert 4.096 <= estimate.expected <= 8.192


def test_freshness_is_the_newest_report_s(server: Prometheus) -> None:
    assert shown(server, "task_health", "Time since the last success by task") == {"loyalty.expire_points": 3 * 3600}
    assert shown(server, "task_health", "Freshness reports in 60 minutes") == {"": 2}


def test_the_chunks_of_the_point_expiration(server: Prometheus) -> None:
    assert shown(server, "task_health", "Chunks in 24 hours") == {"": 2}
    assert shown(server, "task_health", "Cards in the chunks of 24 hours") == {"": 80}
    assert shown(server, "task_health", "Points expired in 24 hours") == {"": 800}


def test_the_business_health_weighs_merchants_by_their_cards(server: Prometheus) -> None:
    completed = [w for w in widgets(DASHBOARDS["overview"]) if w["title"] == "Stamp cards that reached their target"]
    retained = [w for w in widgets(DASHBOARDS["overview"]) if w["title"] == "Month-3 cohort that is retained"]
    second = int(NOW.timestamp())
    for found, expected in ((completed, 200 / 800), (retained, 0.6)):
        assert len(found) == 2  # the scorecard and the chart
        for widget in found:
            (series,) = server.query_range(chosen(data_sets(widget)[0]["prometheusQuery"]), second, second, 60)
            assert series.samples[0][1] == pytest.approx(expected)
    risk = shown(server, "overview", "Active cards at risk, 20 highest merchants")
    assert risk == {"m-1": 0.1, "m-2": 0.5}
    cards = shown(server, "overview", "Cards enrolled, deactivated and anonymized a day")
    assert cards == {"card_enrolled": 15, "card_deactivated": 1}


def test_rejected_requests_are_counted_per_store_and_hour_and_in_the_worst_minute(server: Prometheus) -> None:
    per_hour = "Rejected requests per hour by store, 20 highest stores"
    assert shown(server, "overview", per_hour) == {"s-1": 50}
    worst = "Rejected requests in the worst 1 minute of the hour, 20 highest stores"
    assert shown(server, "overview", worst) == {"s-1": 30}
