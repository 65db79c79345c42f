"""Pages from hostile logs and from dashboards of anybody: names stay text, every kind of widget is drawn or refused."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from loyalty_monitoring.report.build import report
from loyalty_monitoring.report.site import write_site
from loyalty_monitoring.report.sources import sources
from tests.conftest import PROJECT
from tests.log_lines import START, entry, event, freshness, hours, minutes, write
from tests.report.browser.conftest import Guard, drawn, opened
from tests.report.browser.test_accessibility import NARROW_DARK, WIDE_LIGHT, found

HOSTILE = "</script><img src=x onerror=\"document.title='taken'\"><b>&lt;'\u202e\u2028`${1+1}`"
RATE = 'logging_googleapis_com:user_loyalty_rate_limited_requests{monitored_resource="k8s_container", ${store_id}}'
STAMPS = 'logging_googleapis_com:user_loyalty_stamp_transactions_bucket{monitored_resource="k8s_container"}'


def query(promql: str = f"sum by (store_id) (sum_over_time({RATE}[1h]))", unit: str = "1") -> dict[str, Any]:
    return {"prometheusQuery": promql, "unitOverride": unit}


def xy(plot: str, **more: Any) -> dict[str, Any]:
    return {"title": plot, "xyChart": {"dataSets": [{"plotType": plot, "timeSeriesQuery": query(**more)}]}}


WIDGETS: list[dict[str, Any]] = [
    xy("LINE"),
    xy("STACKED_AREA"),
    xy("STACKED_BAR"),
    xy("HEATMAP", promql=f"sum by (le) (sum_over_time({STAMPS}[1h]))"),
    {
        "title": "two axes",
        "xyChart": {
            "dataSets": [
                {"targetAxis": "Y1", "legendTemplate": "in ${metric.labels.store_id}", "timeSeriesQuery": query()},
                {"targetAxis": "Y2", "timeSeriesQuery": query("vector(2048)", "By")},
            ],
            "yAxis": {"label": "requests", "scale": "LOG10"},
            "y2Axis": {"label": "size"},
            "thresholds": [{"label": "limit", "value": 100}],
        },
    },
    {
        "title": "gauge",
        "scorecard": {"timeSeriesQuery": query("vector(0.4)", "10^2.%"), "gaugeView": {"upperBound": 1}},
    },
    {
        "title": "red",
        "scorecard": {
            "timeSeriesQuery": query("vector(9000)", "ms"),
            "sparkChartView": {"sparkChartType": "SPARK_BAR"},
            "thresholds": [
                {"value": 1000, "color": "YELLOW", "direction": "ABOVE"},
                {"value": 5000, "color": "RED", "direction": "ABOVE"},
            ],
        },
    },
    {"title": "blank", "scorecard": {"timeSeriesQuery": query("vector(1536)", "By"), "blankView": {}}},
    {
        "title": "table",
        "timeSeriesTable": {"dataSets": [{"timeSeriesQuery": query()}], "metricVisualization": "NUMBER"},
    },
    {"title": "pie", "pieChart": {"chartType": "PIE", "showLabels": True, "dataSets": [{"timeSeriesQuery": query()}]}},
    {"title": "words", "text": {"format": "MARKDOWN", "content": f"**bold** {HOSTILE} [x](javascript:alert(1))"}},
    {"title": "raw", "text": {"format": "RAW", "content": f"*{HOSTILE}*"}},
    {"title": HOSTILE, "sectionHeader": {"subtitle": HOSTILE, "dividerBelow": True}},
    {"title": "alert", "alertChart": {"name": "projects/demo/alertPolicies/rate_limit_spike"}},
    {"title": "another alert", "alertChart": {"name": "projects/other/alertPolicies/1234"}},
    {"title": "incidents", "incidentList": {"policyNames": ["alertPolicies/rate_limit_spike", "alertPolicies/77"]}},
    {"title": "all incidents", "incidentList": {}},
    {"title": "logs", "logsPanel": {"filter": "severity >= WARNING"}},
    {"title": "wrong logs", "logsPanel": {"filter": "((("}},
    {"title": "errors", "errorReportingPanel": {"projectNames": ["projects/demo"]}},
    {"title": "mql", "xyChart": {"dataSets": [{"timeSeriesQuery": {"timeSeriesQueryLanguage": "fetch x"}}]}},
    {"title": "wrong", "scorecard": {"timeSeriesQuery": query("sum(")}},
    {"title": "empty", "xyChart": {}},
    {},
]
DASHBOARDS = {
    "grid": {"gridLayout": {"columns": "3", "widgets": WIDGETS}},
    "rows": {"rowLayout": {"rows": [{"widgets": WIDGETS[:2]}, {"widgets": WIDGETS[5:8]}]}},
    "columns": {"columnLayout": {"columns": [{"widgets": WIDGETS[:2]}, {"widgets": WIDGETS[5:8]}]}},
    "mosaic": {
        "mosaicLayout": {
            "columns": 12,
            "tiles": [
                {"width": 6, "height": 8, "widget": WIDGETS[0]},
                {
                    "yPos": 8,
                    "width": 12,
                    "height": 16,
                    "widget": {"title": "group", "collapsibleGroup": {"collapsed": True}},
                },
                {"yPos": 8, "width": 6, "height": 16, "widget": WIDGETS[1]},
                {"xPos": 6, "yPos": 8, "width": 6, "height": 16, "widget": WIDGETS[8]},
                {"yPos": 24, "width": 6, "height": 8, "widget": WIDGETS[7]},
            ],
        }
    },
    "nothing": {"gridLayout": {}},
    "shapes": {
        "gridLayout": {
            "widgets": [
                {"title": 5, "xyChart": {"dataSets": "none", "thresholds": 7}},
                {"scorecard": {"timeSeriesQuery": [], "thresholds": [{"value": "x"}]}},
                {"text": {"content": ["x"]}},
                {"pieChart": 1},
            ]
        }
    },
}


@pytest.fixture(scope="session")
def strange(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("strange")
    entries = [freshness(START + minutes(15 * number), START) for number in range(24)]
    for store, count in (("s-1", 120), (HOSTILE, 130)):
        entries += [
            event(
                "rate_limit_exceeded",
                START + hours(2) + timedelta(seconds=number / 3),
                severity="WARNING",
                store_id=store,
                status=429,
            )
            for number in range(count)
        ]
    entries.append(
        entry(START + hours(3), "app.modules.loyalty.x", "ERROR", {"message": HOSTILE, "nested": {"a": HOSTILE}})
    )
    entries += [
        event(
            "stamp_added",
            START + hours(3) + minutes(number),
            merchant_id="m-1",
            store_id="s-1",
            card_id="c-1",
            stamps=number,
        )
        for number in range(30)
    ]
    log = write(folder / "log.jsonl", sorted(entries, key=lambda one: one["timestamp"]))
    files = []
    for name, body in DASHBOARDS.items():
        filters = [{"labelKey": "store_id", "templateVariable": "store_id", "filterType": "METRIC_LABEL"}]
        files.append(folder / f"{name}.json")
        files[-1].write_text(json.dumps({"displayName": f"{name} {HOSTILE}", "dashboardFilters": filters, **body}))
    made_from = sources(PROJECT, "demo", files, {})
    only = tuple(one for one in made_from.definitions.dashboards if one.name in DASHBOARDS)
    made_from = dataclasses.replace(made_from, definitions=dataclasses.replace(made_from.definitions, dashboards=only))
    return write_site(report(made_from, [log]), folder / "site").parent


@pytest.fixture(scope="module")
def grid(browser: Browser, strange: Path) -> Iterator[Page]:
    """The page with every kind of widget, opened once."""
    context, guard = browser.new_context(viewport={"width": 1440, "height": 900}), Guard()
    guard.watch(context)
    yield opened(context.new_page(), strange / "dashboards" / "grid.html")
    context.close()
    assert guard.complaints == []


def tile(page: Page, title: str) -> Any:
    return page.locator(f'[data-title="{title}"]').first


@pytest.mark.parametrize("name", sorted(DASHBOARDS))
def test_hostile_names_are_text_and_do_nothing(page: Page, strange: Path, name: str) -> None:
    opened(page, strange / "dashboards" / f"{name}.html")
    assert page.title() != "taken"
    assert page.evaluate("document.querySelectorAll('img, b, iframe').length") == 0
    expect(page.locator("h1")).to_contain_text("<img src=x")


def test_hostile_names_are_text_on_the_other_pages(page: Page, strange: Path) -> None:
    for file in ("index.html", "policies/rate_limit_spike.html"):
        opened(page, strange / file)
        assert page.evaluate("document.querySelectorAll('img, b, iframe').length") == 0
        expect(page.locator("table.incidents").first).to_contain_text("<img src=x")


def test_a_hostile_store_can_be_chosen_and_a_tooltip_shows_its_name(page: Page, strange: Path) -> None:
    opened(page, strange / "dashboards" / "grid.html")
    page.get_by_label("store_id").select_option(index=1)
    drawn(page)
    assert page.evaluate("Object.values(loyalty.state().choice)")[0] in (HOSTILE, "s-1")
    chart = tile(page, "STACKED_AREA").locator(".canvas")
    box = chart.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + box["height"] / 2)
    expect(chart.locator(".tip bdi").first).to_be_visible()
    assert page.evaluate("document.querySelectorAll('img, b, iframe').length") == 0


@pytest.mark.parametrize("widget", [one for one in WIDGETS if one], ids=lambda one: next(iter(one.values()))[:15])
def test_every_kind_of_widget_is_drawn_or_says_why_not(grid: Page, widget: dict[str, Any]) -> None:
    place = grid.locator("[data-widget]").nth(WIDGETS.index(widget))
    refused = {
        "another alert": "not one of this project",
        "wrong logs": "",
        "errors": "errorReportingPanel is not drawn",
    }
    title = widget["title"]
    expect(place.locator(".refused")).to_have_count(1 if title in refused else 0)
    if title in refused:
        expect(place.locator(".refused")).to_contain_text(refused[title])
    said = {"mql": "MQL", "wrong": "Prometheus refuses", "empty": "No data", "incidents": "alertPolicies/77"}
    if title in said:
        expect(place).to_contain_text(said[title])
    shown = {"gauge": "40%", "red": "9 s", "blank": "1.5 KiB", "words": "bold", "raw": "*</script>"}
    if title in shown:
        expect(place).to_contain_text(shown[title])
    if title == "red":
        expect(place.locator(".body")).to_have_attribute("data-judged", "RED")
    if title == "HEATMAP":
        cells = place.locator(".canvas").evaluate(
            "one => echarts.getInstanceByDom(one).getOption().series[0].data.length"
        )
        assert cells > 3


def test_axe_finds_nothing_on_any_kind_of_widget(page: Page, strange: Path) -> None:
    opened(page, strange / "dashboards" / "grid.html")
    assert found(page, (WIDE_LIGHT, NARROW_DARK)) == []


def test_a_group_holds_the_tiles_that_its_rectangle_covers(page: Page, strange: Path) -> None:
    opened(page, strange / "dashboards" / "mosaic.html")
    group = page.locator("details.group")
    assert group.get_attribute("open") is None
    expect(group.locator("[data-widget]")).to_have_count(2)
    expect(page.locator("[data-widget]")).to_have_count(5)
    group.locator("summary").first.click()
    expect(group.locator(".canvas").first).to_be_visible()


@pytest.mark.parametrize(("name", "count"), [("rows", 5), ("columns", 5), ("grid", len(WIDGETS))])
def test_every_layout_places_every_widget_beside_the_others(page: Page, strange: Path, name: str, count: int) -> None:
    opened(page, strange / "dashboards" / f"{name}.html")
    boxes = page.locator("[data-widget]").evaluate_all(
        "all => all.map(one => one.getBoundingClientRect()).map(({x, y, width, height}) => ({x, y, width, height}))"
    )
    assert len(boxes) == count
    for number, one in enumerate(boxes):
        for other in boxes[number + 1 :]:
            apart = (
                one["x"] + one["width"] <= other["x"] + 1
                or other["x"] + other["width"] <= one["x"] + 1
                or one["y"] + one["height"] <= other["y"] + 1
                or other["y"] + other["height"] <= one["y"] + 1
            )
            assert apart, (one, other)
