"""Simulate the consoles of the module's processes: containers whose lines the logging agent turns into entries."""

from __future__ import annotations

import logging
import time
import traceback
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from io import TextIOBase
from pathlib import Path
from types import TracebackType
from typing import Any

from celery.app.defaults import DEFAULT_PROCESS_LOG_FMT
from google.cloud import logging_v2
from google.cloud.logging.handlers import StructuredLogHandler

from loyalty_monitoring.common.logging_agent import Stream, log_entry_from_line
from loyalty_simulation.clock import SimulatedClock, rfc3339

_PROJECT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Container:
    """A container and how its Python logs: through StructuredLogHandler on stdout, or in Celery's default text
    format on stderr (what a worker does whose logging nobody configured)."""

    pod_name: str
    container_name: str
    structured: bool = True

    @cached_property
    def resource(self) -> dict[str, Any]:
        return {
            "type": "k8s_container",
            "labels": {
                "project_id": "demo",
                "namespace_name": "loyalty",
                "pod_name": self.pod_name,
                "container_name": self.container_name,
                "cluster_name": "c1",
                "location": "europe-west1",
            },
        }


class Console(TextIOBase):
    """The stream that the log handlers print on. One container speaks at a time; none: the line is dropped
    (a worker that starts before the story does)."""

    def __init__(self, clock: SimulatedClock) -> None:
        self.container: Container | None = None
        self._entries: list[dict[str, Any]] = []
        self._clock = clock
        self._printed = 0

    @contextmanager
    def speaking(self, container: Container | None) -> Iterator[None]:
        before, self.container = self.container, container
        try:
            yield
        finally:
            self.container = before

    def write(self, text: str) -> int:
        stream: Stream = "stdout" if self.container is None or self.container.structured else "stderr"
        for line in text.splitlines():
            self.print(line, stream)
        return len(text)

    def print(self, line: str, stream: Stream) -> None:
        """Print one line as a process that logs on its own would (nginx)."""
        if self.container is None:
            return
        self._printed += 1
        self._entries.append(
            log_entry_from_line(
                line,
                printed_at=rfc3339(self._clock.now),
                stream=stream,
                resource=self.container.resource,
                insert_id=f"{self._printed:08x}",
            )
        )

    def take_until(self, time: str) -> list[dict[str, Any]]:
        """Return the entries before `time` (RFC 3339), in order; later ones stay. Processes run side by side: a long
        task's lines are printed before earlier lines of others.
        """
        self._entries.sort(key=lambda entry: entry["timestamp"])
        count = bisect_left(self._entries, time, key=lambda entry: entry["timestamp"])
        taken, self._entries = self._entries[:count], self._entries[count:]
        return taken


@contextmanager
def python_logging(console: Console, clock: SimulatedClock) -> Iterator[None]:
    """Configure Python's root logger as the module documents it, and take it back afterwards."""

    def of(structured: bool) -> Any:
        def speaks(record: logging.LogRecord) -> bool:
            # The time a log line is made is the simulated one; Celery's text format prints it.
            record.created = clock.time()
            record.msecs = clock.now // 1000 % 1000
            # No sourceLocation: line numbers would make every edit a new sample, paths name a machine.
            record.source_location = {}
            # A handler before ours may have written the traceback down, with the paths of this machine.
            record.exc_text = None
            return console.container is not None and console.container.structured == structured

        return speaks

    structured, text = StructuredLogHandler(stream=console), logging.StreamHandler(console)
    # The filters of a handler run in order, and the handler's own one reads what `of` sets.
    structured.filters.insert(0, of(True))
    text.addFilter(of(False))
    structured.setFormatter(_ContainerPaths())
    text.setFormatter(_ContainerPaths(DEFAULT_PROCESS_LOG_FMT))
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.INFO)
    handlers: tuple[logging.Handler, ...] = (structured, text)
    for handler in handlers:
        root.addHandler(handler)
    logging_v2._instrumentation_emitted = False  # each process prints the library's version once
    try:
        yield
    finally:
        for handler in handlers:
            root.removeHandler(handler)
        root.setLevel(level)
        logging.captureWarnings(False)  # Celery's worker turns it on


class _ContainerPaths(logging.Formatter):
    """Tracebacks with the paths of a container image, and UTC, wherever the sample is made."""

    converter = staticmethod(time.gmtime)

    def formatException(
        self, ei: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
    ) -> str:
        _, error, trace = ei
        lines = ["Traceback (most recent call last):"]
        for frame in traceback.extract_tb(trace):
            lines.append(f'  File "{_container_path(frame.filename)}", line {frame.lineno}, in {frame.name}')
            lines.append(f"    {frame.line}")
        return "\n".join([*lines, *"".join(traceback.format_exception_only(error)).splitlines()])


def _container_path(filename: str) -> str:
    _, installed, rest = filename.rpartition("/site-packages/")
    if installed:
        return f"/usr/local/lib/python3/site-packages/{rest}"
    return filename.replace(f"{_PROJECT}/", "/srv/")
