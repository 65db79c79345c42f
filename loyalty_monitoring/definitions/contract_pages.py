"""The log contract for people and for other programs, from log_events.yaml: a page, and a JSON schema an event.

`python -m loyalty_monitoring.google_cloud.json_schemas` writes them with the other schemas; a test compares them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from loyalty_monitoring.common.errors import UserError
from loyalty_monitoring.definitions.log_contract import Contract, Event, FieldType, load_contract, logger_pattern
from loyalty_monitoring.query_languages.logging_filter import parse_filter
from loyalty_monitoring.query_languages.logging_filter.syntax import And, Comparison, Expression, Not, Or

Schema = dict[str, Any]

_TYPES: dict[str, Schema] = {
    "string": {"type": "string"},
    "count": {"type": "number", "minimum": 0},
    "number": {"type": "number"},
    "rate": {"type": "number", "minimum": 0, "maximum": 1},
    "boolean": {"type": "boolean"},
}
_BOUNDS = {">": "exclusiveMinimum", ">=": "minimum", "<": "exclusiveMaximum", "<=": "maximum"}


def pages(contract: Contract, module: str) -> Iterator[tuple[Path, str]]:
    """Yield each generated file, below the project's folder, and its text."""
    yield Path("docs/log-contract.md"), page(contract, module)
    for event in contract.events.values():
        schema = json.dumps(event_schema(contract, event), indent=2, ensure_ascii=False) + "\n"
        yield Path(f"schemas/events/{event.name}.json"), schema


def event_schema(contract: Contract, event: Event) -> Schema:
    """Return the JSON schema (draft 2020-12) of a LogEntry of this event. More fields are allowed."""
    schema: Schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"A LogEntry of the event {event.name}",
        **({"description": event.description} if event.description else {}),
        "type": "object",
        "required": ["severity", "labels", "jsonPayload"],
        "properties": {
            "severity": {"const": event.severity},
            "labels": {
                "type": "object",
                "required": ["python_logger"],
                "properties": {"python_logger": {"type": "string", "pattern": logger_pattern(contract, event.logger)}},
            },
            "jsonPayload": {
                "type": "object",
                "required": ["event", *event.fields],
                "properties": {
                    "event": {"const": event.name},
                    **{field: _field(kind) for field, kind in event.fields.items()},
                },
            },
        },
    }
    if event.severity_when is not None:
        other, condition = event.severity_when
        del schema["properties"]["severity"]
        schema["if"] = _condition(parse_filter(condition).expression)
        schema["then"] = {"properties": {"severity": {"const": other}}}
        schema["else"] = {"properties": {"severity": {"const": event.severity}}}
    return schema


def severity_of(contract: Contract, event: Event, payload: Mapping[str, Any]) -> str:
    """Return the severity that the contract asks of an entry of the event with this jsonPayload."""
    if event.severity_when is None:
        return event.severity
    from jsonschema import Draft202012Validator

    other, _ = event.severity_when
    holds = Draft202012Validator(event_schema(contract, event)["if"]).is_valid({"jsonPayload": dict(payload)})
    return other if holds else event.severity


def _field(kind: FieldType) -> Schema:
    return {"enum": list(kind)} if isinstance(kind, tuple) else _TYPES[kind]


def _condition(expression: Expression | None) -> Schema:
    """Return a Logging query over fields of jsonPayload as a JSON schema."""
    match expression:
        case And(parts):
            return {"allOf": [_condition(part) for part in parts]}
        case Or(parts):
            return {"anyOf": [_condition(part) for part in parts]}
        case Not(part):
            return {"not": _condition(part)}
        case Comparison(left=("jsonPayload", field), operator="=", quoted=True, text=text):
            test: Schema = {"const": text}
        case Comparison(left=("jsonPayload", field), operator=operator, quoted=False, text=text) if operator in _BOUNDS:
            test = {"type": "number", _BOUNDS[operator]: json.loads(text)}
        case _:
            raise UserError(
                "severity_when compares fields of jsonPayload with texts (=) or numbers (<, >); write those"
            )
    return {"properties": {"jsonPayload": {"required": [field], "properties": {field: test}}}}


