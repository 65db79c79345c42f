"""Pages: what comes from logs and definitions stays text."""

from __future__ import annotations

import json
from html.parser import HTMLParser

import pytest

from loyalty_monitoring.report.markdown import html
from loyalty_monitoring.report.pages import data_script


class _Elements(HTMLParser):
    """The elements of a piece of HTML, as a browser would find them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links += [value or "" for name, value in attrs if name == "href"]


@pytest.mark.parametrize("text", ["</script><script>alert(1)</script>", "<!--", "]]>", "a & b", "\u2028 \u2029", '"\\'])
def test_data_cannot_end_its_script_element_and_reads_back_the_same(text: str) -> None:
    written = data_script({"text": text})
    assert not set("<>&\u2028\u2029") & set(written)
    assert json.loads(written) == {"text": text}


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        '[x](https://example.com/" onmouseover="alert(1))',
        "[x](javascript:alert(1))",
        "[x](data:text/html,<script>alert(1)</script>)",
        "![x](https://example.com/pixel.png)",
        "<https://example.com/' onmouseover='alert(1)>",
    ],
)
def test_markdown_brings_no_element_that_acts_or_fetches(text: str) -> None:
    found = _Elements(html(text))
    assert found.tags <= {"p", "a"}
    assert found.attributes <= {"href", "rel"}
    assert not [link for link in found.links if not link.startswith("https://")]


def test_markdown_keeps_links_to_the_web_and_drops_those_to_files_beside_it() -> None:
    found = html("[web](https://example.com/a) and [file](../alert_policies/a.yaml)")
    assert '<a href="https://example.com/a" rel="noreferrer">web</a>' in found
    assert "<p>" in found
    assert "and file</p>" in found
