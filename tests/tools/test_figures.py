"""`make figures` writes between its markers and nowhere else, and docs/figures.md has those markers."""

from __future__ import annotations

import sys

import pytest

from tests.conftest import ROOT

sys.path.insert(0, str(ROOT / "tools"))

from figures import PAGE, replace_section

MARKED = "before\n<!-- proof: written by make figures -->\nold\n<!-- proof: end -->\nafter\n"


def test_only_what_stands_between_the_markers_is_replaced() -> None:
    page = replace_section(MARKED, "proof", r"new \1")
    assert page == MARKED.replace("old", "\nnew \\1\n")
    assert replace_section(page, "proof", r"new \1") == page


def test_a_page_without_the_markers_is_refused() -> None:
    with pytest.raises(ValueError, match="no section 'speed'"):
        replace_section(MARKED, "speed", "new")


def test_the_page_of_figures_has_the_markers() -> None:
    assert replace_section(PAGE.read_text(), "proof", "x") != PAGE.read_text()
