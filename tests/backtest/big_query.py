"""BigQuery's REST API on a loopback port, as far as a query job needs it; Google's reference implementation answers.

Source of requests and answers: https://cloud.google.com/bigquery/docs/reference/rest/v2 (jobs.insert,
jobs.getQueryResults), and what google-cloud-bigquery sends.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from loyalty_monitoring.backtest.view import View
from tests.backtest import google_analyzer
from tests.backtest.google_analyzer import PROJECT, VIEW

_TYPES = {
    "metric": "INTEGER",
    "minute": "INTEGER",
    "type": "STRING",
    "resource": "STRING",
    "labels": "STRING",
    "bucket": "INTEGER",
    "matched": "INTEGER",
    "valued": "INTEGER",
    "total": "FLOAT",
    "first": "TIMESTAMP",
    "last": "TIMESTAMP",
}


class Refusal(Exception):
    """An error of the API."""

    def __init__(self, code: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.body = {"code": code, "message": message, "errors": [{"reason": reason, "message": message}]}


class Server:
    """What is asked and answered. `refusals` are given first; without entries only dry runs are answered."""

    def __init__(self) -> None:
        self.bytes = 3 * 2**30
        self.views: dict[str, Sequence[dict[str, Any]]] = {}
        self.refusals: list[tuple[int, str, str]] = []
        self.asked: list[dict[str, Any]] = []
        self._answers: dict[str, list[dict[str, Any]]] = {}
        self._known: dict[tuple[str, str], list[dict[str, Any]]] = {}
        self._one_at_a_time = threading.Lock()

    def insert(self, body: dict[str, Any]) -> dict[str, Any]:
        """jobs.insert: a dry run says the bytes, another query is run at once."""
        self.asked.append(body)
        if self.refusals:
            raise Refusal(*self.refusals.pop(0))
        configuration = body["configuration"]
        if not configuration.get("dryRun"):
            with self._one_at_a_time:
                self._answers[body["jobReference"]["jobId"]] = self._rows(configuration["query"])
        elif self.views:
            self._view(configuration["query"]["query"])
        statistics = {"totalBytesProcessed": str(self.bytes), "query": {"totalBytesProcessed": str(self.bytes)}}
        reference = {"location": "EU", **body.get("jobReference", {}), "projectId": PROJECT}
        return {
            "kind": "bigquery#job",
            "configuration": configuration,
            "jobReference": reference,
            "statistics": statistics,
            "status": {"state": "DONE"},
        }

    def results(self, job: str, most: int, token: int) -> dict[str, Any]:
        """jobs.getQueryResults: a page of the rows."""
        rows = self._answers[job]
        page = rows[token : token + most]
        answer: dict[str, Any] = {
            "kind": "bigquery#getQueryResultsResponse",
            "jobReference": {"projectId": PROJECT, "jobId": job, "location": "EU"},
            "jobComplete": True,
            "schema": {"fields": [{"name": name, "type": kind} for name, kind in _TYPES.items()]},
            "totalRows": str(len(rows)),
            "rows": [{"f": [{"v": _written(row[name])} for name in _TYPES]} for row in page],
        }
        return answer | ({"pageToken": str(token + most)} if token + most < len(rows) else {})

    def _view(self, query: str) -> str:
        (name,) = set(re.findall(r"`([^`]+)`", query))
        if name not in self.views:
            raise Refusal(404, "notFound", f"Not found: Table {name.replace('.', ':', 1)} was not found in location EU")
        return name

    def _rows(self, query: dict[str, Any]) -> list[dict[str, Any]]:
        sql = query["query"]
        name = self._view(sql)
        for one in query["queryParameters"]:
            value = one["parameterValue"]["value"]
            sql = sql.replace(f"@{one['name']}", f"TIMESTAMP '{value}'")
        if (name, sql) not in self._known:
            self._known[name, sql] = self._counted(sql, name)
        return self._known[name, sql]

    def _counted(self, sql: str, name: str) -> list[dict[str, Any]]:
        try:
            return google_analyzer.rows(sql, self.views[name], View(*name.split(".")))
        except google_analyzer.Refused as error:
            raise Refusal(400, "invalidQuery", str(error)) from error


@contextmanager
def serving(server: Server) -> Iterator[str]:
    """The endpoint of the server."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self._answer(lambda: server.insert(body))

        def do_GET(self) -> None:
            url = urlsplit(self.path)
            if not url.path.startswith("/bigquery/"):
                self.send_error(404)
                return
            asked = {name: values[0] for name, values in parse_qs(url.query).items()}
            job = url.path.rpartition("/")[2]
            most = int(asked.get("maxResults", 100_000))
            self._answer(lambda: server.results(job, most, int(asked.get("pageToken", 0))))

        def _answer(self, call: Any) -> None:
            try:
                code, answer = 200, call()
            except Refusal as refusal:
                code, answer = refusal.code, {"error": refusal.body}
            content = json.dumps(answer).encode()
            self.send_response(code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=http.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{http.server_port}"
    finally:
        http.shutdown()
        http.server_close()
        thread.join()


def _written(value: Any) -> str | None:
    if isinstance(value, datetime):
        return str(int((value - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1_000_000))
    return None if value is None else str(value)


__all__ = ["PROJECT", "VIEW", "Refusal", "Server", "serving"]
