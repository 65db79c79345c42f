"""A running `serve`, of a copy of the project that tests may change."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.conftest import PROGRAM, copy_project
from tests.log_lines import START, event, hours, write

PATIENCE_SECONDS = 60.0


@dataclass
class Served:
    """A running `serve` of a copy of the project."""

    process: subprocess.Popen[str]
    project: Path
    port: int

    def get(self, path: str, host: str | None = None) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_SECONDS)
        connection.request("GET", path, headers={"Host": host} if host else {})
        answer = connection.getresponse()
        found = answer.status, answer.read().decode()
        connection.close()
        return found

    def prometheus(self) -> list[str]:
        """The processes of the servers that answer its queries."""
        tasks = Path(f"/proc/{self.process.pid}/task").glob("*/children")
        children = [child for task in tasks for child in _told(task).split()]
        return [child for child in children if _told(Path(f"/proc/{child}/comm")).startswith("prometheus")]

    def states(self) -> Iterator[dict[str, Any]]:
        """What pages are told, but that another version is on its way."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_SECONDS)
        connection.request("GET", "/events")
        answer = connection.getresponse()
        try:
            deadline = time.monotonic() + PATIENCE_SECONDS
            while line := answer.readline():
                assert time.monotonic() < deadline, "nothing was told"
                if line.startswith(b"data: "):
                    state = json.loads(line[len(b"data: ") :])
                    if not state.pop("drawing"):
                        yield state
                    deadline = time.monotonic() + PATIENCE_SECONDS
        finally:
            connection.close()


def _told(file: Path) -> str:
    """What the system tells of a process or a thread: nothing of one that has ended meanwhile."""
    with suppress(FileNotFoundError, ProcessLookupError):
        return file.read_text()
    return ""


def rewrite(file: Path, content: str | bytes) -> None:
    """Another file of this name, whole at once: a server must not see it emptied and not yet written."""
    beside = file.with_suffix(".beside")
    beside.write_bytes(content.encode() if isinstance(content, str) else content)
    beside.replace(file)


@contextmanager
def serving(project: Path) -> Iterator[Served]:
    """Copies the project into an empty folder, and serves it from there."""
    copy_project(project)
    log = write(
        project / "log.jsonl",
        [event("rate_limit_exceeded", START + hours(1), severity="WARNING", store_id="s-1", status=429)],
    )
    command = [PROGRAM, "serve", "--port", "0", str(log)]
    process = subprocess.Popen(
        command,
        cwd=project,
        # As users have it: what is known is kept, but not from run to run.
        env={**os.environ, "LOYALTY_MONITORING_CACHE": str(project / "cache"), "LOYALTY_MONITORING_CACHE_SIZE": "50MB"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Whoever runs the tests in the background ignores Ctrl-C, and children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stdout
    address = process.stdout.readline().strip()
    assert address.startswith("http://127.0.0.1:"), process.communicate()
    yield Served(process, project, int(address.rstrip("/").rpartition(":")[2]))
    process.kill()
    process.communicate()
