"""A real browser, and a page on which every complaint and every request to elsewhere is a failure."""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Route, expect, sync_playwright

from loyalty_monitoring.proof.alerts.cases import claims_of
from loyalty_monitoring.report.build import report
from loyalty_monitoring.report.site import ASSETS, write_site
from loyalty_monitoring.report.sources import sources
from tests.conftest import ROOT, copy_project, replace_text

BROWSER = ROOT / ".local" / "browser"
# Nothing that is well takes so long, also where the machine is busy: only what never comes waits to the end.
PATIENCE_MILLISECONDS = 60_000
expect.set_options(timeout=PATIENCE_MILLISECONDS)


@dataclass
class Guard:
    """What must not happen on a page. Violations of the Content-Security-Policy are errors on the console."""

    complaints: list[str] = field(default_factory=list)

    def watch(self, context: BrowserContext) -> None:
        context.on("console", self._console)
        context.on("weberror", lambda error: self.complaints.append(f"error: {error.error}"))
        context.route("**/*", self._request)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"console: {message.text}")

    def _request(self, route: Route) -> None:
        address = urlsplit(route.request.url)
        if address.scheme == "file" or address.hostname == "127.0.0.1":
            route.continue_()
            return
        self.complaints.append(f"request: {route.request.url}")
        route.abort()


# Not for the session: as long as Playwright runs, no other test in this process can run an event loop of its own.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    assert BROWSER.exists(), "there is no browser; run `make browser`"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(BROWSER))
        yield browser
        browser.close()


@pytest.fixture
def guard() -> Guard:
    return Guard()


@pytest.fixture
def context(browser: Browser, guard: Guard) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 1440, "height": 900}, timezone_id="Europe/Berlin")
    context.set_default_timeout(PATIENCE_MILLISECONDS)
    guard.watch(context)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext, guard: Guard) -> Iterator[Page]:
    yield context.new_page()
    assert guard.complaints == []


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """The report of the eight-day sample with the tests' own project, on disk."""

    def drawn_to(folder: Path) -> None:
        project = copy_project(folder.with_suffix(".project"))
        # The same, but with a threshold that can be drawn: what is well lies above it, and far.
        replace_text(project / "alert_policies" / "telemetry_silent.yaml", "== 0", "< 1")
        write_report(project, sorted((ROOT / "samples").glob("*.jsonl.gz")), folder)

    return once(tmp_path_factory, worker_id, "report-of-the-sample", drawn_to)


@pytest.fixture(scope="session")
def our_site(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """The report of the faulty day of the sample with our own definitions, on disk."""
    faulty_day = ROOT / "samples" / "2026-11-07.jsonl.gz"
    return once(tmp_path_factory, worker_id, "our-report", lambda folder: write_report(ROOT, [faulty_day], folder))


def write_report(project: Path, files: list[Path], folder: Path) -> None:
    write_site(report(sources(project, "demo", (), claims_of(project)), files), folder)


def once(factory: pytest.TempPathFactory, worker_id: str, name: str, write: Callable[[Path], None]) -> Path:
    """Return a folder of this name that is written once, also where several processes run tests."""
    own = factory.getbasetemp()
    folder = (own if worker_id == "master" else own.parent) / name
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            write(folder)
    return folder


@pytest.fixture
def scripts(page: Page, tmp_path: Path) -> Page:
    """A page with nothing but the scripts that reckon."""
    file = tmp_path / "page.html"
    own = [(ASSETS / f"{name}.js").as_uri() for name in ("units", "time", "series")]
    file.write_text("<!doctype html>" + "".join(f'<script src="{address}"></script>' for address in own))
    page.goto(file.as_uri())
    return page


def opened(page: Page, file: Path, fragment: str = "") -> Page:
    """The page, once it is drawn."""
    page.goto(file.as_uri() + fragment)
    return drawn(page)


def drawn(page: Page) -> Page:
    """All is drawn: what is in view first, the rest when the browser is idle."""
    expect(page.locator("html[data-drawn=all]")).to_be_attached()
    return page


def moved(page: Page, fragment: str) -> Page:
    """The open page at another place of its address, once it has heard of that and is drawn anew."""
    page.evaluate(
        """fragment => new Promise(heard => {
            addEventListener('hashchange', heard, {once: true});
            location.hash = fragment;
        })""",
        fragment,
    )
    return drawn(page)


def changed(page: Page) -> Page:
    """The page, once it has heard that its size, its colours or what is unfolded changed, and is drawn anew.

    A browser tells a page so with its next frame, and what observes sizes at that frame's end.
    """
    page.evaluate(
        "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))))"
    )
    return drawn(page)
