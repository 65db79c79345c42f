"""The report on a loopback port, drawn anew when a definition or a log file changes.

The page that was asked for last is drawn first, and shown before the others are drawn. A page that is not drawn yet is
drawn when it is asked for, and whoever asks waits: what is shown is always of the version that it says it is.
"""

from __future__ import annotations

import json
import mimetypes
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import unquote, urlsplit

from loyalty_monitoring.common import failures, interruption
from loyalty_monitoring.common.errors import UserError
from loyalty_monitoring.report.html_pages import problem_page
from loyalty_monitoring.report.site import ASSETS

LOOPBACK = "127.0.0.1"
_HEARTBEAT_SECONDS = 15.0
_BEGIN_MILLISECONDS = 200
_IDLE_SECONDS = 60
_MOST_STOPS = 3  # of drawings in a row; a log that grows all the time would never be shown

# Draws one page; it calls the function that it is given now and then, and lets what that raises through.
Draw = Callable[[str, Callable[[], None]], str | None]


@dataclass(frozen=True)
class Edition:
    """The paths of all pages of one drawing of the report, and what draws each of them and what belongs to it."""

    pages: tuple[str, ...]
    draw: Draw


# Makes an edition, which lives as long as the block. It is given the edition's version, and what `Draw` is given.
Begin = Callable[[int, Callable[[], None]], AbstractContextManager[Edition]]


class Overtaken(Exception):
    """Files have changed again while their change was drawn."""


@dataclass(frozen=True)
class State:
    """The version that is shown, the error of the last attempt, and whether another version is on its way."""

    version: int
    problem: str | None
    drawing: bool


@dataclass(frozen=True)
class Shown:
    """A page as it is served, or what stands in its place."""

    status: HTTPStatus
    kind: str
    text: str


_NOTHING = Shown(HTTPStatus.NOT_FOUND, "text/plain", "no such page\n")


class Live:
    """State that the thread that draws, the one that watches the files and those of the server share."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._state = State(0, None, False)
        self._edits = 0
        self._pages: tuple[str, ...] = ()
        self._drawn: dict[str, Shown] = {}
        self._opened: list[str] = []  # in the order in which they were asked for last
        self._waited_for: list[str] = []

    @property
    def state(self) -> State:
        with self._changed:
            return self._state

    def edited(self) -> None:
        """Say that files have changed."""
        with self._changed:
            self._edits += 1
            self._tell(drawing=True)

    def is_overtaken(self) -> bool:
        """Return whether files have changed since `next_work` said so."""
        with self._changed:
            return self._edits > 0

    def next_work(self) -> str | None:
        """Wait until there is something to do: draw the page that is returned, or everything anew where it is None.

        First come the pages that somebody waits for, then those that were opened before, then the others.
        """
        with self._changed:
            while True:
                if self._edits:
                    self._edits = 0
                    return None
                for path in (*reversed(self._waited_for), *self._in_order(self._pages)):
                    if path not in self._drawn:
                        return path
                self._changed.wait()

    def first_of(self, pages: Collection[str]) -> str:
        """Return the page that was asked for last."""
        with self._changed:
            return self._in_order(pages)[0]

    def _in_order(self, pages: Collection[str]) -> list[str]:
        opened = [path for path in reversed(self._opened) if path in pages]
        return [*opened, *(path for path in pages if path not in opened)]

    def begin(self, pages: tuple[str, ...], path: str, shown: Shown) -> None:
        """Show a new version, of which one page is drawn."""
        with self._changed:
            self._pages, self._drawn = pages, {path: shown}
            self._tell(version=self._state.version + 1, problem=None, drawing=bool(self._edits))

    def drawn(self, path: str, shown: Shown) -> None:
        """Show a page, or what belongs to one."""
        with self._changed:
            self._drawn[path] = shown
            self._changed.notify_all()

    def failed(self, problem: str) -> None:
        """Say what is wrong with the files as they are now; the version that is shown stays."""
        with self._changed:
            self._tell(problem=problem, drawing=bool(self._edits))

    def ask(self, path: str) -> None:
        """Have a page drawn next if it is not drawn yet."""
        with self._changed:
            if path in self._pages:
                self._opened = [*(one for one in self._opened if one != path), path]
            self._waited_for.append(path)
            self._changed.notify_all()

    def wait_for(self, path: str) -> Shown:
        """Wait for what is shown at a path that was asked for."""
        with self._changed:
            self._changed.wait_for(lambda: path in self._drawn)
            self._waited_for.remove(path)
            return self._drawn[path]

    def wait_for_another(self, known: State | None) -> State:
        """Return the first state that is not the known one; the known one again when nothing came for a while."""
        with self._changed:
            self._changed.wait_for(lambda: self._state != known, _HEARTBEAT_SECONDS)
            return self._state

    def _tell(self, **news: Any) -> None:
        self._state = replace(self._state, **news)
        self._changed.notify_all()


@contextmanager
def served(live: Live, port: int) -> Iterator[str]:
    """Yield a server for this machine only; gives its address. Errors: UserError when the port is taken."""
    try:
        server = _Server((LOOPBACK, port), _handler(live))
    except OSError as error:
        raise UserError(f"port {port} cannot be used ({error.strerror}); choose another with --port") from error
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://{LOOPBACK}:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore a connection that breaks off, or a request that is none."""


