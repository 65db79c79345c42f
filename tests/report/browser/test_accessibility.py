"""axe-core finds nothing on any kind of page: light and dark, wide and narrow. https://github.com/dequelabs/axe-core"""

from __future__ import annotations

from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.report.browser.conftest import changed, opened

# All four views of each kind of page, which all pages of that kind share; ours, elsewhere, differ in what they hold.
KINDS = ("index.html", "dashboards/overview.html", "policies/rate_limit_spike.html")
WIDE_LIGHT, WIDE_DARK, NARROW_LIGHT, NARROW_DARK = ((w, c) for w in (1400, 390) for c in ("light", "dark"))
# The rules of WCAG 2.2 AA, those about the size of targets among them, and what is good beyond it.
RUN = """async () => {
    const values = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
    const options = {runOnly: {type: 'tag', values}, resultTypes: ['violations'], preload: false};
    const {violations} = await axe.run(document, options);
    return violations.flatMap(rule => rule.nodes.map(node => `${rule.id}: ${node.html.slice(0, 160)}`));
}"""


@cache
def axe() -> str:
    return (resources.files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")


def found(page: Page, views: tuple[tuple[int, Any], ...]) -> list[str]:
    """What axe-core finds on an open page in each of the views."""
    complaints = []
    for width, scheme in views:
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)
        changed(page)
        if not page.evaluate("'axe' in window"):
            page.evaluate(axe())
        complaints += [f"{width} {scheme} {complaint}" for complaint in page.evaluate(RUN)]
    return complaints


@pytest.mark.parametrize("file", KINDS)
def test_axe_finds_nothing_on_any_kind_of_page(page: Page, site: Path, file: str) -> None:
    opened(page, site / file)
    assert found(page, (WIDE_LIGHT, NARROW_LIGHT, NARROW_DARK, WIDE_DARK)) == []


def test_axe_finds_nothing_in_what_is_unfolded(page: Page, site: Path) -> None:
    opened(page, site / "dashboards" / "cards.html")
    page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
    assert found(page, (NARROW_LIGHT,)) == []


def test_axe_finds_what_is_wrong(page: Page, tmp_path: Path) -> None:
    bad = "<title>x</title><html lang=en><main><h1>x</h1>" + "<summary style='display:inline-block'>.</summary>" * 3
    bad += "<section aria-label=a></section><section aria-label=a></section>"
    bad += "<div style='overflow:auto;height:20px'><p>1<p>2<p>3</div><button style='width:9px;padding:0'>a</button>"
    bad += "<button style='width:9px;padding:0'>b</button>"
    (tmp_path / "page.html").write_text(f"<!doctype html><html data-drawn=all lang=en>{bad}")
    page.goto((tmp_path / "page.html").as_uri())
    rules = {complaint.split()[2] for complaint in found(page, (WIDE_LIGHT,))}
    assert {"target-size:", "scrollable-region-focusable:", "landmark-unique:"} <= rules
