"""Prometheus servers that run: one for all who ask of the same points at the same time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from typing import Self

from loyalty_monitoring.replay.prometheus import Prometheus

Start = Callable[[], AbstractContextManager[Prometheus]]


@dataclass
class _Running:
    """A server, what ends it, and how many use it."""

    prometheus: Prometheus
    end: ExitStack
    users: int = 1


class RunningServers:
    """Starts servers and ends each when its last user has gone, and all that are left at its own end.

    The thread that starts them stays until the end: when that thread ends, so do they (`_dies_with_parent`). It is
    there before the first of them, since of a thread whose start is interrupted nobody knows.
    """

    def __init__(self) -> None:
        self._keeper = ThreadPoolExecutor(max_workers=1)
        self._running: dict[str, _Running] = {}
        self._ends: set[ExitStack] = set()  # used by the keeper's thread alone
        self._changing = threading.Lock()
        self._keeper.submit(int).result()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        # Where whoever asked for a server was interrupted, nobody else knows of it.
        self._keeper.submit(self._end_all)
        self._keeper.shutdown()

    @contextmanager
    def server(self, points: str | None, start: Start) -> Iterator[Prometheus]:
        """Yield the server of these points, which `start` starts where none runs; None are points of no other."""
        with self._changing:
            running = None if points is None else self._running.get(points)
            if running is not None and running.prometheus.answers():
                running.users += 1
            else:
                running = self._keeper.submit(self._start, start).result()
                if points is not None:
                    self._running[points] = running
        try:
            yield running.prometheus
        finally:
            with self._changing:
                running.users -= 1
                if not running.users:
                    if points is not None and self._running.get(points) is running:
                        del self._running[points]
                    self._keeper.submit(self._end, running.end).result()

    def _start(self, start: Start) -> _Running:
        with ExitStack() as stack:
            prometheus = stack.enter_context(start())
            end = stack.pop_all()
        self._ends.add(end)
        return _Running(prometheus, end)

    def _end(self, end: ExitStack) -> None:
        self._ends.discard(end)
        end.close()

    def _end_all(self) -> None:
        for end in list(self._ends):
            self._end(end)
