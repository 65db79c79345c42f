"""The report of the sample in a real browser, with the tests' own project: its numbers are those of the sample."""

from __future__ import annotations

import json
import re
import subprocess
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.conftest import PROGRAM, PROJECT, ROOT
from tests.report.browser.conftest import drawn, opened
from tests.report.browser.sample import counted_at

CHARTS = """() => [...document.querySelectorAll('.tile.xyChart .canvas')].map(place => {
    const option = echarts.getInstanceByDom(place).getOption();
    const [axis] = option.xAxis;
    const lines = option.series.filter(one => one.name !== 'frame');
    return {min: axis.min / 1000, max: axis.max / 1000, series: lines.length};
})"""
FOCUSED = """() => {
    const one = document.activeElement;
    return `${one.tagName}:${one.getAttribute('aria-label') || one.className || one.textContent.trim()}`;
}"""
POLICIES = sorted(path.stem for path in (PROJECT / "alert_policies").glob("*.yaml"))


@cache
def replayed() -> list[dict[str, Any]]:
    """The incidents that `replay` finds in the sample."""
    files = [str(file) for file in sorted((ROOT / "samples").glob("*.jsonl.gz"))]
    command = [PROGRAM, "replay", "--format", "json", *files]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True)
    incidents: list[dict[str, Any]] = json.loads(done.stdout)["incidents"]
    return incidents


def seconds(time: str) -> int:
    return int(datetime.fromisoformat(time).timestamp())


def charts(page: Page) -> list[dict[str, Any]]:
    """What each chart in view shows: its range of time and its series, without the frame."""
    found: list[dict[str, Any]] = page.evaluate(CHARTS)
    return found


@pytest.mark.parametrize("name", ["cards", "overview"])
def test_every_chart_of_a_dashboard_is_drawn(page: Page, site: Path, name: str) -> None:
    opened(page, site / "dashboards" / f"{name}.html")
    expect(page.locator(".refused")).to_have_count(0)
    assert all(chart["series"] for chart in charts(page))


def numbers(page: Page) -> dict[str, int]:
    """The scorecards that show counts."""
    cards = page.locator(".tile.scorecard").all()
    shown = {str(card.get_attribute("data-title")): card.locator(".value").inner_text() for card in cards}
    return {title: int(text.replace(",", "")) for title, text in shown.items() if re.fullmatch(r"[\d,]+", text)}


