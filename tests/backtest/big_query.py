"""A BigQuery emulator in a process of its own, with a view of log entries as Log Analytics has it."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

from loyalty_monitoring.backtest.view import View

VIEW = View("project-1", "logs", "_AllLogs")
PROJECT = VIEW.project

# The emulator fetches a DuckDB extension for geography from the internet when it starts. Nothing here is geography.
_WITHOUT_GEOGRAPHY = """
from bqemulator.storage.engine import DuckDBEngine
DuckDBEngine._load_spatial = lambda self: None
from bqemulator.cli import main
main()
"""
_FIELD = bigquery.SchemaField


def _schema(columns: dict[str, dict[str, str] | str]) -> list[Any]:
    return [
        _FIELD(name, kind) if isinstance(kind, str) else _FIELD(name, "RECORD", fields=_schema(dict(kind)))
        for name, kind in columns.items()
    ]


_HTTP = {
    "request_method": "STRING",
    "request_url": "STRING",
    "request_size": "INT64",
    "status": "INT64",
    "response_size": "INT64",
    "user_agent": "STRING",
    "remote_ip": "STRING",
    "server_ip": "STRING",
    "referer": "STRING",
    "protocol": "STRING",
}
_SCHEMA = _schema(
    {
        "number": "INT64",  # not a column of Log Analytics: tells the entries apart
        "timestamp": "TIMESTAMP",
        "receive_timestamp": "TIMESTAMP",
        **dict.fromkeys(("severity", "log_name", "insert_id", "text_payload", "trace", "span_id"), "STRING"),
        "trace_sampled": "BOOL",
        "json_payload": "JSON",
        "labels": "JSON",
        "resource": {"type": "STRING", "labels": "JSON"},
        "http_request": _HTTP,
        "source_location": {"file": "STRING", "line": "INT64", "function": "STRING"},
    }
)


class Emulator:
    """BigQuery's REST API on a loopback port."""

    def __init__(self, port: int) -> None:
        self.endpoint = f"127.0.0.1:{port}"
        self.client = bigquery.Client(
            project=PROJECT,
            credentials=AnonymousCredentials(),
            client_options={"api_endpoint": f"http://{self.endpoint}"},
        )
        self.client.create_dataset(VIEW.dataset)

    def put(self, entries: Sequence[dict[str, Any]], name: str = VIEW.view) -> View:
        """Make a table of the entries, with the columns of a Log Analytics view."""
        view = View(PROJECT, VIEW.dataset, name)
        self.client.create_table(bigquery.Table(str(view), schema=_SCHEMA))
        rows = [{"number": number, **_row(entry)} for number, entry in enumerate(entries)]
        for start in range(0, len(rows), 2000):
            assert self.client.insert_rows_json(str(view), rows[start : start + 2000]) == []
        return view

    def rows(self, query: str) -> list[dict[str, Any]]:
        return [dict(row) for row in self.client.query_and_wait(query, retry=None, job_retry=None)]


@contextmanager
def emulator(folder: Path) -> Iterator[Emulator]:
    ports = []
    for _ in range(2):
        with socket.create_server(("127.0.0.1", 0)) as free:
            ports.append(free.getsockname()[1])
    options = ["start", "--rest-port", str(ports[0]), "--grpc-port", str(ports[1]), "--log-level", "error"]
    with (folder / "emulator.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", _WITHOUT_GEOGRAPHY, *options],
            env={**os.environ, "BQEMU_ENABLE_FORMAT_EXTENSIONS": "false"},
            stdout=log,
            stderr=log,
        )
    try:
        patience = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", ports[0]), 1).close()
                break
            except OSError:
                assert process.poll() is None, (folder / "emulator.log").read_text()[-2000:]
                assert time.monotonic() < patience
                time.sleep(0.05)
        yield Emulator(ports[0])
    finally:
        process.kill()
        process.wait()


def _row(entry: dict[str, Any]) -> dict[str, Any]:
    def plain(column: str, of: dict[str, Any] = entry) -> Any:
        return of.get(re.sub("_(.)", lambda found: found[1].upper(), column))

    resource = entry["resource"]
    request, source = entry.get("httpRequest"), entry.get("sourceLocation")
    whole = ("json_payload", "labels", "resource", "http_request", "source_location", "number")
    return {
        **{field.name: plain(field.name) for field in _SCHEMA if field.name not in whole},
        "json_payload": _json(entry.get("jsonPayload")),
        "labels": _json(entry.get("labels")),
        "resource": {"type": resource["type"], "labels": _json(resource.get("labels", {}))},
        "http_request": request and {column: plain(column, request) for column in _HTTP},
        "source_location": source and {column: source.get(column) for column in ("file", "line", "function")},
    }


def _json(value: Any) -> str | None:
    return None if value is None else json.dumps(value)
