"""Log entries of a project through Google's own client over gRPC (LoggingServiceV2.ListLogEntries), as JSON lines.

Pages are read one after another. Reading slices of the time side by side would gain little: what limits is the quota of
read requests (api_limits.py), which all readers of a project share. Nothing is paced beforehand; when a request is
refused, it is sent again after growing pauses.

An entry may have 256 KiB, so a page of a thousand may have 250 MB. Pages are kept small by asking for fewer entries
where they are large: "if the user changes the page_size in a request for subsequent pages, the service must honor the
new page size" (https://google.aip.dev/158).

A page without entries can have a next page: the search did not come to its end in time (ListLogEntriesResponse,
google/logging/v2/logging.proto). A page's token is good for 24 hours (https://docs.cloud.google.com/logging/quotas).
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from google.api_core import exceptions
from google.cloud.logging_v2.services.logging_service_v2 import LoggingServiceV2Client
from google.cloud.logging_v2.types import ListLogEntriesRequest, LogEntry, WriteLogEntriesRequest
from google.protobuf import json_format

from loyalty_monitoring.common.atomic_files import Out, check_room
from loyalty_monitoring.common.database import Progress
from loyalty_monitoring.common.errors import UserError
from loyalty_monitoring.google_cloud.api_limits import PAGE_SIZE
from loyalty_monitoring.google_cloud.clients import Needs, credentials, explained, grpc_client, is_too_large
from loyalty_monitoring.google_cloud.paging import PageTokens

# Entries of other buckets than _Default and _Required need roles/logging.viewAccessor, private ones (Data Access audit
# logs) roles/logging.privateLogViewer: docs.cloud.google.com/logging/docs/access-control. The module writes neither.
_NEEDS = Needs("logging.logEntries.list", "roles/logging.viewer", "logging.googleapis.com")
_SCOPE = "https://www.googleapis.com/auth/logging.read"
_NEEDS_WRITE = Needs("logging.logEntries.create", "roles/logging.logWriter", "logging.googleapis.com")
_WRITE_SCOPE = "https://www.googleapis.com/auth/logging.write"
_LARGEST_PAGE = 32 * 2**20  # bytes; it is in memory three times, and once more as lines
_ONE_TRY = 60.0  # seconds, as the client's own default
_ONE_PAGE = 300.0  # seconds of trying without an answer, whatever the time for all
_PASSING = (
    exceptions.ServiceUnavailable,
    exceptions.InternalServerError,
    exceptions.DeadlineExceeded,
    exceptions.ResourceExhausted,
)


@dataclass(frozen=True)
class Reading:
    """`waited` are seconds of pauses because the quota was used up; `first` is the first entry's time."""

    entries: int
    requests: int
    waited: float
    first: datetime | None


def read_entries(
    project: str,
    filter_text: str,
    start: datetime,
    end: datetime,
    out: Out,
    *,
    timeout: float,
    endpoint: str | None = None,
    progress: Progress | None = None,
) -> Reading:
    """Write the entries that the filter names to `out`, one LogEntry a line, in the order of their timestamps.

    `start` and `end` bound the filter and are for the progress alone. `timeout` is in seconds, for all pages
    with all their tries. With `endpoint` (HOST:PORT) that server is asked. Errors: UserError.
    """
    signed_in = credentials(_SCOPE) if endpoint is None else None
    request = ListLogEntriesRequest(
        resource_names=[f"projects/{project}"],
        filter=filter_text,
        order_by="timestamp asc",
        page_size=PAGE_SIZE,
    )
    first: datetime | None = None
    last: datetime | None = None
    read = 0
    tokens = PageTokens("the list of entries")
    with grpc_client(LoggingServiceV2Client, endpoint, signed_in, _LARGEST_PAGE) as client:
        pages = _Pages(client, project, timeout, progress)
        while True:
            pages.share = ((last or start) - start) / (end - start)
            pages.tell(f"Reading {project}: {last:%d %b %H:%M}" if last else f"Searching {project}")
            page = pages.get(request)
            for entry in page.entries:
                out.write(as_line(entry))
            check_room(out)
            if page.entries:
                first = first or _time(page.entries[0])
                last = _time(page.entries[-1])
                read += len(page.entries)
            if not page.next_page_token:
                return Reading(read, pages.requests, pages.waited, first)
            tokens.see(page.next_page_token)
            request.page_token = page.next_page_token


def list_entries(
    project: str, filter_text: str, *, most: int, timeout: float, endpoint: str | None = None
) -> list[dict[str, Any]]:
    """Return the first entries that the filter names, `most` of them, in the order of their timestamps, as the API's
    JSON.

    `timeout` is in seconds, for all pages together. Errors: UserError.
    """
    signed_in = credentials(_SCOPE) if endpoint is None else None
    request = ListLogEntriesRequest(
        resource_names=[f"projects/{project}"],
        filter=filter_text,
        order_by="timestamp asc",
        page_size=min(PAGE_SIZE, most),
    )
    found: list[dict[str, Any]] = []
    tokens = PageTokens("the list of entries")
    with grpc_client(LoggingServiceV2Client, endpoint, signed_in, _LARGEST_PAGE) as client:
        pages = _Pages(client, project, timeout, None, request.page_size)
        while True:
            page = pages.get(request)
            found += [json.loads(as_line(entry)) for entry in page.entries]
            if not page.next_page_token or len(found) >= most:
                return found[:most]
            tokens.see(page.next_page_token)
            request.page_token = page.next_page_token


