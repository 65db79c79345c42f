"""Writes the JSON schemas of the definition files from the Google API's own message descriptors.

`python -m loyalty_monitoring.google_cloud.json_schemas`, in a project's folder, writes `schemas/*.schema.json`, and the
pages of the log contract; editors find them through the modeline on line 1 of each definition, and loading checks
against them. They cannot fall behind the API: a test compares them.
"""

from __future__ import annotations

import inspect
import json
import re
import sys
from pathlib import Path
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from loyalty_monitoring.definitions import contract_pages
from loyalty_monitoring.definitions.model import PRIORITIES
from loyalty_monitoring.definitions.project import load_module
from loyalty_monitoring.google_cloud.api_messages import MESSAGES, Kind

Schema = dict[str, Any]

_REFERENCE = "<<[^<>]+>>"

_TITLES: dict[Kind, str] = {
    "log_metric": "Log-based metric: LogMetric of the Logging API v2, and the rows it covers",
    "alert_policy": "Alert policy: AlertPolicy of the Monitoring API v3, the rows it covers and its priority",
    "dashboard": "Dashboard: Dashboard of the Monitoring dashboards API v1, and the rows it covers",
}

# What a file must not say: what only the server writes, what only a deployment knows, and MQL, which the console no
# longer offers (docs.cloud.google.com/monitoring/mql).
_LEFT_OUT: dict[str, frozenset[str]] = {
    "google.logging.v2.LogMetric": frozenset({"createTime", "updateTime", "version"}),
    "google.api.MetricDescriptor": frozenset(
        {"name", "type", "description", "metadata", "launchStage", "monitoredResourceTypes"}
    ),
    "google.monitoring.v3.AlertPolicy": frozenset(
        {"name", "validity", "creationRecord", "mutationRecord", "notificationChannels"}
    ),
    "google.monitoring.v3.AlertPolicy.Condition": frozenset({"name", "conditionMonitoringQueryLanguage"}),
    "google.monitoring.v3.AlertPolicy.AlertStrategy.NotificationChannelStrategy": frozenset(
        {"notificationChannelNames"}
    ),
    "google.monitoring.dashboard.v1.Dashboard": frozenset({"name", "etag"}),
    "google.monitoring.dashboard.v1.TimeSeriesQuery": frozenset({"timeSeriesQueryLanguage"}),
}

# What the API would accept a resource without, and nobody wants it without.
_REQUIRED: dict[str, list[str]] = {
    "google.logging.v2.LogMetric": ["name", "description", "filter", "metricDescriptor"],
    "google.api.MetricDescriptor": ["metricKind", "valueType"],
    "google.api.LabelDescriptor": ["key"],
    "google.monitoring.v3.AlertPolicy": [
        "displayName",
        "userLabels",
        "documentation",
        "combiner",
        "conditions",
        "alertStrategy",
    ],
    "google.monitoring.v3.AlertPolicy.AlertStrategy": ["notificationPrompts"],
    "google.monitoring.v3.AlertPolicy.Condition": ["displayName"],
    "google.monitoring.v3.AlertPolicy.Condition.PrometheusQueryLanguageCondition": [
        "query",
        "duration",
        "evaluationInterval",
        "disableMetricValidation",
    ],
    "google.monitoring.v3.AlertPolicy.Documentation": ["content", "mimeType", "subject", "links"],
    "google.monitoring.v3.AlertPolicy.Documentation.Link": ["displayName", "url"],
    "google.monitoring.dashboard.v1.Dashboard": ["displayName", "mosaicLayout"],
    "google.monitoring.dashboard.v1.MosaicLayout": ["columns", "tiles"],
    "google.monitoring.dashboard.v1.MosaicLayout.Tile": ["width", "height", "widget"],
}

# protobuf.dev/programming-guides/json: messages that JSON writes in their own way.
_WELL_KNOWN: dict[str, Schema] = {
    "google.protobuf.Duration": {
        "type": "string",
        "pattern": rf"^({_REFERENCE}|[0-9]+(\.[0-9]+)?s)$",
        "description": "a duration in seconds, such as 60s",
    },
    "google.protobuf.Timestamp": {"type": "string", "description": "a time, such as 2026-11-02T03:00:00Z"},
    "google.protobuf.BoolValue": {"type": "boolean", "description": "true or false"},
    "google.protobuf.Struct": {"type": "object", "description": "a mapping"},
    "google.protobuf.Any": {"type": "object", "description": "a mapping"},
}

_NUMBER = {
    "pattern": f"^{_REFERENCE}$",
    "description": "a number, or the name of a parameter such as <<email_failure_ratio>>",
}
_INTEGER = {**_NUMBER, "type": ["integer", "string"], "description": "a whole number, or the name of a parameter"}
_LONG = {**_INTEGER, "pattern": f"^({_REFERENCE}|-?[0-9]+)$"}
_TEXT = {"type": "string", "description": "text"}

_SCALARS: dict[int, Schema] = {
    FieldDescriptor.TYPE_STRING: _TEXT,
    FieldDescriptor.TYPE_BYTES: _TEXT,
    FieldDescriptor.TYPE_BOOL: {"type": "boolean", "description": "true or false"},
    FieldDescriptor.TYPE_DOUBLE: {**_NUMBER, "type": ["number", "string"]},
    FieldDescriptor.TYPE_FLOAT: {**_NUMBER, "type": ["number", "string"]},
    FieldDescriptor.TYPE_INT32: _INTEGER,
    FieldDescriptor.TYPE_UINT32: _INTEGER,
    FieldDescriptor.TYPE_INT64: _LONG,
    FieldDescriptor.TYPE_UINT64: _LONG,
}


