"""Cloud Logging's ListLogEntries over gRPC: it evaluates the filter, sorts, and gives pages with tokens."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
from google.cloud.logging_v2.types import ListLogEntriesRequest, ListLogEntriesResponse, LogEntry
from google.protobuf import json_format

from loyalty_monitoring.replay.entries.match import matching_entries
from tests.checks.verify.server import Cloud


@dataclass
class Logs(Cloud):
    """The project's log entries, in `files` as `gcloud` prints them. `empty_pages` come before each page with any.

    `page_size` is the largest page that is answered, whatever is asked for.
    """

    files: list[Path] = field(default_factory=list)
    empty_pages: int = 0
    found: dict[str, list[Any]] = field(default_factory=dict)

    @property
    def requests(self) -> list[Any]:
        return [asked for _, asked in self.asked]

    def _handlers(self) -> Iterator[Any]:
        yield self._handler(
            "google.logging.v2.LoggingServiceV2", "ListLogEntries", ListLogEntriesRequest, self._entries
        )

    def _entries(self, asked: Any, context: Any) -> Any:
        if asked.page_size > 1000 or len(asked.filter) > 20_000 or asked.order_by != "timestamp asc":
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "page_size, filter or order_by")
        if list(asked.resource_names) != [f"projects/{self.project}"]:
            context.abort(grpc.StatusCode.NOT_FOUND, "Project does not exist")
        number, start = map(int, (asked.page_token or "0-0").split("-"))
        with self.lock:
            if asked.filter not in self.found:
                self.found[asked.filter] = self._matching(asked.filter)
        found = self.found[asked.filter]
        if number < self.empty_pages:
            return ListLogEntriesResponse(next_page_token=f"{number + 1}-{start}")
        end = start + min(self.page_size, asked.page_size)
        token = f"0-{end}" if end < len(found) else ""
        page = ListLogEntriesResponse.pb()(entries=found[start:end], next_page_token=token)
        return ListLogEntriesResponse.wrap(page)

    def _matching(self, text: str) -> list[Any]:
        found = [message(line) for file in self.files for line in matching_entries(text, [file], strict=True)]
        return sorted(found, key=lambda entry: (entry.timestamp.ToNanoseconds(), entry.insert_id))


@functools.cache
def message(line: str) -> Any:
    """The API's LogEntry; made once, since that takes longer than all else."""
    return json_format.Parse(line, LogEntry.pb()())
