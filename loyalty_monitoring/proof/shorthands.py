"""Short ways to write log lines in cases, from tests/cases/shorthands.yaml: `run: 51 of 100` for an event's fields."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loyalty_monitoring.common.errors import Position, UserError, nearest
from loyalty_monitoring.common.schema_check import check_schema
from loyalty_monitoring.common.yaml_documents import load_yaml
from loyalty_monitoring.definitions.log_contract import Contract, Event

# A field's value: the value that the case gives, a group of the pattern, or one group divided by another.
_PART = re.compile(r"<value>|<([1-9])>(?:/<([1-9])>)?")


@dataclass(frozen=True)
class Shorthand:
    """`pattern` is what the value must look like, None when any value does; `fields` are those of the event."""

    name: str
    description: str
    event: Event
    pattern: str | None
    fields: Mapping[str, Any]


def load_shorthands(file: Path, contract: Contract) -> dict[str, Shorthand]:
    """Read the shorthands by name; none where there is no file. Errors: UserError with file, line, key."""
    if not file.is_file():
        return {}
    document = load_yaml(file)
    check_schema("shorthands", document)
    shorthands = {}
    for name, data in document.data.items():
        if data["event"] not in contract.events:
            known = nearest(data["event"], set(contract.events))
            raise UserError(f"unknown event {data['event']!r}{known}", document.position((name, "event")))
        pattern = data.get("pattern")
        try:
            groups = re.compile(pattern or "").groups
        except re.error as error:
            place = document.position((name, "pattern"))
            raise UserError(f"is no regular expression ({error}); mend it", place) from None
        for field, value in data["fields"].items():
            for number in _groups(value):
                if number > groups:
                    place = document.position((name, "fields", field))
                    raise UserError(f"<{number}> is no group of the pattern, which has {groups}; add it", place)
        shorthands[name] = Shorthand(name, data["description"], contract.events[data["event"]], pattern, data["fields"])
    return shorthands


def fields_of(shorthand: Shorthand, value: Any, place: Position) -> dict[str, Any]:
    """Return the fields of jsonPayload that the shorthand with this value stands for. Errors: UserError at `place`."""
    found = re.fullmatch(shorthand.pattern, value) if shorthand.pattern and isinstance(value, str) else None
    if shorthand.pattern is not None and found is None:
        raise UserError(f"{shorthand.name} is {value!r}; expected {shorthand.description}", place)
    return {
        field: _filled(written, shorthand.event.fields.get(field), value, found)
        for field, written in shorthand.fields.items()
    }


def _filled(written: Any, kind: object, value: Any, found: re.Match[str] | None) -> Any:
    part = _PART.fullmatch(written) if isinstance(written, str) else None
    if part is None:
        return written
    if not part[1]:
        return value
    assert found is not None, "loading has held the groups against the pattern"
    text = found[int(part[1])]
    if part[2]:
        denominator = float(found[int(part[2])])
        return float(text) / denominator if denominator else 0
    return text if kind == "string" or not re.fullmatch(r"-?[0-9]+", text) else int(text)


def _groups(written: Any) -> list[int]:
    part = _PART.fullmatch(written) if isinstance(written, str) else None
    return [int(number) for number in part.groups() if number] if part else []
