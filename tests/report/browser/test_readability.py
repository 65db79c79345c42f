"""What makes the report easy to read: units, scales, legends, colours, ticks, order, and what is shaded or left out."""

from __future__ import annotations

import itertools
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.report.browser.conftest import changed, drawn, moved, opened

DAY = 86_400
NOVEMBER_2 = int(datetime(2026, 11, 2, tzinfo=UTC).timestamp())
OPTIONS = "one => echarts.getInstanceByDom(one).getOption()"
# What an axis really shows, once it is drawn: the texts of its ticks.
TICKS = """(one, kind) => {
    const chart = echarts.getInstanceByDom(one), axis = chart.getModel().getComponent(kind).axis;
    return axis.getViewLabels().map(label => label.formattedLabel);
}"""
# Each key of a legend in view: its name and its colour.
KEYS = """all => Object.fromEntries(all.map(one =>
    [one.title, getComputedStyle(one.querySelector('.mark')).color + one.querySelector('.mark').textContent]))"""


def canvas(page: Page, title: str) -> Any:
    return page.locator(f'[data-title="{title}"] .canvas')


def ticks(page: Page, title: str, axis: str) -> list[str]:
    found: list[str] = canvas(page, title).first.evaluate(TICKS, axis)
    return found


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (250_041.6, "s", "2 d 21 h 27 min"),
        (93_600, "s", "1 d 2 h"),
        (86_400, "s", "1 d"),
        (3_599.6, "s", "1 h"),
        (500, "s", "8 min 20 s"),
        (59.4, "s", "59.4 s"),
        (-90, "s", "-1 min 30 s"),
        (1_500, "ms", "1.5 s"),
        (0.4, "10^2.%", "40%"),
    ],
)
def test_time_is_said_in_whole_units(scripts: Page, value: float, unit: str, text: str) -> None:
    assert scripts.evaluate("([value, unit]) => loyalty.units.format(value, unit)", [value, unit]) == text


@pytest.mark.parametrize(
    ("title", "span", "unit", "step", "text"),
    [
        ("", 117_856, "s", 43_200, "12 h"),
        ("", 500, "s", 120, "2 min"),
        ("", 20 * DAY, "s", 7 * DAY, "7 d"),
        ("time in hours", 117_856, "s", 36_000, "10"),
        ("seconds", 500, "s", 100, "100"),
        ("minutes", 2_500_000, "ms", 600_000, "10"),
    ],
)
def test_an_axis_of_time_has_round_steps_in_the_unit_that_its_title_names(
    scripts: Page, title: str, span: int, unit: str, step: int, text: str
) -> None:
    found = scripts.evaluate(
        """([span, unit, title]) => {
            const {step, format} = loyalty.units.timeAxis(span, unit, title, 5);
            return [step, format(step)];
        }""",
        [span, unit, title],
    )
    assert found == [step, text]


def test_ticks_are_whole_hours_of_the_viewer_also_when_the_clocks_change(scripts: Page) -> None:
    """Berlin puts its clocks back on 25 October 2026 at 03:00: the day has 25 hours."""
    midnight = datetime(2026, 10, 24, 22, tzinfo=UTC).timestamp()
    range_ = {"from": midnight + 600, "to": midnight + 27 * 3_600}
    found = scripts.evaluate(
        "range => loyalty.time.ticks(range, 6).map(at => new Date(at).toTimeString().slice(0, 5))", range_
    )
    assert found == ["06:00", "12:00", "18:00", "00:00"]


