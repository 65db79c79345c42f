"""The pages of our own definitions in a real browser, whatever they are: nothing is left out, and all can be read."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import ROOT
from tests.report.browser.conftest import opened
from tests.report.browser.test_accessibility import NARROW_DARK, WIDE_LIGHT, found

DASHBOARDS = sorted(path.stem for path in (ROOT / "dashboards").glob("*.yaml"))
POLICIES = sorted(path.stem for path in (ROOT / "alert_policies").glob("*.yaml"))


@pytest.mark.parametrize("name", DASHBOARDS)
def test_every_widget_of_a_dashboard_is_drawn_or_says_that_it_has_no_data(
    page: Page, our_site: Path, name: str
) -> None:
    opened(page, our_site / "dashboards" / f"{name}.html")
    widgets = page.evaluate(
        "JSON.parse(document.getElementById('data').textContent).dashboard.mosaicLayout.tiles.length"
    )
    expect(page.locator("[data-widget]")).to_have_count(widgets)
    expect(page.locator(".refused")).to_have_count(0)
    for tile in page.locator(".tile.xyChart").all():
        assert tile.locator(".legend button").count() or "No data" in tile.inner_text()
    assert found(page, (NARROW_DARK, WIDE_LIGHT)) == []


@pytest.mark.parametrize("name", POLICIES)
def test_every_part_of_a_policy_is_there(page: Page, our_site: Path, name: str) -> None:
    opened(page, our_site / "policies" / f"{name}.html")
    for section in ("Query", "Cases", "Runbook"):
        expect(page.get_by_role("heading", name=section, exact=True)).to_be_visible()
    assert found(page, (NARROW_DARK,)) == []