def write_entries(
    project: str, entries: Sequence[dict[str, Any]], *, timeout: float, endpoint: str | None = None
) -> None:
    """Write entries, given as the API's JSON with their logName and resource; all of one call, or none.

    Nothing is tried twice: after a lost answer the entries may be there, and whether a log-based metric counts the same
    entry again is not documented. `timeout` is in seconds. Errors: UserError.
    """
    signed_in = credentials(_WRITE_SCOPE) if endpoint is None else None
    messages = [LogEntry.wrap(json_format.ParseDict(entry, LogEntry.pb()())) for entry in entries]
    with grpc_client(LoggingServiceV2Client, endpoint, signed_in) as client:
        try:
            client.write_log_entries(WriteLogEntriesRequest(entries=messages), retry=None, timeout=timeout)
        except exceptions.GoogleAPICallError as error:
            raise UserError(explained(error, _NEEDS_WRITE, project, timeout)) from error


class _Pages:
    """Pages of `most` entries, each tried until its time or that of all is up; counts what that took."""

    def __init__(
        self, client: Any, project: str, timeout: float, progress: Progress | None, most: int = PAGE_SIZE
    ) -> None:
        self.client = client
        self.project = project
        self.timeout = timeout
        self.end = time.monotonic() + timeout
        self.progress = progress
        self.most = most
        self.share = 0.0
        self.requests = 0
        self.waited = 0.0

    def tell(self, what: str) -> None:
        if self.progress is not None:
            self.progress(what, self.share)

    def get(self, request: Any) -> Any:
        """Return the page, as protobuf's own message. Errors: UserError.

        A page that is too large is asked for again with half as many entries; where pages are small again, the next one
        is asked for with twice as many.
        """
        limit = min(self.end, time.monotonic() + _ONE_PAGE)
        failures = 0
        while True:
            self.requests += 1
            try:
                left = limit - time.monotonic()
                if left <= 0:
                    raise exceptions.DeadlineExceeded("no time is left")
                answer = self.client.list_log_entries(request, retry=None, timeout=min(left, _ONE_TRY))
                response = next(iter(answer.pages))
                page = type(response).pb(response)
                if page.ByteSize() < _LARGEST_PAGE // 4:
                    request.page_size = min(2 * request.page_size, self.most)
                return page
            except exceptions.GoogleAPICallError as error:
                if is_too_large(error) and request.page_size > 1:
                    request.page_size //= 2
                    continue
                refused = isinstance(error, exceptions.ResourceExhausted)
                # The quota is one of a minute; whoever is unavailable may be back at once.
                pause = min(2.0**failures, 30.0) if refused else min(0.1 * 2.0**failures, 5.0)
                failures += 1
                if not isinstance(error, _PASSING) or time.monotonic() + pause >= limit:
                    raise UserError(explained(error, _NEEDS, self.project, self.timeout)) from error
            if refused:
                self.tell(f"Waiting {pause:.0f} s for the read quota")
                self.waited += pause
            elif failures > 2:
                self.tell(f"No answer from {_NEEDS.service}")
            time.sleep(pause)


def as_line(entry: Any) -> bytes:
    """Return a LogEntry as REST and `gcloud` write it, in one line."""
    try:
        body = json_format.MessageToDict(entry)
    except (json_format.Error, TypeError, ValueError):
        body = _of_odd(entry)
    if "jsonPayload" in body:
        body["jsonPayload"] = _numbers(body["jsonPayload"])
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _of_odd(entry: Any) -> dict[str, Any]:
    """Return an entry that protobuf cannot write as JSON: its protoPayload is of a type that is not installed, of which
    the type's name stays, or a number in its jsonPayload is none, which becomes the text "NaN", "Infinity" or
    "-Infinity".
    """
    rest = LogEntry.pb()()
    rest.CopyFrom(entry)
    odd: dict[str, Any] = {}
    if entry.HasField("proto_payload"):
        rest.ClearField("proto_payload")
        odd = {"protoPayload": {"@type": entry.proto_payload.type_url}}
    elif entry.HasField("json_payload"):
        rest.ClearField("json_payload")
        odd = {"jsonPayload": _fields(entry.json_payload)}
    return {**json_format.MessageToDict(rest), **odd}


def _fields(struct: Any) -> dict[str, Any]:
    return {key: _value(value) for key, value in struct.fields.items()}


def _value(value: Any) -> Any:
    match value.WhichOneof("kind"):
        case "number_value":
            number = value.number_value
            return number if math.isfinite(number) else json.dumps(number)
        case "struct_value":
            return _fields(value.struct_value)
        case "list_value":
            return [_value(item) for item in value.list_value.values]
        case "null_value" | None:
            return None
        case kind:
            return getattr(value, kind)


def _numbers(value: Any) -> Any:
    """Write the doubles of a Struct as REST does, 1 where protobuf's Python writes 1.0."""
    if isinstance(value, dict):
        return {key: _numbers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_numbers(item) for item in value]
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    return value


def _time(entry: Any) -> datetime:
    return entry.timestamp.ToDatetime(tzinfo=UTC)  # type: ignore[no-any-return]
