"""The log contract (log_events.yaml) and the Logging query that says "this entry keeps it"."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from loyalty_monitoring.common.errors import UserError, nearest, raise_all
from loyalty_monitoring.common.schema_check import check_schema
from loyalty_monitoring.common.yaml_documents import Document, load_yaml

FieldType = str | tuple[str | int, ...]


@dataclass(frozen=True)
class Event:
    """One event. `fields` maps a jsonPayload field to `string`, `count`, `rate`, `number`, `boolean` or its values.

    `severity_when` is empty, or one other severity and the Logging query for the entries that have it. `description`
    (which may be empty) and `message` are for people. `ratios` maps a field to its numerator and denominator.
    """

    name: str
    rows: tuple[str, ...]
    logger: str
    severity: str
    severity_when: tuple[str, str] | None
    fields: Mapping[str, FieldType]
    description: str = ""
    message: str = ""
    ratios: Mapping[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Contract:
    """The log contract. `examples` maps fields to values that examples show."""

    logger_root: str
    events: Mapping[str, Event]
    celery_tasks: tuple[str, ...]
    examples: Mapping[str, str | int | float | bool] = field(default_factory=dict)


def load_contract(file: Path) -> Contract:
    """Read log_events.yaml. Errors: UserError with file, line, key."""
    document = load_yaml(file)
    check_schema("log_events", document)
    raise_all(list(_wrong_ratios(document)))
    events = {
        name: Event(
            name=name,
            rows=tuple(entry["rows"]),
            logger=entry["logger"],
            severity=entry["severity"],
            severity_when=next(iter(entry.get("severity_when", {}).items()), None),
            fields={key: tuple(kind) if isinstance(kind, list) else kind for key, kind in entry["fields"].items()},
            description=entry.get("description", ""),
            message=entry.get("message", name.replace("_", " ").capitalize()),
            ratios={key: (above, below) for key, (above, below) in entry.get("ratios", {}).items()},
        )
        for name, entry in document.data["events"].items()
    }
    return Contract(
        document.data["logger_root"],
        events,
        tuple(document.data.get("celery_tasks", [])),
        document.data.get("examples", {}),
    )


def _wrong_ratios(document: Document) -> Iterator[UserError]:
    for name, entry in document.data["events"].items():
        for ratio, parts in entry.get("ratios", {}).items():
            for part, wanted in ((ratio, "rate"), *((part, "count") for part in parts)):
                if entry["fields"].get(part) != wanted:
                    yield UserError(
                        f"the ratio {ratio} of {name} needs the field {part} of the type {wanted}; add it to `fields`",
                        document.position(("events", name, "ratios", ratio)),
                    )


def events_filter(contract: Contract, names: tuple[str, ...], resource_type: str) -> str:
    """Return the Logging query for entries of these events that keep the contract.

    Written for https://cloud.google.com/logging/docs/view/logging-query-language: `=` ignores case, so exact names
    are matched with anchored regular expressions; every OR stands in parentheses, since it binds tighter than AND.
    Errors: KeyError with a text for an unknown event.
    """
    for name in names:
        if name not in contract.events:
            raise KeyError(f"unknown event {name!r}{nearest(name, set(contract.events))}")
    alike: dict[str, list[str]] = {}
    for name in names:
        alike.setdefault(_after_event(contract.events[name]), []).append(name)
    lines = [f'resource.type = "{resource_type}"']
    groups = []
    for rest, members in alike.items():
        logger = contract.events[members[0]].logger
        groups.append(
            f'labels.python_logger =~ "{logger_pattern(contract, logger)}"\n'
            f'AND jsonPayload.event =~ "^{_one_of(members)}$"\n{rest}'
        )
    if len(groups) == 1:
        lines.append(f"AND {groups[0]}")
    else:
        inner = "\nOR\n".join("  (" + group.replace("\n", "\n  ") + ")" for group in groups)
        lines.append(f"AND (\n{inner}\n)")
    return "\n".join(lines)


def logger_pattern(contract: Contract, logger: str) -> str:
    """Return the RE2 pattern, as it stands in a quoted Logging string, for the logger in any package of the root."""
    return f"^{_literal(contract.logger_root)}[.]([^.]+[.])*{logger}$"


def celery_tasks_pattern(contract: Contract) -> str:
    """Return the RE2 alternation of the watched Celery tasks."""
    return "|".join(map(_literal, contract.celery_tasks))


def _literal(dotted_name: str) -> str:
    # [.] needs no backslash, so no filter depends on how backslashes are read inside a quoted string.
    return dotted_name.replace(".", "[.]")


def _after_event(event: Event) -> str:
    lines = [f"AND {severity_filter(event)}"]
    lines += [f"AND {type_filter(f'jsonPayload.{field}', kind)}" for field, kind in event.fields.items()]
    return "\n".join(lines)


def severity_filter(event: Event) -> str:
    """Return the Logging query for the severity that the contract asks of an entry of this event."""
    if event.severity_when is None:
        return f"severity = {event.severity}"
    other, condition = event.severity_when
    return f"((severity = {other} AND ({condition})) OR (severity = {event.severity} AND NOT ({condition})))"


def type_filter(field: str, kind: FieldType) -> str:
    """Return the Logging query for a field that is there, with its type and in its range."""
    # A comparison with a number matches numbers only, a regular expression strings only; true and false also match
    # the strings "true" and "false", which are therefore excluded.
    match kind:
        case "string":
            return f'{field} =~ ".*"'
        case "count":
            return f"{field} >= 0"
        case "number":
            return f"({field} >= 0 OR {field} < 0)"
        case "rate":
            return f"{field} >= 0\nAND {field} <= 1"
        case "boolean":
            return f'{field} = (true OR false)\nAND NOT {field} =~ ".*"'
        case tuple() if all(isinstance(value, int) for value in kind):
            return f"{field} >= {min(kind)}\nAND {field} = ({' OR '.join(map(str, kind))})"
        case _:
            return f'{field} =~ "^{_one_of([str(value) for value in kind])}$"'


def _one_of(values: list[str]) -> str:
    return values[0] if len(values) == 1 else f"({'|'.join(values)})"
