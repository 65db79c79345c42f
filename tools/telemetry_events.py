"""Write loyalty_telemetry/events.py from log_events.yaml: one typed function an event (`make generated`)."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from collections.abc import Iterable, Mapping
from pathlib import Path

from loyalty_monitoring.common.errors import UserError
from loyalty_monitoring.definitions.log_contract import Contract, Event, FieldType, load_contract
from loyalty_monitoring.query_languages.logging_filter import parse_filter
from loyalty_monitoring.query_languages.logging_filter.syntax import Comparison, Expression, Or

ROOT = Path(__file__).resolve().parents[1]
FILE = Path("loyalty_telemetry") / "events.py"
WIDTH = 120
_TYPES = {"string": "str", "boolean": "bool", "count": "Count", "number": "Number", "rate": "Rate"}
_EXAMPLES: dict[FieldType, str | int | float | bool] = {
    "string": "x-17",
    "boolean": True,
    "count": 1,
    "number": 1,
    "rate": 0.5,
}


def module_text(contract: Contract) -> str:
    """Return the module's text, formatted. Errors: UserError for a `severity_when` that has no function here."""
    kinds = {kind for event in contract.events.values() for kind in _parameters(event).values()}
    names = ", ".join(sorted({_TYPES[kind] for kind in kinds if isinstance(kind, str)} & {"Count", "Number", "Rate"}))
    aliases = "\n".join(f"{name} = {_literal(values)}" for values, name in _aliases(contract).items())
    functions = "\n\n\n".join(_function(contract, event) for event in contract.events.values())
    has_numbers = "is_number(" in functions
    text = f'''"""Log the events of the log contract, one function an event.

Generated from log_events.yaml by `make generated`; change that file, not this one.

All arguments go by their names. Further ones are logged as further fields, which the contract allows: a request id, the
error's text. What an example prints here is short for the entry: its severity and its jsonPayload without the message.
"""

from __future__ import annotations

{"import logging" if "logging." in functions else ""}
{"from collections.abc import Mapping" if "Mapping[" in functions else ""}
{"from typing import Literal" if "Literal[" in aliases + functions else ""}

from loyalty_telemetry.event import event
from loyalty_telemetry.fields import {names}{", is_number" if has_numbers else ""}

{aliases}


{functions}
'''
    return _formatted(text)


def _formatted(text: str) -> str:
    command = [str(Path(sys.executable).with_name("ruff")), "format", "--stdin-filename", str(ROOT / FILE), "-"]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout


def _parameters(event: Event) -> dict[str, FieldType]:
    """Map the fields that a caller gives to their types: all but the ratios, which are computed."""
    return {field: kind for field, kind in event.fields.items() if field not in event.ratios}


def _aliases(contract: Contract) -> dict[FieldType, str]:
    """Name each list of texts: by its field where events share it, else by the event's first word and its field."""
    found: dict[FieldType, list[tuple[str, str]]] = {}
    for event in contract.events.values():
        for field, kind in _parameters(event).items():
            if isinstance(kind, tuple) and len(kind) > 1:
                found.setdefault(kind, []).append((event.name, field))
    return {
        kind: (places[0][1] if len(places) > 1 else f"{places[0][0].partition('_')[0]}_{places[0][1]}")
        .title()
        .replace("_", "")
        for kind, places in found.items()
    }


def _literal(values: FieldType) -> str:
    return f"Literal[{', '.join(json.dumps(value) for value in values)}]"


def _function(contract: Contract, event: Event) -> str:
    aliases = _aliases(contract)
    parameters = []
    for field, kind in _parameters(event).items():
        annotation = aliases.get(kind, _literal(kind)) if isinstance(kind, tuple) else _TYPES[kind]
        # A field that can have one value only has it.
        default = f" = {kind[0]!r}" if isinstance(kind, tuple) and len(kind) == 1 else ""
        parameters.append(f"{field}: {annotation}{default}")
    returned = "Mapping[str, object]" if event.ratios else "None"
    return (
        f"@event({_event_arguments(event)})\n"
        f"def {event.name}(*, {', '.join(parameters)}, **more: object) -> {returned}:\n"
        f'    """{_docstring(contract, event)}\n    """\n{_body(event)}'
    )