class Drawer:
    """Draws what `live` says is next. An edition is kept until the first page of the next one is there."""

    def __init__(self, live: Live, begin: Begin) -> None:
        self._live, self._begin = live, begin
        self._edition: Edition | None = None
        self._kept = ExitStack()
        self._stops = 0

    def begin(self) -> None:
        """Draw the first page of the files as they are now, and show it. Errors: those of drawing."""
        with ExitStack() as stack:
            edition = stack.enter_context(self._begin(self._live.state.version + 1, self._check))
            path = self._live.first_of(edition.pages)
            shown = _shown(path, edition.draw(path, self._check))
            before, self._kept, self._edition = self._kept, stack.pop_all(), edition
        self._live.begin(edition.pages, path, shown)
        self._stops = 0
        before.close()

    def run(self) -> NoReturn:
        """Draw for ever."""
        while True:
            self.step()

    def step(self) -> None:
        """Wait for something to do, and do it; what is wrong, whatever it is, is shown on the pages, which stay."""
        path = self._live.next_work()
        try:
            if path is None or self._edition is None:
                self.begin()
            else:
                self._live.drawn(path, _shown(path, self._edition.draw(path, self._check)))
        except Exception as error:
            if interruption.caught():
                raise
            # What was overtaken is begun again. Libraries turn the exception that says so into others.
            if self._may_stop() and self._live.is_overtaken():
                self._stops += 1
            else:
                self._say(failures.explain(error), path)

    def _may_stop(self) -> bool:
        return self._stops < _MOST_STOPS

    def _check(self) -> None:
        if self._may_stop() and self._live.is_overtaken():
            raise Overtaken

    def _say(self, problem: str, path: str | None) -> None:
        self._stops = 0
        self._live.failed(problem)
        if path is not None:
            page = problem_page(problem, self._live.state.version)
            self._live.drawn(path, Shown(HTTPStatus.INTERNAL_SERVER_ERROR, "text/html", page))

    def close(self) -> None:
        self._kept.close()


def _shown(path: str, text: str | None) -> Shown:
    if text is None:
        return _NOTHING
    return Shown(HTTPStatus.OK, mimetypes.guess_type(path)[0] or "application/octet-stream", text)


def follow(live: Live, changed: Iterator[None]) -> None:
    """Tell `live` of each change, in a thread of its own that ends with the process."""

    def told() -> None:
        for _ in changed:
            live.edited()

    threading.Thread(target=told, daemon=True).start()


