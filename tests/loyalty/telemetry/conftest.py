"""What the package's functions print, as entries; and a real Redis server."""

from __future__ import annotations

import io
import logging
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import google.cloud.logging_v2
import pytest
import redis
from celery.signals import setup_logging, task_success
from redis.backoff import NoBackoff
from redis.retry import Retry

from loyalty_monitoring.common.logging_agent import log_entry_from_line
from loyalty_simulation.console import Container
from loyalty_telemetry import event, log_to_google_cloud
from tests.conftest import ROOT
from tests.log_lines import Entry


def entries_of(text: str, printed_at: str = "2026-11-02T03:00:07.120Z") -> list[Entry]:
    """As the logging agent delivers what a worker printed."""
    resource = Container("worker-0", "worker").resource
    return [
        log_entry_from_line(
            line, printed_at=printed_at, stream="stdout", resource=resource, insert_id=f"{printed_at}-{number}"
        )
        for number, line in enumerate(text.split("\n")[:-1])
    ]


@pytest.fixture(autouse=True)
def own_receivers() -> Iterator[None]:
    """What a test connects to Celery's signals is disconnected after it."""
    signals = (setup_logging, task_success)
    before = [signal.receivers[:] for signal in signals]
    yield
    for signal, receivers in zip(signals, before, strict=True):
        signal.receivers[:] = receivers


class Printed:
    """What was logged since the last question."""

    def __init__(self) -> None:
        self.stream = io.StringIO()

    def text(self) -> str:
        text = self.stream.getvalue()
        self.stream.seek(0)
        self.stream.truncate()
        return text

    def entries(self, printed_at: str = "2026-11-02T03:00:07.120Z") -> list[Entry]:
        return entries_of(self.text(), printed_at)

    def entry(self) -> Entry:
        (entry,) = self.entries()
        return entry


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Printed]:
    """Logging as `log_to_google_cloud` sets it up, for one test."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers = []  # logging.basicConfig would close them
    # The first entry of a process comes with one about the library itself.
    monkeypatch.setattr(google.cloud.logging_v2, "_instrumentation_emitted", True)
    found = Printed()
    log_to_google_cloud(stream=found.stream)
    try:
        yield found
    finally:
        root.handlers = handlers
        root.setLevel(level)


@pytest.fixture
def production(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that was just started, outside of pytest."""
    monkeypatch.setenv("LOYALTY_TELEMETRY_STRICT", "0")
    event._told.clear()


class RedisServer:
    """On a loopback port, empty."""

    def __init__(self, folder: Path) -> None:
        libraries = ROOT / ".local" / "redis"
        program = shutil.which("redis-server", path=os.pathsep.join([os.environ.get("PATH", ""), str(libraries)]))
        assert program, "there is no redis-server; run `make develop`"
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self._process = subprocess.Popen(
            [program, "--bind", "127.0.0.1", "--port", str(self.port), "--save", "", "--dir", str(folder)],
            env={**os.environ, "LD_LIBRARY_PATH": str(libraries)},
            stdout=(folder / "redis.log").open("w"),
        )
        patience = time.monotonic() + 60
        while True:
            try:
                self.client().ping()
                return
            except (redis.ConnectionError, redis.TimeoutError):
                assert self._process.poll() is None, (folder / "redis.log").read_text()
                assert time.monotonic() < patience
                time.sleep(0.02)

    def client(self) -> Any:
        """Patient: a busy machine lets a server that is well take longer than applications wait for it."""
        return redis.Redis(port=self.port, socket_timeout=30, socket_connect_timeout=30, retry=Retry(NoBackoff(), 0))

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()


def impatient_client(port: int) -> Any:
    """As docs/telemetry.md says."""
    return redis.Redis(port=port, socket_timeout=0.3, socket_connect_timeout=0.3, retry=Retry(NoBackoff(), 0))


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    try:
        yield server
    finally:
        server.stop()