def page(contract: Contract, module: str) -> str:
    """Return the contract for people: docs/log-contract.md."""
    example = next(iter(contract.events.values()))
    rows = "\n".join(_row(event) for event in contract.events.values())
    return f"""# The log contract

Generated from [log_events.yaml](../log_events.yaml) by
`python -m loyalty_monitoring.google_cloud.json_schemas`; change that file, not this page. Whether your logs keep it:
`loyalty-monitoring contract check FILE`.

What the {module} module writes, as it arrives in Cloud Logging from Google's StructuredLogHandler:

```json
{json.dumps(_example(contract, module, example), indent=2)}
```

- **Logger.** `labels.python_logger` is `{contract.logger_root}`, any number of packages, then the name in the table:
  `{contract.logger_root}.{example.logger}` and `{contract.logger_root}.services.{example.logger}` count,
  `{contract.logger_root}_v2.{example.logger}` and `{contract.logger_root}.{example.logger}_test` do not.
- **Machine.** `resource.type` is a setting of the stack, k8s_container unless it says otherwise.
- **Types.** A string is a JSON string, also an id. A count is a JSON number, 0 or more. A rate is a number from 0 to 1.
  A timestamp is in unix seconds, a number. A number in quotes is a string, and `true` is no number.
- More fields are allowed. An entry whose logger, severity or required field is missing or wrong does not count.

| event | logger | severity | required fields | rows |
|---|---|---|---|---|
{rows}

Each event has a JSON schema (draft 2020-12) of its LogEntry in [schemas/events/](../schemas/events).
{_celery(contract)}"""


def _celery(contract: Contract) -> str:
    if not contract.celery_tasks:
        return ""
    tasks = " and ".join(f"`{task}`" for task in contract.celery_tasks)
    return f"""
Celery's own lines need nothing from the module. Of the tasks {tasks}, the lines of the logger `celery.app.trace` count:
`Task NAME[ID] succeeded in 1.2s: ...`, `raised unexpected: ...`, `raised expected: ...`, `INTERNAL ERROR: ...`;
a `retry: ...` is neither success nor failure. They stand in `jsonPayload.message`, or in `textPayload` where the
worker's logging was left at Celery's default.
"""


def _row(event: Event) -> str:
    severity = event.severity
    if event.severity_when is not None:
        severity += f"; {event.severity_when[0]} where `{event.severity_when[1]}`"
    fields = ", ".join(f"{field}: {_kind(kind)}" for field, kind in event.fields.items())
    cells = (f"[`{event.name}`](../schemas/events/{event.name}.json)", event.logger, severity, fields)
    return f"| {' | '.join(cells)} | {', '.join(event.rows)} |"


def _kind(kind: FieldType) -> str:
    return " or ".join(map(str, kind)) if isinstance(kind, tuple) else kind


def _example(contract: Contract, module: str, event: Event) -> dict[str, Any]:
    values = {"string": "x-17", "count": 1, "number": 1, "rate": 0.5, "boolean": True}
    fields = {
        field: kind[0] if isinstance(kind, tuple) else contract.examples.get(field, values[kind])
        for field, kind in event.fields.items()
    }
    return {
        "timestamp": "2026-11-02T03:00:07.120Z",
        "severity": event.severity,
        "resource": {"type": "k8s_container", "labels": {"namespace_name": module, "pod_name": "worker-0"}},
        "labels": {"python_logger": f"{contract.logger_root}.{event.logger}"},
        "jsonPayload": {"message": event.message, "event": event.name, **fields},
    }


def write(root: Path, module: str) -> None:
    """Write the page and the schemas of the project at `root`."""
    for path, text in pages(load_contract(root / "log_events.yaml"), module):
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
