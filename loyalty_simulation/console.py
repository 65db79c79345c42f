"""Simulate the consoles of the module's processes: containers whose lines the logging agent turns into entries."""

from __future__ import annotations

import logging
import time
import traceback
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from io import TextIOBase
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any

from celery.app.defaults import DEFAULT_PROCESS_LOG_FMT
from google.cloud import logging_v2
from google.cloud.logging.handlers import StructuredLogHandler
from google.cloud.logging_v2.handlers.structured_log import GCP_STRUCTURED_LOGGING_FIELDS

from loyalty_monitoring.common.logging_agent import Stream, log_entry_from_line
from loyalty_simulation.clock import SimulatedClock, rfc3339

PROJECT_ID = "demo"

_PROJECT = Path(__file__).parents[1]
# A float may be no number of JSON.
_PLAIN = frozenset((str, int, bool))


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
                "project_id": PROJECT_ID,
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
        self._printed = count(1)

    @contextmanager
    def speaking(self, container: Container | None) -> Iterator[None]:
        before, self.container = self.container, container
        try:
            yield
        finally:
            self.container = before

    def write(self, text: str) -> int:
        stream: Stream = "stdout" if self.container is None or self.container.structured else "stderr"
        for line in text.removesuffix("\n").split("\n"):
            self.print(line, stream)
        return len(text)

    def print(self, line: str, stream: Stream) -> None:
        """Print one line as a process that logs on its own would (nginx)."""
        if self.container is None:
            return
        self._entries.append(
            log_entry_from_line(
                line,
                printed_at=rfc3339(self._clock.now),
                stream=stream,
                resource=self.container.resource,
                insert_id=f"{next(self._printed):08x}",
            )
        )

    def print_event(self, logger: str, severity: str, fields: Mapping[str, str | int], message: str) -> None:
        """Do at once what StructuredLogHandler's line and the agent that reads it come to (see `_is_plain_event`)."""
        if self.container is None:
            return
        self._entries.append(
            {
                "timestamp": rfc3339(self._clock.now),
                "severity": severity,
                "insertId": f"{next(self._printed):08x}",
                "logName": f"projects/{PROJECT_ID}/logs/stdout",
                "resource": self.container.resource,
                "labels": {"python_logger": logger},
                "jsonPayload": {**fields, "message": message},
            }
        )

    def take_until(self, time: str) -> list[dict[str, Any]]:
        """Return the entries before `time` (RFC 3339), in order; later ones stay. Processes run side by side: a long
        task's lines are printed before earlier lines of others.
        """
        self._entries.sort(key=lambda entry: entry["timestamp"])
        count = bisect_left(self._entries, time, key=lambda entry: entry["timestamp"])
        taken, self._entries = self._entries[:count], self._entries[count:]
        return taken


class _ContainerHandler(logging.Handler):
    """The root logger's handler, in all containers: StructuredLogHandler, or Celery's text, as the container has it."""

    def __init__(self, console: Console, clock: SimulatedClock) -> None:
        super().__init__()
        self._console, self._clock = console, clock
        self._structured, self._text = StructuredLogHandler(stream=console), logging.StreamHandler(console)
        # The filters of a handler run in order, and StructuredLogHandler's own reads what this one sets.
        for handler in (self._structured, self._text):
            handler.filters.insert(0, self._simulate)
        self._structured.setFormatter(_ContainerPaths())
        self._text.setFormatter(_ContainerPaths(DEFAULT_PROCESS_LOG_FMT))

    def handle(self, record: logging.LogRecord) -> bool:
        container = self._console.container
        if container is None:
            return False
        if not container.structured:
            return bool(self._text.handle(record))
        if _is_plain_event(record) and logging_v2._instrumentation_emitted:
            self._console.print_event(record.name, record.levelname.upper(), vars(record)["json_fields"], record.msg)
            return True
        return bool(self._structured.handle(record))

    def _simulate(self, record: logging.LogRecord) -> bool:
        # The time a log line is made is the simulated one; Celery's text format prints it.
        record.created = self._clock.time()
        record.msecs = self._clock.now // 1000 % 1000
        # No sourceLocation: line numbers would make every edit a new sample, paths name a machine.
        record.source_location = {}
        return True


_ATTRIBUTES_OF_AN_EVENT = vars(logging.makeLogRecord({"json_fields": {}})).keys()


def _is_plain_event(record: logging.LogRecord) -> bool:
    """Return whether the record is an event with fields that JSON gives back as they were. Nearly all are, and most of
    a simulation's time went into writing their lines and reading them again. The tests hold both ways against each
    other. (What the handler adds in a web request or a span is left out: there is none in a simulation.)
    """
    attributes = vars(record)
    fields = attributes.get("json_fields")
    return (
        type(record) is logging.LogRecord
        and type(fields) is dict
        and attributes.keys() == _ATTRIBUTES_OF_AN_EVENT
        and not any((record.args, record.exc_info, record.exc_text, record.stack_info))
        and {str}.issuperset(map(type, (record.name, record.levelname, record.msg, *fields)))
        and record.name != ""
        and record.levelname.isalpha()  # the handler escapes nothing in it
        and record.msg[:1].isalpha()  # the handler takes JSON apart
        and record.msg != "None"  # and this one for no message
        and _PLAIN.issuperset(map(type, fields.values()))
        and GCP_STRUCTURED_LOGGING_FIELDS.isdisjoint(fields)
    )


@contextmanager
def python_logging(console: Console, clock: SimulatedClock) -> Iterator[None]:
    """Configure Python's root logger as the module documents it, and take it back afterwards."""
    handler = _ContainerHandler(console, clock)
    root = logging.getLogger()
    level, handlers = root.level, root.handlers
    root.setLevel(logging.INFO)
    root.handlers = [handler]
    logging_v2._instrumentation_emitted = False  # each process prints the library's version once
    try:
        yield
    finally:
        root.handlers = handlers
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