def changes(folders: Collection[Path], files: Collection[Path]) -> Iterator[None]:
    """Yield one item when watching has begun, and one each time a file has changed; Ctrl-C ends it.

    Watched are the files, and the YAML and Markdown files right in the folders. A folder may go away and come back, as
    it does when git switches to another branch.
    """
    from watchfiles import watch

    wanted = {file.resolve() for file in files}
    inside = {folder.resolve() for folder in folders}

    def matters(_: object, name: str) -> bool:
        path = Path(name).resolve()
        return path in wanted or (path.parent in inside and path.suffix in (".yaml", ".md"))

    # Editors replace a file by another of its name, so the folder is watched, not the file.
    # The watching library knows no names but those in UTF-8.
    watched = {folder for folder in inside | {file.parent for file in wanted} if _is_utf8(folder)}
    polled = {file for file in wanted if not _is_utf8(file.parent)}
    while True:
        before, began = _identities(watched, polled), False
        try:
            for found in watch(
                *(folder for folder in before if folder in watched),
                watch_filter=matters,
                recursive=False,
                rust_timeout=_BEGIN_MILLISECONDS,
                yield_on_timeout=True,
            ):
                if found or not began:
                    began = True
                    yield
                if _identities(watched, polled) != before:
                    break
        except KeyboardInterrupt:
            return
        except (OSError, RuntimeError):
            # A folder that went away in this moment, or more files than the system watches.
            if interruption.caught():
                raise
            time.sleep(1.0)


def _is_utf8(path: Path) -> bool:
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return False
    return True


def _identities(folders: Collection[Path], files: Collection[Path]) -> dict[Path, tuple[int, ...]]:
    """Return the identity of each folder and the state of each file: a new folder of one name has another number."""
    found: dict[Path, tuple[int, ...]] = {}
    for path in (*folders, *files):
        with suppress(OSError):
            status = path.stat()
            found[path] = (status.st_dev, status.st_ino)
            if path in files:
                found[path] += (status.st_mtime_ns, status.st_size)
    return found


def _handler(live: Live) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        server_version = "loyalty-monitoring"
        sys_version = ""
        timeout = _IDLE_SECONDS

        def do_GET(self) -> None:
            # A page elsewhere could give its own name this machine's address, and read what is served here.
            port = self.connection.getsockname()[1]
            if self.headers.get("Host") not in (f"{LOOPBACK}:{port}", f"localhost:{port}"):
                self._answer(HTTPStatus.MISDIRECTED_REQUEST, "text/plain", b"not served under this name\n")
                return
            try:
                path = unquote(urlsplit(self.path).path).lstrip("/") or "index.html"
            except ValueError:
                self._answer(HTTPStatus.BAD_REQUEST, "text/plain", b"no address\n")
                return
            if path == "events":
                self._events()
                return
            if path.startswith("assets/"):
                self._asset(path)
                return
            live.ask(path)
            shown = live.wait_for(path)
            self._answer(shown.status, shown.kind, shown.text.encode(errors="replace"))

        do_HEAD = do_GET

        def _asset(self, path: str) -> None:
            found = _read_asset(path.removeprefix("assets/"))
            if found is None:
                self._answer(_NOTHING.status, _NOTHING.kind, _NOTHING.text.encode())
                return
            self._answer(HTTPStatus.OK, mimetypes.guess_type(path)[0] or "application/octet-stream", found)

        def _answer(self, status: HTTPStatus, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", f"{kind}; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def end_headers(self) -> None:
            self.send_header("X-Content-Type-Options", "nosniff")
            self.send_header("Cross-Origin-Resource-Policy", "same-origin")
            # The one directive that a page cannot give itself: no page elsewhere may show this one inside its own.
            self.send_header("Content-Security-Policy", "frame-ancestors 'none'")
            super().end_headers()

        def _events(self) -> None:
            """Send server-sent events: one line of JSON for each state (html.spec.whatwg.org, Server-sent events)."""
            self.close_connection = True
            self.send_response(HTTPStatus.OK)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            known: State | None = None
            try:
                while self.command != "HEAD":
                    state = live.wait_for_another(known)
                    message = json.dumps(asdict(state))
                    self.wfile.write(b": still here\n\n" if state == known else f"data: {message}\n\n".encode())
                    self.wfile.flush()
                    known = state
            except OSError:
                # The page was closed.
                return

        def log_message(self, format: str, *args: object) -> None:
            """Log no requests; the pages say what matters."""

    return Handler


def _read_asset(name: str) -> bytes | None:
    try:
        file = (ASSETS / name).resolve()
        return file.read_bytes() if file.is_relative_to(ASSETS.resolve()) and file.is_file() else None
    except (OSError, ValueError):  # a name that is too long, or has a NUL
        return None