def test_the_axes_of_a_dashboard_are_round(page: Page, site: Path) -> None:
    opened(page, site / "dashboards" / "cards.html")
    age = "Time since the last success by task"
    assert ticks(page, age, "yAxis") == ["0 s", "12 h", "1 d", "1 d 12 h"]
    for title in (age, "Tasks that reported in 24 hours"):
        days = ticks(page, title, "xAxis")
        assert len(days) >= 3
        assert all(re.fullmatch(r"[A-Z][a-z]{2} \d\d Nov|[A-Z][a-z]{2}, \d\d Nov", text) for text in days)
    assert ticks(page, "Tasks that reported in 24 hours", "yAxis") == ["0", "1"]
    percentile = page.locator('[data-title="Stamps of a transaction in 24 hours, 95th percentile"]')
    expect(percentile).to_contain_text("it moves in steps")
    # The first day looks back on days that no log has.
    (shade,) = canvas(page, age).evaluate(OPTIONS)["series"][-1]["markArea"]["data"]
    assert shade[0]["name"] == "no data before Mon 02 Nov"
    (shade,) = canvas(page, "Tasks that reported in 24 hours").evaluate(OPTIONS)["series"][-1]["markArea"]["data"]
    assert shade[1]["xAxis"] == (NOVEMBER_2 + DAY) * 1000
    moved(page, f"#from={NOVEMBER_2 + 2 * DAY}&to={NOVEMBER_2 + 3 * DAY}")
    assert canvas(page, "Tasks that reported in 24 hours").evaluate(OPTIONS)["series"][-1]["markArea"]["data"] == []


def test_an_alert_is_scaled_to_its_threshold_in_its_unit(page: Page, site: Path) -> None:
    """In silence the reports fall to 0, which is less than 1; otherwise there are 7 and more."""
    opened(page, site / "policies" / "telemetry_silent.html")
    chart = page.locator(".panel .canvas").first
    height = "one => [0, 1].map(at => echarts.getInstanceByDom(one).convertToPixel({yAxisIndex: 0}, at))"
    silent, threshold = chart.evaluate(height)
    expect(page.locator(".panel .scale").first).to_contain_text(re.compile(r"values reach \d"))
    page.locator(".panel .scale button").first.click()
    expect(page.locator(".panel .scale button").first).to_be_focused()  # last, when the chart is drawn
    silent_of_all, threshold_of_all = chart.evaluate(height)
    assert silent - threshold > 2 * (silent_of_all - threshold_of_all)
    opened(page, site / "policies" / "email_failures.html")
    assert "15%" in str(page.locator(".panel .canvas").first.evaluate(TICKS, "yAxis"))  # the incident is seen whole
    expect(page.locator(".panel .scale button").first).to_have_text("Scale to the threshold")
    expect(page.locator(".margin")).to_contain_text(re.compile(r"peak 1\d\.\d+%"))
    expect(page.locator(".margin")).to_contain_text("threshold 1%")


def test_at_night_an_alert_begins_with_what_opened_and_why(page: Page, site: Path) -> None:
    opened(page, site / "policies" / "rate_limit_spike.html")
    cells = page.locator("#incident-list td").all_inner_texts()
    assert cells[0] == "P1"
    assert "store_id=s-1101" in cells[1]
    assert cells[2:] == ["Sat 07 Nov 18:43", "Sat 07 Nov 19:04", "21 min", "160, above 100"]
    top = "all => all.map(one => one.getBoundingClientRect().top)"
    places = page.locator("#incidents, #compared, #runbook, #query, #cases").evaluate_all(top)
    assert places == sorted(places)
    assert places[0] < 450
    page.get_by_role("navigation", name="On this page").get_by_role("link", name="Runbook").click()
    expect(page.locator("#runbook")).to_be_in_viewport()
    blocks = page.locator(".runbook pre").count()
    assert page.get_by_role("button", name="Copy").count() == blocks > 0
    page.set_viewport_size({"width": 390, "height": 900})
    badge = page.locator(".sentence .badge").bounding_box()
    assert badge
    assert badge["height"] < 30  # P1 stands on one line
    cut = "all => all.filter(one => one.scrollWidth > one.clientWidth).map(one => one.textContent)"
    assert page.locator(".runbook pre").evaluate_all(cut) == []
    assert "opened: Sat 07 Nov 18:43" in page.locator("#incident-list").aria_snapshot().replace('": "', ": ")


