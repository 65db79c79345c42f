"""Markdown as HTML that is safe in a page: no raw HTML, no images, links to the web only."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token


def html(text: str) -> str:
    """Return the text of a dashboard or a runbook as HTML. Its headings stand below those of the page and of the
    section.
    """
    renderer = _renderer()
    tokens = renderer.parse(text)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, int(token.tag[1:]) + 2)}"
        token.children = _without_local_links(token.children or []) if token.children else token.children
    return str(renderer.renderer.render(tokens, renderer.options, {}))


@cache
def _renderer() -> MarkdownIt:
    from markdown_it import MarkdownIt

    # An image would be fetched from elsewhere: a report shows nothing to anybody but its reader.
    return MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")


def _without_local_links(tokens: Sequence[Token]) -> list[Token]:
    """Replace links relative to the file that the text is from, which lead nowhere here, by their words."""
    kept: list[Token] = []
    within_local = False
    for token in tokens:
        if token.type == "link_open":
            within_local = not str(token.attrGet("href")).startswith(("https://", "http://"))
            token.attrSet("rel", "noreferrer")
        if token.type in ("link_open", "link_close") and within_local:
            continue
        kept.append(token)
    return kept
