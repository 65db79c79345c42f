# Kombu has no types.
# mypy: disable-error-code="misc"
"""Kombu's memory broker, whose waiting worker wakes when a message arrives. Kombu's own looks for messages once in an
interval: even a millisecond is as long as a task takes."""

from __future__ import annotations

import threading
from queue import Empty
from time import monotonic
from typing import Any

from kombu.transport import memory

_arrived = threading.Semaphore(0)


class Channel(memory.Channel):
    def _put(self, *args: Any, **kwargs: Any) -> None:
        super()._put(*args, **kwargs)
        _arrived.release()

    def _put_fanout(self, *args: Any, **kwargs: Any) -> None:
        super()._put_fanout(*args, **kwargs)
        _arrived.release()


class Transport(memory.Transport):
    Channel = Channel

    def drain_events(self, connection: Any, timeout: float | None = None) -> None:
        """Deliver one message, as Kombu's does; TimeoutError when none comes in time."""
        end = None if timeout is None else monotonic() + timeout
        while True:
            try:
                self.cycle.get(self._deliver)
            except Empty:
                if not _arrived.acquire(timeout=None if end is None else max(0.0, end - monotonic())):
                    raise TimeoutError from None
            else:
                return
