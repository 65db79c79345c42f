"""The pictures of the README: pages of the sample's report, as a browser shows them."""

from __future__ import annotations

import sys
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
WIDTH, HEIGHT = 1280, 800
PICTURES = {
    "incidents": "index.html",
    "enrollment_funnel": "dashboards/enrollment_funnel.html",
    "expiration_task_stale": "policies/expiration_task_stale.html",
}


def main(site: Path, out: Path) -> None:
    """Write a picture of each page in `site` to `out`."""
    out.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(ROOT / ".local" / "browser"))
        context = browser.new_context(
            viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light", timezone_id="UTC"
        )
        page = context.new_page()
        for name, file in PICTURES.items():
            page.goto((site / file).resolve().as_uri())
            expect(page.locator("html[data-drawn=all]")).to_be_attached(timeout=20_000)
            page.screenshot(path=str(out / f"{name}.png"))
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
