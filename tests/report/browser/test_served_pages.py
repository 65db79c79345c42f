"""The served report in a browser: it follows the files, and shows a mistake in them."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page, expect

from tests.report.serving import rewrite, serving


def test_a_page_follows_the_files_and_shows_a_mistake(page: Page, tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        page.goto(f"http://127.0.0.1:{served.port}/policies/rate_limit_spike.html")
        policy = served.project / "alert_policies" / "rate_limit_spike.yaml"
        good = policy.read_text()
        rewrite(policy, good.replace("Loyalty: a store had", "Loyalty: one shop had"))
        expect(page.locator("h1")).to_contain_text("one shop had")
        rewrite(policy, good + "unknown_key: 1\n")
        expect(page.get_by_role("alert")).to_contain_text("rate_limit_spike.yaml")
        expect(page.locator("h1")).to_contain_text("one shop had")
        rewrite(policy, good)
        expect(page.locator("h1")).to_contain_text("a store had")
        expect(page.get_by_role("alert")).to_have_count(0)
        page.goto("about:blank")
