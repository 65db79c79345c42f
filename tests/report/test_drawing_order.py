"""The order in which pages are drawn while they are served, and what is shown meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from loyalty_monitoring.common.errors import UserError
from loyalty_monitoring.report.serve import Drawer, Edition, Live

PAGES = ("index.html", "a.html", "b.html", "c.html")


class Drawing:
    """A drawer of pages that say which version they are of; `order` is that in which they were drawn."""

    def __init__(self) -> None:
        self.live = Live()
        self.order: list[str] = []
        self.open_versions: list[int] = []
        self.mistake = ""
        self.broken = ""
        self.while_drawing: dict[str, Callable[[], None]] = {}
        self.drawer = Drawer(self.live, self._begin)
        self.drawer.begin()

    @contextmanager
    def _begin(self, version: int, check: Callable[[], None]) -> Iterator[Edition]:
        if self.mistake:
            raise UserError(self.mistake)
        self.open_versions.append(version)
        try:
            yield Edition(PAGES, lambda path, check: self._draw(version, path, check))
        finally:
            self.open_versions.remove(version)

    def _draw(self, version: int, path: str, check: Callable[[], None]) -> str | None:
        self.while_drawing.pop(path, lambda: None)()
        check()
        if path == self.broken:
            raise UserError(f"{path} is broken")
        self.order.append(path)
        return f"{version} {path}" if path in PAGES or path == "data/a/0.js" else None

    def steps(self, number: int) -> list[str]:
        """Let the drawer do so much, and return what it drew."""
        before = len(self.order)
        for _ in range(number):
            self.drawer.step()
        return self.order[before:]


@pytest.fixture
def drawing() -> Drawing:
    return Drawing()


def test_the_first_page_is_there_before_the_others_are_drawn(drawing: Drawing) -> None:
    assert drawing.order == ["index.html"]
    assert drawing.live.state.version == 1
    assert drawing.steps(3) == ["a.html", "b.html", "c.html"]


def test_after_an_edit_the_page_that_was_asked_for_last_comes_first_and_what_nobody_opened_last(
    drawing: Drawing,
) -> None:
    for path in ("c.html", "index.html", "b.html"):
        drawing.live.ask(path)
    drawing.steps(3)
    drawing.live.edited()
    assert drawing.steps(1) == ["b.html"]
    assert drawing.live.state.version == 2
    assert drawing.steps(3) == ["index.html", "c.html", "a.html"]


def test_a_page_that_is_asked_for_is_drawn_before_the_others(drawing: Drawing) -> None:
    drawing.live.ask("c.html")
    assert drawing.steps(1) == ["c.html"]
    assert drawing.live.wait_for("c.html").text == "1 c.html"


def test_the_answers_of_a_choice_are_drawn_when_they_are_asked_for_only(drawing: Drawing) -> None:
    drawing.steps(1)
    drawing.live.ask("data/a/0.js")
    assert drawing.steps(1) == ["data/a/0.js"]
    assert drawing.live.wait_for("data/a/0.js").kind == "text/javascript"
    drawing.live.edited()
    assert drawing.steps(4) == ["index.html", "a.html", "b.html", "c.html"]


def test_nothing_is_shown_where_there_is_nothing(drawing: Drawing) -> None:
    drawing.live.ask("nothing.html")
    drawing.steps(1)
    assert drawing.live.wait_for("nothing.html").status == 404


def test_an_edit_while_a_page_is_drawn_stops_it_and_begins_again(drawing: Drawing) -> None:
    drawing.while_drawing["a.html"] = drawing.live.edited
    assert drawing.steps(1) == []
    assert drawing.steps(1) == ["index.html"]
    assert drawing.live.state.version == 2
    assert drawing.live.state.problem is None


def test_an_edit_while_the_first_page_is_drawn_is_drawn_once(drawing: Drawing) -> None:
    drawing.live.edited()
    drawing.while_drawing["index.html"] = drawing.live.edited
    assert drawing.steps(2) == ["index.html"]
    assert drawing.live.state.version == 2
    assert drawing.open_versions == [2]


def test_files_that_change_all_the_time_are_shown(drawing: Drawing) -> None:
    for _ in range(20):
        drawing.while_drawing["index.html"] = drawing.live.edited
        drawing.live.edited()
        drawing.steps(1)
    assert drawing.live.state.version == 1 + 20 // 4
    assert drawing.live.state.drawing


def test_a_mistake_in_files_that_change_all_the_time_is_told(drawing: Drawing) -> None:
    drawing.broken = "index.html"
    for _ in range(4):
        drawing.while_drawing["index.html"] = drawing.live.edited
        drawing.live.edited()
        drawing.steps(1)
    assert drawing.live.state.problem == "index.html is broken"


def test_whoever_waits_while_files_change_gets_the_page_of_the_new_version(drawing: Drawing) -> None:
    drawing.live.ask("c.html")
    drawing.live.edited()
    assert drawing.live.state.drawing
    drawing.steps(2)
    assert drawing.live.wait_for("c.html").text == "2 c.html"
    assert not drawing.live.state.drawing


def test_a_mistake_is_told_and_the_pages_of_the_version_that_is_shown_are_still_drawn(drawing: Drawing) -> None:
    drawing.mistake = "parameters.yaml:3: no number"
    drawing.live.edited()
    drawing.steps(1)
    assert drawing.live.state.version == 1
    assert drawing.live.state.problem == "parameters.yaml:3: no number"
    drawing.live.ask("c.html")
    drawing.steps(1)
    assert drawing.live.wait_for("c.html").text == "1 c.html"
    drawing.mistake = ""
    drawing.live.edited()
    drawing.steps(1)
    assert drawing.live.state.problem is None
    assert drawing.open_versions == [2]


def test_a_page_that_cannot_be_drawn_says_why_and_the_others_are_drawn(drawing: Drawing) -> None:
    drawing.broken = "a.html"
    drawing.live.ask("a.html")
    assert drawing.steps(3) == ["b.html", "c.html"]
    shown = drawing.live.wait_for("a.html")
    assert shown.status == 500
    assert "a.html is broken" in shown.text
    assert drawing.live.state.problem == "a.html is broken"


def test_a_first_page_that_cannot_be_drawn_leaves_the_version_as_it_was(drawing: Drawing) -> None:
    drawing.broken = "index.html"
    drawing.live.edited()
    drawing.steps(1)
    assert drawing.live.state.version == 1
    assert drawing.live.state.problem == "index.html is broken"
    assert drawing.open_versions == [1]
    drawing.live.ask("index.html")
    assert drawing.live.wait_for("index.html").text == "1 index.html"
