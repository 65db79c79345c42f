"""Whoever asks again of the same points shares the server that runs, and no server outlives its last user."""

from __future__ import annotations

import os
import signal
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from loyalty_monitoring.common.errors import UserError
from loyalty_monitoring.replay.prometheus import Prometheus
from loyalty_monitoring.replay.running_servers import RunningServers
from tests.replay.servers import prometheus_over


class Starts:
    """Starts servers over one point, and counts them."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "points.om"
        self._file.write_text('rejected{store="a"} 7 1793577600\n# EOF\n')
        self.count = self.ended = 0

    @contextmanager
    def __call__(self) -> Iterator[Prometheus]:
        self.count += 1
        with prometheus_over(self._file) as prometheus:
            yield prometheus
        self.ended += 1


@pytest.fixture
def start(tmp_path: Path) -> Starts:
    return Starts(tmp_path)


def running() -> list[int]:
    """The Prometheus servers that this process started."""
    children = {child for task in Path("/proc/self/task").glob("*/children") for child in task.read_text().split()}
    return [int(child) for child in children if Path(f"/proc/{child}/comm").read_text().startswith("prometheus")]


def test_those_who_ask_of_the_same_points_share_a_server_until_the_last_has_gone(start: Starts) -> None:
    with RunningServers() as servers:
        with ExitStack() as first, ExitStack() as second:
            one = first.enter_context(servers.server("points", start))
            assert second.enter_context(servers.server("points", start)) is one
            first.close()
            assert one.query_range("rejected", 1793577600, 1793577600, 60)
            assert len(running()) == 1
        assert running() == []
        with servers.server("points", start):
            assert start.count == 2


def test_other_points_have_a_server_of_their_own_and_so_have_points_without_a_key(start: Starts) -> None:
    with RunningServers() as servers, ExitStack() as users:
        for points in ("points", "others", None, None):
            users.enter_context(servers.server(points, start))
        assert (start.count, len(running())) == (4, 4)


def test_a_server_that_was_killed_is_not_handed_out_again(start: Starts) -> None:
    with RunningServers() as servers, ExitStack() as users:
        dead = users.enter_context(servers.server("points", start))
        os.kill(running()[0], signal.SIGKILL)
        alive = users.enter_context(servers.server("points", start))
        with pytest.raises(UserError):
            dead.query_range("rejected", 1793577600, 1793577600, 60)
        assert alive.query_range("rejected", 1793577600, 1793577600, 60)
        assert servers_shared(servers, start) is alive
    assert running() == []


def servers_shared(servers: RunningServers, start: Starts) -> Prometheus:
    with servers.server("points", start) as shared:
        return shared


def test_a_server_that_cannot_start_says_so_and_the_next_one_is_tried(start: Starts) -> None:
    def broken() -> AbstractContextManager[Prometheus]:
        raise UserError("cannot be started")

    with RunningServers() as servers:
        with pytest.raises(UserError), servers.server("points", broken):
            pass
        with servers.server("points", start) as server:
            assert server.answers()


def servers_used(start: Starts) -> None:
    with RunningServers() as servers, servers.server("points", start):
        pytest.fail("it was not interrupted")


def test_a_server_that_starts_while_the_user_is_interrupted_ends(
    start: Starts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    monkeypatch.setattr(tempfile, "tempdir", None)
    (tmp_path / "temporary").mkdir()
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        threading.Timer(0.05, signal.raise_signal, [signal.SIGINT]).start()
        with pytest.raises(KeyboardInterrupt):
            servers_used(start)
    finally:
        signal.signal(signal.SIGINT, handler)
    assert start.count == 1
    assert running() == []
    assert list((tmp_path / "temporary").iterdir()) == []


def test_a_server_that_was_asked_for_in_the_moment_of_an_interruption_ends(
    start: Starts, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit = ThreadPoolExecutor.submit

    def interrupted(*arguments: Any) -> None:
        monkeypatch.setattr(ThreadPoolExecutor, "submit", submit)
        submit(*arguments)
        raise KeyboardInterrupt

    with RunningServers() as servers:
        monkeypatch.setattr(ThreadPoolExecutor, "submit", interrupted)
        with pytest.raises(KeyboardInterrupt), servers.server("points", start):
            pytest.fail("it was not interrupted")
    assert (start.count, start.ended) == (1, 1)
    assert running() == []
