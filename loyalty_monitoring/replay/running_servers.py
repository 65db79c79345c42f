"""Prometheus servers that run: one for all who ask of the same points at the same time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
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
    """Starts servers and ends each when its last user has gone.

    The thread that starts them stays until the end: when that thread ends, so do they (`_dies_with_parent`).
    """

    def __init__(self) -> None:
        self._keeper = ThreadPoolExecutor(max_workers=1)
        self._running: dict[str, _Running] = {}
        self._changing = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._keeper.shutdown()

    @contextmanager
    def server(self, points: str | None, start: Start) -> Iterator[Prometheus]:
        """Yield the server of these points, which `start` starts where none runs; None are points of no other."""
        with self._changing:
            running = None if points is None else self._running.get(points)
            if running is not None and running.prometheus.answers():
                running.users += 1
            else:
                running = self._start(start)
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
                    self._keeper.submit(running.end.close).result()

    def _start(self, start: Start) -> _Running:
        starting = self._keeper.submit(_started, start)
        try:
            return starting.result()
        except BaseException:  # an interruption: what has started all the same ends, too
            starting.add_done_callback(_end)
            raise


def _started(start: Start) -> _Running:
    with ExitStack() as stack:
        prometheus = stack.enter_context(start())
        return _Running(prometheus, stack.pop_all())


def _end(starting: Future[_Running]) -> None:
    if not starting.cancelled() and starting.exception() is None:
        starting.result().end.close()