def test_a_name_has_one_colour_on_all_pages_and_after_each_choice(page: Page, site: Path) -> None:
    found: dict[str, set[str]] = {}

    def look() -> None:
        for keys in page.locator(".legend").all():
            for name, colour in keys.locator("button[title]").evaluate_all(KEYS).items():
                found.setdefault(name, set()).add(colour)

    for name in ("dashboards/overview.html", "policies/rate_limit_spike.html", "dashboards/cards.html"):
        opened(page, site / name)
        charts = page.locator("[data-widget=xyChart], [data-widget=alertChart], [data-widget=panel]")
        assert charts.locator(".legend button[title]").count() >= charts.count()
        assert all(one.locator(".legend button[title]").count() for one in charts.all())
        look()
    page.get_by_label("merchant_id").select_option("m-13")
    drawn(page)
    look()
    merchants = {name: colours for name, colours in found.items() if re.fullmatch(r"[ms]-\d+", name)}
    assert len(merchants) > 20
    assert {name: colours for name, colours in merchants.items() if len(colours) > 1} == {}
    of_merchants = [next(iter(colours)) for name, colours in found.items() if name.startswith("m-")]
    assert len(set(of_merchants)) == len(of_merchants) == 10


def test_a_long_legend_shows_whole_rows_and_the_rest_when_asked(page: Page, site: Path) -> None:
    opened(page, site / "dashboards" / "cards.html")
    legend = page.locator(".legend").first
    inside = "one => [...one.querySelectorAll('button')].filter(key => key.offsetHeight).length"
    cut = "one => one.scrollHeight > one.clientHeight + 1 || one.offsetHeight > 48"
    shown = legend.evaluate(inside)
    assert not legend.evaluate(cut)
    legend.get_by_role("button", name=re.compile(r"^\d+ more$")).click()
    changed(page)  # the chart gives way
    assert legend.evaluate(inside) > shown
    tile = "one => { const tile = one.closest('.tile'); return tile.scrollHeight <= tile.clientHeight + 1; }"
    assert legend.evaluate(tile)


def test_lone_points_are_seen(page: Page, site: Path) -> None:
    opened(page, site / "dashboards" / "overview.html")
    sizes = canvas(page, "Rejected requests in the worst 1 minute of the hour, 20 highest stores").evaluate(
        """one => echarts.getInstanceByDom(one).getModel().getSeries().flatMap(series => {
            const data = series.getData();
            return [...Array(data.count()).keys()].filter(i => data.getItemVisual(i, 'symbol') === 'circle')
                .map(i => data.getItemVisual(i, 'symbolSize'));
        })"""
    )
    assert sizes
    assert min(sizes) >= 6


def test_the_lowest_come_first_and_closed_incidents_are_not_called_open(page: Page, site: Path) -> None:
    opened(page, site / "dashboards" / "cards.html")
    lowest = page.locator('[data-title="Active cards, 20 lowest merchants"]')
    expect(lowest.locator("th[aria-sort=ascending]")).to_contain_text("value")
    cards = [int(text.replace(",", "")) for text in lowest.locator("td.number").all_inner_texts()]
    assert cards == sorted(cards)
    opened(page, site / "dashboards" / "overview.html")
    expect(page.get_by_role("navigation", name="Pages").get_by_role("link", name="Overview")).to_have_count(1)
    incidents = page.locator("[data-widget=incidentList]")
    expect(incidents.locator("tbody tr")).to_have_count(4)
    expect(incidents.locator("h2")).not_to_contain_text("pen")
    expect(incidents).not_to_contain_text("still open")


@pytest.mark.parametrize("width", [1400, 760, 600, 390, 320])
def test_the_days_below_the_incidents_do_not_stand_on_each_other(page: Page, site: Path, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    opened(page, site / "index.html")
    labels = page.locator("#timeline .ticks span").filter(has_text=re.compile(r"\w"))
    boxes = [box for one in labels.all() if (box := one.bounding_box())]
    assert boxes
    assert all(left["x"] + left["width"] <= right["x"] for left, right in itertools.pairwise(boxes))
    assert boxes[-1]["x"] + boxes[-1]["width"] <= width
