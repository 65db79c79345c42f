"""The report on a loopback port, drawn anew when a definition or a log file changes."""

from __future__ import annotations

import json
import mimetypes
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from loyalty_monitoring.common import failures, interruption
from loyalty_monitoring.common.errors import UserError
from loyalty_monitoring.report.site import ASSETS

LOOPBACK = "127.0.0.1"
_HEARTBEAT_SECONDS = 15.0
_BEGIN_MILLISECONDS = 200
_IDLE_SECONDS = 60

Pages = Mapping[str, str]


@dataclass(frozen=True)
class State:
    """The pages of the last success, and the error of the attempt after it."""

    version: int
    pages: Pages
    problem: str | None


class Live:
    """The state that the server's threads read, and wait for."""

    def __init__(self, pages: Pages) -> None:
        self._changed = threading.Condition()
        self._state = State(1, pages, None)

    @property
    def state(self) -> State:
        with self._changed:
            return self._state

    def drawn(self, pages: Pages) -> None:
        with self._changed:
            self._state = State(self._state.version + 1, pages, None)
            self._changed.notify_all()

    def failed(self, problem: str) -> None:
        with self._changed:
            self._state = State(self._state.version, self._state.pages, problem)
            self._changed.notify_all()

    def wait_for_another(self, known: State | None) -> State:
        """Return the first state that is not the known one; the known one again when nothing came for a while."""
        with self._changed:
            self._changed.wait_for(lambda: self._state is not known, _HEARTBEAT_SECONDS)
            return self._state


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


def redraw(live: Live, draw: Callable[[], Pages]) -> None:
    """Draw once more; what is wrong, whatever it is, is shown on the pages, which stay as they were."""
    try:
        live.drawn(draw())
    except Exception as error:
        if interruption.caught():
            raise
        live.failed(failures.explain(error))


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
            found = _found(live.state.pages, path)
            if found is None:
                self._answer(HTTPStatus.NOT_FOUND, "text/plain", b"no such page\n")
                return
            kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
            self._answer(HTTPStatus.OK, f"{kind}; charset=utf-8", found)

        do_HEAD = do_GET

        def _answer(self, status: HTTPStatus, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
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
                    message = json.dumps({"version": state.version, "problem": state.problem})
                    self.wfile.write(b": still here\n\n" if state is known else f"data: {message}\n\n".encode())
                    self.wfile.flush()
                    known = state
            except OSError:
                # The page was closed.
                return

        def log_message(self, format: str, *args: object) -> None:
            """Log no requests; the pages say what matters."""

    return Handler


def _found(pages: Pages, path: str) -> bytes | None:
    if path in pages:
        return pages[path].encode(errors="replace")
    folder, _, name = path.partition("/")
    if folder != "assets":
        return None
    try:
        file = (ASSETS / name).resolve()
        return file.read_bytes() if file.is_relative_to(ASSETS.resolve()) and file.is_file() else None
    except (OSError, ValueError):  # a name that is too long, or has a NUL
        return None
