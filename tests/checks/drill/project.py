"""A Google Cloud project for drills: it takes log entries, counts them and opens incidents, over real sockets.

What it opens, a model of Cloud Monitoring says (tests/checks/fired/cloud_monitoring.py), by the entries that were
written and by the clock: nothing can be read before its time.
"""

from __future__ import annotations

import dataclasses
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from google.cloud.logging_v2.types import (
    ListLogEntriesRequest,
    ListLogEntriesResponse,
    WriteLogEntriesRequest,
    WriteLogEntriesResponse,
)
from google.protobuf import json_format

from loyalty_monitoring.definitions.model import Definitions
from loyalty_monitoring.definitions.settings import Settings
from loyalty_monitoring.replay.entries.match import matching_entries
from tests.backtest.server import message
from tests.checks.fired.cloud_monitoring import CloudMonitoring, Opened
from tests.checks.verify.server import Cloud, deploy


@dataclass
class FakeClock:
    """A clock that only goes on when somebody sleeps."""

    at: datetime

    def now(self) -> datetime:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@dataclass
class Scratch(Cloud):
    """`late` is how late points are; incidents are those of the policies in `only`. Without `clock`, everything that
    will ever open is there at once.
    """

    definitions: Definitions | None = None
    folder: Path = Path()
    clock: FakeClock | None = None
    late: timedelta = timedelta(minutes=3)
    only: frozenset[str] = frozenset()
    written: list[dict[str, Any]] = field(default_factory=list)
    opened: list[Opened] = field(default_factory=list)
    found: dict[tuple[str, int, int], list[Any]] = field(default_factory=dict)

    @property
    def model(self) -> CloudMonitoring:
        assert self.definitions is not None
        return CloudMonitoring(self.definitions, late=self.late, only=self.only)

    def _handlers(self) -> Iterator[Any]:
        yield from super()._handlers()
        service = "google.logging.v2.LoggingServiceV2"
        yield self._handler(service, "ListLogEntries", ListLogEntriesRequest, self._list)
        yield self._handler(service, "WriteLogEntries", WriteLogEntriesRequest, self._write)

    def _now(self) -> datetime:
        return self.clock.now() if self.clock else datetime.now(UTC) + timedelta(days=3)

    def _write(self, asked: Any, _: Any) -> Any:
        entries = [json_format.MessageToDict(type(entry).pb(entry)) for entry in asked.entries]
        received = (self.clock.now() if self.clock else datetime.now(UTC)) + timedelta(seconds=2)
        with self.lock:
            self.written += [{**entry, "receiveTimestamp": _text(received)} for entry in entries]
            file = self._file(self.written)
            first = min(datetime.fromisoformat(entry["timestamp"]) for entry in self.written)
            # What a written line can change opens from now on; what was open stays as it was.
            self.opened = self.model.incidents([file], first, first + timedelta(hours=5))
            self._count(file, received)
        return WriteLogEntriesResponse()

    def _count(self, file: Path, received: datetime) -> None:
        assert self.definitions is not None
        for metric in self.definitions.log_metrics:
            found = [json.loads(line) for line in matching_entries(metric.body["filter"], [file])]
            if found:
                newest = max(datetime.fromisoformat(entry["timestamp"]) for entry in found)
                self.last_points[metric.api_name] = newest.replace(second=0, microsecond=0) + timedelta(minutes=1)

    def _time_series(self, asked: Any, context: Any) -> Any:
        name = asked.filter.split('"')[1].removeprefix("logging.googleapis.com/user/")
        last = self.last_points.get(name)
        if last is not None and last + self.late > self._now():
            del asked.interval
            asked.interval = {"start_time": last + timedelta(hours=1), "end_time": last + timedelta(hours=1)}
        return super()._time_series(asked, context)

    def _list(self, asked: Any, _: Any) -> Any:
        now = self._now()
        violations = [one for one in self.model.violation_logs(self._until(now)) if one["timestamp"] <= _text(now)]
        key = (asked.filter, len(self.written), len(violations))
        if key not in self.found:
            file = self._file([*self.written, *violations])
            found = [message(line) for line in matching_entries(asked.filter, [file])]
            self.found[key] = sorted(found, key=lambda entry: entry.timestamp.ToNanoseconds())
        found = self.found[key]
        return ListLogEntriesResponse.wrap(ListLogEntriesResponse.pb()(entries=found[: asked.page_size]))

    def _until(self, now: datetime) -> list[Opened]:
        """The incidents as they are known at a moment."""
        return [
            dataclasses.replace(one, closed=one.closed if one.closed and one.closed <= now else None)
            for one in self.opened
            if one.opened <= now
        ]

    def _file(self, entries: list[dict[str, Any]]) -> Path:
        file = self.folder / f"entries-{threading.get_ident()}.jsonl"
        file.write_text("".join(json.dumps(entry) + "\n" for entry in entries))
        return file

    @contextmanager
    def alerts_served(self) -> Iterator[str]:
        """The Alerts API over HTTP; gives HOST:PORT."""
        project = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, body = 200, project.model.alerts(project._until(project._now()))
                if "alerts" in project.fail:
                    status, body = 403, {"error": {"code": 403, "message": "no", "status": "PERMISSION_DENIED"}}
                text = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_: Any) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


def scratch(settings: Settings, definitions: Definitions, folder: Path, clock: FakeClock | None) -> Scratch:
    """The project with the stack deployed, whose policies have the ids of the model."""
    project = Scratch(settings.project, definitions=definitions, folder=folder, clock=clock)
    deploy(project, settings, definitions)
    project.last_points = dict.fromkeys(project.last_points)
    for policy in definitions.alert_policies:
        deployed = project.alert_policies[policy.name]
        deployed.name = f"projects/{settings.project}/alertPolicies/{project.model.policy_id(policy)}"
    return project


def _text(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")
