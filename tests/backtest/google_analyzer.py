"""Google's own analyzer and reference implementation of GoogleSQL: the judge of what is said in BigQuery's dialect.

It is GoogleSQL (ZetaSQL, https://github.com/google/googlesql), the C++ that BigQuery's own analysis is built on,
compiled to WebAssembly by the PyPI package zetasql. That package is alpha and one person's work, so this module alone
knows it, and imports it, which takes a second, where it is asked. What else there is: Google publishes GoogleSQL as
source, to be built with Bazel; the emulators of BigQuery run on engines of their own (DuckDB, SQLite), so that
comparing with them compares those engines.

No feature is enabled that BigQuery does not document: what it has not, the analyzer refuses.
"""

from __future__ import annotations

import atexit
import fcntl
import json
import re
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from loyalty_monitoring.backtest.view import View
from tests.conftest import ROOT

sys.path.insert(0, str(ROOT / "tools"))

from cache import CACHE

VIEW = View("project-1", "logs", "_AllLogs")
PROJECT = VIEW.project

# Each with its page below cloud.google.com/bigquery/docs/reference/standard-sql.
FEATURES = {
    "NUMERIC_TYPE": "data-types#decimal_types",
    "BIGNUMERIC_TYPE": "data-types#decimal_types",
    "JSON_TYPE": "data-types#json_type",
    "JSON_ARRAY_FUNCTIONS": "json_functions#json_query_array",
    "ADDITIONAL_STRING_FUNCTIONS": "string_functions",
    "SAFE_FUNCTION_CALL": "functions-reference#safe_prefix",
}

# The columns of a Log Analytics view; `number` is none of them, and tells the entries apart.
_TEXTS = ("severity", "log_name", "insert_id", "text_payload", "trace", "span_id")
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
_SOURCE = {"file": "STRING", "line": "INT64", "function": "STRING"}
_RAW = ("timestamp", "receive_timestamp", *_TEXTS, "trace_sampled", "payload", "labels", "resource", "http", "source")


def _record(column: str, fields: dict[str, str]) -> str:
    values = (f"CAST(JSON_VALUE({column}, '$.{name}') AS {kind}) AS {name}" for name, kind in fields.items())
    return f"IF({column} IS NULL, NULL, STRUCT({', '.join(values)}))"


_VIEW_SQL = f"""(SELECT
  number, CAST(timestamp AS TIMESTAMP) AS timestamp, CAST(receive_timestamp AS TIMESTAMP) AS receive_timestamp,
  {", ".join(_TEXTS)}, CAST(trace_sampled AS BOOL) AS trace_sampled,
  PARSE_JSON(payload) AS json_payload, PARSE_JSON(labels) AS labels,
  STRUCT(JSON_VALUE(resource, '$.type') AS type, PARSE_JSON(JSON_QUERY(resource, '$.labels')) AS labels) AS resource,
  {_record("http", _HTTP)} AS http_request, {_record("source", _SOURCE)} AS source_location
FROM raw)"""


class Refused(Exception):
    """What the analyzer says of a query that is not GoogleSQL."""