def last_step(page: Page) -> datetime:
    """The last point in time at which the charts have a value inside the range."""
    end = page.evaluate("loyalty.state().to")
    return datetime.fromtimestamp(end // 600 * 600, UTC)


def test_scorecards_show_the_numbers_that_the_sample_has(page: Page, site: Path) -> None:
    opened(page, site / "dashboards" / "cards.html")
    expected = counted_at(last_step(page))
    assert expected["Stamps added in 24 hours"] > 1_000
    assert numbers(page) == expected


def test_a_merchant_that_is_chosen_has_its_own_numbers(page: Page, site: Path) -> None:
    opened(page, site / "dashboards" / "cards.html")
    page.get_by_label("merchant_id").select_option("m-13")
    expect(page).to_have_url(re.compile("var-merchant_id=m-13"))
    drawn(page)
    # A choice has a coarser step: half an hour.
    end = datetime.fromtimestamp(page.evaluate("loyalty.state().to") // 1800 * 1800, UTC)
    assert numbers(page) == counted_at(end, "m-13")
    page.get_by_label("merchant_id").select_option("")
    drawn(page)
    assert numbers(page) == counted_at(last_step(page))


def test_the_numbers_are_those_at_the_end_of_the_range(page: Page, site: Path) -> None:
    end = datetime(2026, 11, 5, 12, tzinfo=UTC)
    start = end - timedelta(days=1)
    opened(page, site / "dashboards" / "cards.html", f"#from={start.timestamp():.0f}&to={end.timestamp():.0f}")
    assert numbers(page) == counted_at(end)


def test_the_timeline_has_the_incidents_of_replay(page: Page, site: Path) -> None:
    opened(page, site / "index.html")
    bars = page.locator("a.bar").evaluate_all(
        "bars => bars.map(bar => [bar.dataset.policy, Number(bar.dataset.opened)])"
    )
    assert sorted(map(tuple, bars)) == sorted((one["policy"], seconds(one["opened"])) for one in replayed())
    expect(page.locator("table.incidents tbody tr")).to_have_count(len(replayed()))
    for name in POLICIES:
        expect(page.locator(f"article a[href='policies/{name}.html']")).to_have_count(1)


@pytest.mark.parametrize("name", POLICIES)
def test_a_policy_is_shaded_where_replay_has_its_incidents(page: Page, site: Path, name: str) -> None:
    opened(page, site / "policies" / f"{name}.html")
    bands = page.evaluate(
        """() => echarts.getInstanceByDom(document.querySelector('.panel .canvas')).getOption().series
            .find(one => one.name === 'frame').markArea.data
            .map(([from, to]) => [from.xAxis / 1000, to.xAxis / 1000])"""
    )
    own = [one for one in replayed() if one["policy"] == name]
    assert sorted(map(tuple, bands)) == sorted((seconds(one["opened"]), seconds(one["closed"])) for one in own)
    assert own
    for section in ("Query", "Cases", "Runbook"):
        expect(page.get_by_role("heading", name=section, exact=True)).to_be_visible()


def test_the_value_crosses_its_threshold_where_the_incident_opens(page: Page, site: Path) -> None:
    (incident,) = (one for one in replayed() if one["policy"] == "high_churn")
    opened(page, site / "policies" / "high_churn.html")
    points = page.evaluate(
        """() => echarts.getInstanceByDom(document.querySelector('.panel .canvas')).getOption().series
            .find(one => one.name !== 'frame').data"""
    )
    above = [at / 1000 for at, value in points if value is not None and value > 0.2]
    assert abs(above[0] - seconds(incident["opened"])) <= 600
    assert abs(above[-1] - seconds(incident["closed"])) <= 600


def test_dragging_over_a_chart_zooms_all_of_them_and_escape_resets(page: Page, site: Path) -> None:
    opened(page, site / "dashboards" / "cards.html")
    whole = charts(page)[0]
    box = page.locator(".tile.xyChart .canvas").first.bounding_box()
    assert box
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.4, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.5, middle, steps=4)
    page.mouse.up()
    expect(page).to_have_url(re.compile("from="))
    drawn(page)
    state = page.evaluate("loyalty.state()")
    assert 3600 < state["to"] - state["from"] < (whole["max"] - whole["min"]) / 4
    zoomed = [chart for chart in charts(page) if chart["min"] == pytest.approx(state["from"])]
    assert len(zoomed) >= 2
    assert all(chart["max"] == pytest.approx(state["to"]) for chart in zoomed)
    page.keyboard.press("Escape")
    drawn(page)
    assert page.evaluate("[loyalty.state().from, loyalty.state().to]") == [whole["min"], whole["max"]]


def test_a_store_of_another_merchant_is_not_offered(page: Page, site: Path) -> None:
    opened(page, site / "dashboards" / "cards.html")
    stores = page.get_by_label("store_id").locator("option")
    everything = stores.count()
    page.get_by_label("merchant_id").select_option("m-13")
    drawn(page)
    assert 1 < stores.count() < everything
    store = stores.nth(1).get_attribute("value")
    page.get_by_label("store_id").select_option(store)
    drawn(page)
    expect(page.locator(".refused")).to_have_count(0)
    page.get_by_label("merchant_id").select_option("m-11")
    assert page.evaluate("loyalty.state().choice") == {"merchant_id": "m-11"}
    drawn(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_and_lines_stand_out_from_their_ground(browser: Browser, site: Path, scheme: Any) -> None:
    context = browser.new_context(color_scheme=scheme)
    page = opened(context.new_page(), site / "index.html")
    names = ["ground", "panel", "text", "soft", "link", "p0", "p1", "p2", "threshold"]
    names += [f"series-{number}" for number in range(10)]
    values = page.evaluate(
        "names => names.map(name => getComputedStyle(document.documentElement).getPropertyValue('--' + name).trim())",
        names,
    )
    found = dict(zip(names, values, strict=True))
    context.close()
    for ground in ("ground", "panel"):
        for name in ("text", "soft", "link", "p0", "p1", "p2", "threshold"):
            assert contrast(found[name], found[ground]) >= 4.5, (name, ground)
        for number in range(10):
            assert contrast(found[f"series-{number}"], found[ground]) >= 3, (number, ground)
    assert (luminance(found["ground"]) < 0.1) == (scheme == "dark")


def test_the_colours_can_be_chosen_on_the_page(page: Page, site: Path) -> None:
    opened(page, site / "index.html")
    button = page.get_by_role("button", name="Colours")
    grounds = set()
    for _ in range(3):
        button.click()
        grounds.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert len(grounds) == 2


def luminance(colour: str) -> float:
    """https://www.w3.org/TR/WCAG22/#dfn-relative-luminance"""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_everything_can_be_reached_by_keyboard(page: Page, site: Path) -> None:
    opened(page, site / "dashboards" / "cards.html")
    seen = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        seen.add(page.evaluate(FOCUSED))
    assert {"A:skip", "BUTTON:Zoom in", "BUTTON:Later", "INPUT:From"} <= seen
    assert any(one.startswith("SELECT") for one in seen)
    legend = page.locator(".legend button").first
    legend.focus()
    page.keyboard.press("Enter")
    expect(legend).to_have_attribute("aria-pressed", "false")
    sort = page.locator("th button", has_text="merchant_id").first
    sort.focus()
    page.keyboard.press("Enter")
    expect(page.locator("th[aria-sort=ascending]").first).to_contain_text("merchant_id")


def test_every_chart_says_what_it_shows(page: Page, site: Path) -> None:
    opened(page, site / "dashboards" / "overview.html")
    labels = page.locator(".canvas[role=img]").evaluate_all("all => all.map(one => one.getAttribute('aria-label'))")
    assert len(labels) == page.locator(".canvas").count() > 5
    assert all(label and ":" in label for label in labels)
    assert any(re.search(r"\d+ incidents?\b", label) for label in labels)


@pytest.mark.parametrize("file", ["index.html", "dashboards/overview.html", "policies/rate_limit_spike.html"])
def test_a_phone_need_not_scroll_sideways(page: Page, site: Path, file: str) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    opened(page, site / file)
    assert page.evaluate("document.documentElement.scrollWidth") == 360


def test_times_are_the_viewers_and_utc_stands_beside(page: Page, site: Path) -> None:
    opened(page, site / "index.html")
    expect(page.locator(".utc")).to_contain_text("Europe/Berlin; 2026-11-02 00:00:00 UTC")
    expect(page.get_by_label("From")).to_have_value("2026-11-02T01:00")


def test_a_page_is_small_and_its_first_paint_needs_no_network(site: Path, our_site: Path) -> None:
    shared = sum(file.stat().st_size for file in (site / "assets").rglob("*") if file.suffix in (".js", ".css"))
    for file in [*site.rglob("*.html"), *our_site.rglob("*.html")]:
        assert file.stat().st_size + shared < 3_000_000, file
    for file in [*(site / "data").rglob("*.js"), *(our_site / "data").rglob("*.js")]:
        assert file.stat().st_size < 1_000_000, file


def test_a_command_of_a_runbook_is_copied_with_one_click(page: Page, site: Path) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    opened(page, site / "policies" / "telemetry_silent.html")
    block = page.locator(".runbook pre").first
    button = page.get_by_role("button", name="Copy").first
    text = block.text_content()
    # The button says so for three seconds, in which a busy machine may not look. Waiting with an expression that is
    # asked again and again would need eval, which the page's policy refuses from the second asking on.
    button.evaluate(
        """one => {
            window.said = new Promise(heard => {
                new MutationObserver(() => heard(one.textContent)).observe(one, {childList: true});
            });
        }"""
    )
    button.click()
    assert re.match("Copied|Selected", page.evaluate("said"))
    kept = page.evaluate("async () => String(getSelection()) || navigator.clipboard.readText()")
    assert kept.strip() == (text or "").strip()