def _event_arguments(event: Event) -> str:
    arguments = [f'"{event.logger}"', json.dumps(event.message)]
    if event.severity != "INFO":
        arguments.append(f"logging.{event.severity}")
    if event.severity_when is not None:
        other, condition = event.severity_when
        if other != "WARNING":
            raise UserError(f"{event.name}: severity_when names {other}; a function here can only log WARNING instead")
        arguments.append(f"warning_if=lambda fields: {_condition(parse_filter(condition).expression)}")
    return ", ".join(arguments)


def _condition(expression: Expression | None) -> str:
    """Return the condition as a Python expression, which bears fields of any type: wrong ones are tested too."""
    match expression:
        case Or(parts):
            return " or ".join(map(_condition, parts))
        case Comparison(left=("jsonPayload", field), operator="=", quoted=True, text=text):
            return f"fields.get({field!r}) == {text!r}"
        case Comparison(left=("jsonPayload", field), operator=">" | ">=" | "<" | "<=" as operator, text=text):
            return f"is_number(fields.get({field!r})) and fields[{field!r}] {operator} {text}"
    raise UserError("severity_when: a function compares fields with texts (=) or numbers (<, >); write those")


def _docstring(contract: Contract, event: Event) -> str:
    values = {field: _example_value(contract, field, kind) for field, kind in _parameters(event).items()}
    defaults = {
        field: kind[0] for field, kind in _parameters(event).items() if isinstance(kind, tuple) and len(kind) == 1
    }
    ratios = {field: _ratio(values[above], values[below]) for field, (above, below) in event.ratios.items()}
    payload: dict[str, object] = {"event": event.name, **defaults, **values, **ratios}
    summary = f"Log one `{event.name}` entry."
    together = f"{summary} {event.description}".rstrip()
    lines = [together] if len(together) + 7 <= WIDTH else [summary, "", *textwrap.wrap(event.description, WIDTH - 4)]
    if event.severity_when is not None:
        lines += ["", f"Severity: {event.severity}; {event.severity_when[0]} where `{event.severity_when[1]}`."]
    elif event.severity != "INFO":
        lines += ["", f"Severity: {event.severity}."]
    for field, (above, below) in event.ratios.items():
        lines += ["", f"`{field}` is {above} / {below}, and 0 where {below} is 0."]
    lines += ["", *_call(event.name, {field: value for field, value in values.items() if field not in defaults})]
    lines += [_printed(_severity(event, payload), payload)]
    return "\n".join(f"    {line}".rstrip() for line in lines).strip()


def _ratio(above: object, below: object) -> float:
    assert isinstance(above, int)
    assert isinstance(below, int)
    return above / below if below else 0


def _example_value(contract: Contract, field: str, kind: FieldType) -> str | int | float | bool:
    if isinstance(kind, tuple):
        return contract.examples[field] if contract.examples.get(field) in kind else kind[0]
    return contract.examples.get(field, _EXAMPLES[kind])


def _call(name: str, values: dict[str, str | int | float | bool]) -> Iterable[str]:
    arguments = [f"{field}={json.dumps(value) if isinstance(value, str) else value}" for field, value in values.items()]
    line = f">>> {name}({', '.join(arguments)})"
    if len(line) + 4 <= WIDTH:
        return [line]
    return [f">>> {name}(", *(f"...     {argument}," for argument in arguments), "... )"]


def _printed(severity: str, payload: Mapping[str, object]) -> str:
    whole = f"{severity} {json.dumps(payload)}"
    if len(whole) + 4 <= WIDTH:
        return whole
    first = json.dumps(dict(list(payload.items())[:3])).removesuffix("}")
    last = json.dumps(dict(list(payload.items())[-1:])).removeprefix("{")
    return f"{severity} {first}, ... {last}"


def _severity(event: Event, payload: Mapping[str, object]) -> str:
    from loyalty_monitoring.definitions.contract_pages import severity_of

    return severity_of(Contract("x", {}, ()), event, payload)


def _body(event: Event) -> str:
    if not event.ratios:
        return ""
    checks = [
        f"    if {above} > {below}:\n"
        f'        raise ValueError(f"{above} ({{{above}}}) is more than {below} ({{{below}}})")'
        for above, below in dict.fromkeys(event.ratios.values())
    ]
    computed = ", ".join(
        f'"{field}": {above} / {below} if {below} else 0' for field, (above, below) in event.ratios.items()
    )
    return "\n".join([*checks, f"    return {{{computed}}}"])


def main() -> None:
    """Write the module of the checkout."""
    (ROOT / FILE).write_text(module_text(load_contract(ROOT / "log_events.yaml")))


if __name__ == "__main__":
    main()