@cache
def _service() -> Any:
    """The reference implementation, whose machine code is kept with the downloads of all checkouts: compiling it takes
    half a minute of both cores. Who comes second waits for it.
    """
    import zetasql.core.wasm_client as wasm_client
    from zetasql.core import ZetaSqlLocalService

    folder = CACHE / "wasmtime"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "cache.toml").write_text(f"[cache]\ndirectory = {json.dumps(str(folder / 'code'))}\n")
    make = wasm_client.Config

    def config() -> Any:
        made = make()
        made.cache = str(folder / "cache.toml")
        return made

    wasm_client.Config = config
    try:
        with (folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            return ZetaSqlLocalService()
    finally:
        wasm_client.Config = make


atexit.register(_service.cache_clear)  # while what it is made of is there


@cache
def _language() -> tuple[Any, Any]:
    from zetasql.api import CatalogBuilder, TableBuilder
    from zetasql.types import (
        AnalyzerOptions,
        LanguageFeature,
        LanguageOptions,
        ProductMode,
        TypeKind,
        ZetaSQLBuiltinFunctionOptions,
    )

    language = LanguageOptions(
        product_mode=ProductMode.PRODUCT_EXTERNAL,
        enabled_language_features=[getattr(LanguageFeature, f"FEATURE_{name}") for name in FEATURES],
    )
    table = TableBuilder("raw").add_column("number", TypeKind.TYPE_INT64)
    for name in _RAW:
        table = table.add_column(name, TypeKind.TYPE_STRING)
    functions = ZetaSQLBuiltinFunctionOptions(language_options=language)
    catalog = CatalogBuilder("bigquery").add_table(table.build()).with_builtin_functions(functions).build()
    # BigQuery's default: .../standard-sql/timestamp_functions#timezone_definitions
    return AnalyzerOptions(language_options=language, default_timezone="UTC"), catalog


def rows(query: str, entries: Sequence[dict[str, Any]], view: View = VIEW) -> list[dict[str, Any]]:
    """The answer to a query of a view that holds these entries. Errors: Refused."""
    from zetasql.api import PreparedQuery, create_table_content
    from zetasql.core import ZetaSQLError
    from zetasql.types import EvaluateQueryRequest
    from zetasql.wasi._pb2.zetasql.local_service import local_service_pb2

    options, catalog = _language()
    sql = query.replace(f"`{view}`", f"{_VIEW_SQL} AS entries_of_view")
    content = create_table_content([[number, *_raw(entry)] for number, entry in enumerate(entries)])
    builder = PreparedQuery.builder().set_sql(sql).set_analyzer_options(options).set_catalog(catalog)
    try:
        with builder.set_service(_service()).set_table_content({"raw": content}).prepare() as prepared:
            # The package's own reading of the answer leaves out times.
            asked = EvaluateQueryRequest(prepared_query_id=prepared.prepared_query_id).to_proto()
            evaluate = _service().wasm_client.call_grpc_func
            answer = evaluate("ZetaSqlLocalService_EvaluateQuery", asked, local_service_pb2.EvaluateQueryResponse)
            names = [column.name for column in prepared.columns]
    except ZetaSQLError as error:
        raise Refused(str(error)) from error
    found = answer.content.table_data.row
    return [{name: _plain(cell) for name, cell in zip(names, row.cell, strict=True)} for row in found]


def _raw(entry: dict[str, Any]) -> list[str | None]:
    def text(value: Any) -> str | None:
        return value if value is None or isinstance(value, str) else json.dumps(value)

    def time(value: str | None) -> str | None:
        # BigQuery's times have microseconds; Log Analytics cuts what is behind them.
        return value and re.sub(r"([.]\d{6})\d+", r"\1", value)

    def snake(of: dict[str, Any] | None) -> str | None:
        renamed = {
            re.sub("[A-Z]", lambda upper: f"_{upper[0].lower()}", key): value for key, value in (of or {}).items()
        }
        return None if of is None else json.dumps(renamed)

    keys = (
        "severity",
        "logName",
        "insertId",
        "textPayload",
        "trace",
        "spanId",
        "traceSampled",
        "jsonPayload",
        "labels",
    )
    resource = {"labels": {}, **entry["resource"]}
    return [
        time(entry.get("timestamp")),
        time(entry.get("receiveTimestamp")),
        *(text(entry.get(key)) for key in keys),
        json.dumps(resource),
        snake(entry.get("httpRequest")),
        snake(entry.get("sourceLocation")),
    ]


def _plain(value: Any) -> Any:
    kind = value.WhichOneof("value")
    if kind == "timestamp_value":
        at = value.timestamp_value
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=at.seconds, microseconds=at.nanos // 1000)
    return None if kind is None else getattr(value, kind)