def schema(kind: Kind, module: str) -> Schema:
    """Return the JSON schema (draft 2020-12) of one kind of definition file, for the project of a module."""
    message = MESSAGES[kind].pb().DESCRIPTOR
    definitions: dict[str, Schema] = {}
    _define(message, definitions, _documentation())
    body = definitions.pop(message.full_name)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": _TITLES[kind],
        # The key of our block is the module's name; loading puts in that of the project at hand.
        "x-block": module,
        **body,
        "properties": {module: _our_block(kind), **body["properties"]},
        "required": [module, *body["required"]],
        "$defs": dict(sorted(definitions.items())),
    }


def text(kind: Kind, module: str) -> str:
    """Return the schema as its file holds it."""
    return json.dumps(schema(kind, module), indent=2, ensure_ascii=False) + "\n"


def _our_block(kind: Kind) -> Schema:
    properties: Schema = {
        "rows": {
            "type": "array",
            "items": {"type": "string", "pattern": "^[A-Z][0-9]+$", "description": "a row id such as A5"},
            "minItems": 1,
            "uniqueItems": True,
            "description": "a list of the row ids of coverage.yaml that this definition covers, each once",
        }
    }
    if kind == "alert_policy":
        properties["priority"] = {
            "enum": list(PRIORITIES),
            "description": "P0 pages at once, P1 is for business hours, P2 for the next sprint",
        }
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
        "description": "what the Google API does not know of this definition",
    }


def _define(message: Descriptor, definitions: dict[str, Schema], documentation: dict[str, str]) -> None:
    left_out = _LEFT_OUT.get(message.full_name, frozenset())
    properties: dict[str, Schema] = {}
    definitions[message.full_name] = {
        "type": "object",
        "description": f"a mapping ({message.name})",
        "properties": properties,
        "required": _REQUIRED.get(message.full_name, []),
        "additionalProperties": False,
    }
    for field in message.fields:
        if field.json_name in left_out or field.GetOptions().deprecated:
            continue
        described = documentation.get(f"{message.full_name}.{field.name}")
        properties[field.json_name] = _field(field, described, definitions, documentation)
    if message.full_name == "google.monitoring.v3.AlertPolicy":
        # docs.cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies
        properties["conditions"] |= {"minItems": 1, "maxItems": 6}


def _field(
    field: FieldDescriptor, described: str | None, definitions: dict[str, Schema], documentation: dict[str, str]
) -> Schema:
    message = field.message_type
    if message is not None and message.GetOptions().map_entry:
        values = _value(message.fields_by_name["value"], definitions, documentation)
        result = {"type": "object", "additionalProperties": values, "description": "a mapping of names to values"}
    elif field.is_repeated:
        items = _value(field, definitions, documentation)
        result = {"type": "array", "items": items, "description": "a list"}
    else:
        result = _value(field, definitions, documentation)
    if described:
        expected = result.get("description")
        result = {**result, "description": f"{expected}: {described}" if expected else described}
    return result


def _value(field: FieldDescriptor, definitions: dict[str, Schema], documentation: dict[str, str]) -> Schema:
    if field.enum_type is not None:
        return {"enum": [value.name for value in field.enum_type.values if not value.name.endswith("_UNSPECIFIED")]}
    message = field.message_type
    if message is None:
        return dict(_SCALARS[field.type])
    if message.full_name in _WELL_KNOWN:
        return dict(_WELL_KNOWN[message.full_name])
    if message.full_name not in definitions:
        _define(message, definitions, documentation)
    return {"$ref": f"#/$defs/{message.full_name}"}


def _documentation() -> dict[str, str]:
    """Return the first sentence of each field's documentation, by full name, from Google's docstrings."""
    result: dict[str, str] = {}
    waiting: list[Any] = [vars(sys.modules[message.__module__.rpartition(".")[0]]) for message in MESSAGES.values()]
    message_class = type(MESSAGES["dashboard"])
    seen: set[str] = set()
    while waiting:
        for member in waiting.pop().values():
            if not isinstance(member, message_class):
                continue
            name = member.pb().DESCRIPTOR.full_name
            if name not in seen:
                seen.add(name)
                result |= {f"{name}.{field}": words for field, words in _attributes(inspect.getdoc(member) or "")}
                waiting.append(vars(member))
    return result


def _attributes(docstring: str) -> list[tuple[str, str]]:
    section = docstring.partition("Attributes:\n")[2]
    found = re.findall(r"^    (\w+) \([^\n]*\):\n((?:        [^\n]*\n?|\n)+)", section, re.MULTILINE)
    return [(field, sentence) for field, body in found if (sentence := _first_sentence(body))]


def _first_sentence(body: str) -> str:
    paragraph = " ".join(body.strip().split("\n\n")[0].split())
    paragraph = re.sub(r"^(?:(?:Required|Optional|Immutable|Identifier)\.\s*)+", "", paragraph)
    words = re.sub(r"\[([^\]]+)\]\[[^\]]+\]", r"\1", paragraph).replace("``", "").replace("`__", "").replace("`", "")
    return re.split(r"(?<=[a-z\])])\. ", words)[0].rstrip(".:")


def main() -> None:
    root = Path.cwd()
    module = load_module(root)
    for kind in _TITLES:
        (root / "schemas" / f"{kind}.schema.json").write_text(text(kind, module.name))
    contract_pages.write(root, module.name)


if __name__ == "__main__":
    main()
