"""The guard itself: a test on a page can fail."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext

from tests.report.browser.conftest import PATIENCE_MILLISECONDS, Guard


@pytest.mark.parametrize(
    ("html", "complaint"),
    [
        ("<img src='https://example.com/pixel.png'>", "request: https://example.com/pixel.png"),
        ("<script>console.error('broken')</script>", "console: broken"),
        ("<script>throw new Error('thrown')</script>", "error: thrown"),
        (
            "<meta http-equiv='Content-Security-Policy' content=\"default-src 'none'\"><script>1</script>",
            "Content Security Policy",
        ),
    ],
)
def test_a_page_that_misbehaves_is_noticed(
    context: BrowserContext, guard: Guard, tmp_path: Path, html: str, complaint: str
) -> None:
    (tmp_path / "page.html").write_text(html)
    page = context.new_page()
    page.goto((tmp_path / "page.html").as_uri())
    patience = time.monotonic() + PATIENCE_MILLISECONDS / 1000
    while not any(complaint in said for said in guard.complaints):
        assert time.monotonic() < patience, guard.complaints
        page.wait_for_timeout(20)


def test_a_quiet_page_passes_and_letters_have_a_shape(context: BrowserContext, guard: Guard, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("<meta charset=utf-8><span id=a>iiiii</span> <span id=b>WWWWW</span>")
    page = context.new_page()
    page.goto((tmp_path / "page.html").as_uri())
    widths = [page.locator(name).bounding_box() for name in ("#a", "#b")]
    assert widths[0]
    assert widths[1]
    assert widths[0]["width"] < widths[1]["width"]
    assert guard.complaints == []
