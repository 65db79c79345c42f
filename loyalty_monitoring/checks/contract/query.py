"""Events of the contract in the table `entries`: how many keep it, and what is wrong with the others.

What keeps the contract is decided by the very queries of which the metrics' filters are made.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from loyalty_monitoring.checks.contract.findings import Seen
from loyalty_monitoring.common.database import Connection
from loyalty_monitoring.definitions.log_contract import (
    Contract,
    Event,
    FieldType,
    events_filter,
    logger_pattern,
    severity_filter,
    type_filter,
)
from loyalty_monitoring.query_languages.logging_filter import FieldPath, parse_filter, referenced_fields, to_sql
from loyalty_monitoring.replay.entries.filtering import matching_entries
from loyalty_monitoring.replay.entries.load import entry_columns

_SHOWN_CHARACTERS = 60
_MOST_VALUES = 5  # different values of a logger, severity or resource type that are told of one event
_MOST_UNKNOWN = 20
_LOGGER: FieldPath = ("labels", "python_logger")
_EVENT: FieldPath = ("jsonPayload", "event")


@dataclass(frozen=True)
class Requirement:
    """One thing that the contract asks of an event's entries. `types` are the JSON types that the value may have."""

    subject: str
    path: FieldPath
    query: str
    expected: str
    types: tuple[str, ...] = ()


@dataclass(frozen=True)
class Broken:
    """Entries that break one requirement in one way; `place` is that of the first, `value` its value as JSON."""

    requirement: Requirement
    problem: Literal["missing", "wrong type", "wrong value"]
    value: str | None
    count: int
    place: int


@dataclass(frozen=True)
class Stray:
    """Entries that are alike in one value, which is JSON; `place` is that of the first."""

    value: str | None
    count: int
    place: int


@dataclass(frozen=True)
class EventCounts:
    valid: Seen
    broken: tuple[Broken, ...]
    near_misses: tuple[Stray, ...]


def requirements(contract: Contract, event: Event, resource_type: str) -> list[Requirement]:
    """Return the requirements of an event; an entry that meets all of them matches the event's filter."""
    pattern = logger_pattern(contract, event.logger)
    severity = event.severity
    if event.severity_when is not None:
        severity += f", or {event.severity_when[0]} where {event.severity_when[1]}"
    return [
        Requirement("resource.type", ("resource", "type"), f'resource.type = "{resource_type}"', resource_type),
        Requirement(
            "logger", _LOGGER, f'labels.python_logger =~ "{pattern}"', f"{contract.logger_root}. ... .{event.logger}"
        ),
        Requirement("severity", ("severity",), severity_filter(event), severity),
        *(
            Requirement(field, ("jsonPayload", field), type_filter(f"jsonPayload.{field}", kind), *_described(kind))
            for field, kind in event.fields.items()
        ),
    ]


def _described(kind: FieldType) -> tuple[str, tuple[str, ...]]:
    if isinstance(kind, tuple):
        values = ", ".join(map(str, kind))
        return (values if len(kind) == 1 else f"one of {values}"), tuple({type(value).__name__ for value in kind})
    return {
        "string": ("a string", ("str",)),
        "count": ("a number, 0 or more", ("int",)),
        "number": ("a number", ("int",)),
        "rate": ("a number from 0 to 1", ("int",)),
        "boolean": ("true or false", ("bool",)),
    }[kind]


def contract_fields(contract: Contract, resource_type: str) -> frozenset[FieldPath]:
    """Return the fields that `load_entries` must keep for the functions below."""
    fields: set[FieldPath] = {_LOGGER, _EVENT}
    for name in contract.events:
        fields |= referenced_fields(parse_filter(events_filter(contract, (name,), resource_type)))
    return frozenset(fields)


def count_event(con: Connection, contract: Contract, event: Event, resource_type: str) -> EventCounts:
    """Count valid and invalid entries of one event. An entry belongs to the module if its logger is below
    `logger_root`.
    """
    column = entry_columns(con)

    def condition(query: str) -> str:
        return to_sql(parse_filter(query), column)

    valid = condition(events_filter(contract, (event.name,), resource_type))
    named = matching_entries(con, parse_filter(f'jsonPayload.event =~ "^{event.name}$"'), column)
    row = con.execute(
        "SELECT count(*) FILTER (valid), min(time) FILTER (valid), max(time) FILTER (valid), count(*) "
        f"FROM (SELECT time, {valid} AS valid FROM entries WHERE {named})"
    ).fetchone()
    assert row is not None
    seen = Seen(row[0], _utc(row[1]), _utc(row[2]))
    if row[0] == row[3]:
        return EventCounts(seen, (), ())
    asked = requirements(contract, event, resource_type)
    columns = "".join(
        f", {condition(one.query)} AS kept{index}, nullif({column(one.path)}::VARCHAR, 'null') AS value{index}"
        for index, one in enumerate(asked)
    )
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE suspects AS SELECT place, {condition(_of_the_module(contract))} AS ours, "
        f"{column(_LOGGER)}::VARCHAR AS logger{columns} FROM entries WHERE {named} AND NOT {valid}"
    )
    broken = [problem for index, one in enumerate(asked) for problem in _broken(con, index, one)]
    return EventCounts(seen, tuple(broken), tuple(_alike(con, "logger", "suspects WHERE NOT ours", _MOST_VALUES)))


def unknown_events(con: Connection, contract: Contract) -> list[Stray]:
    """Return event names that loggers of the module write and the contract lacks, the most frequent first."""
    column = entry_columns(con)
    known = "|".join(contract.events)
    query = f'{_of_the_module(contract)} AND NOT jsonPayload.event =~ "^({known})$"'
    event = f"{column(_EVENT)}::VARCHAR"
    unknown = matching_entries(con, parse_filter(query), column)
    relation = f"(SELECT place, {event} AS event FROM entries WHERE {unknown} AND {event} <> 'null')"
    return list(_alike(con, "event", relation, _MOST_UNKNOWN))


def count_matches(con: Connection, filters: list[str]) -> dict[str, int]:
    """Count the entries that each filter matches."""
    column = entry_columns(con)
    found: dict[str, int] = {}
    for text in dict.fromkeys(filters):
        row = con.execute(
            f"SELECT count(*) FROM entries WHERE {matching_entries(con, parse_filter(text), column)}"
        ).fetchone()
        found[text] = int(row[0]) if row else 0
    return found


def _of_the_module(contract: Contract) -> str:
    root = contract.logger_root.replace(".", "[.]")
    return f'labels.python_logger =~ "^{root}([.]|$)"'


def _broken(con: Connection, index: int, asked: Requirement) -> Iterator[Broken]:
    """Yield the entries that break one requirement, grouped by the value found of a name, by the type found
    in a field.
    """
    value = f"value{index}"
    type_of = (
        f"CASE WHEN {value} IS NULL THEN NULL WHEN {value} LIKE '\"%' THEN 'str' WHEN {value} LIKE '{{%' THEN 'dict' "
        f"WHEN {value} LIKE '[%' THEN 'list' WHEN {value} IN ('true', 'false') THEN 'bool' ELSE 'int' END"
    )
    rows = con.execute(
        f"SELECT {type_of if asked.types else value} AS alike, count(*) AS n, min(place), "
        f"left(arg_min({value}, place), {_SHOWN_CHARACTERS}) FROM suspects WHERE ours AND NOT kept{index} "
        f"GROUP BY alike ORDER BY n DESC, min(place) LIMIT {_MOST_VALUES}"
    ).fetchall()
    for alike, count, place, found in rows:
        problem: Literal["missing", "wrong type", "wrong value"] = "wrong value"
        if alike is None:
            problem = "missing"
        elif asked.types and alike not in asked.types:
            problem = "wrong type"
        yield Broken(asked, problem, found, count, place)


def _alike(con: Connection, value: str, relation: str, most: int) -> Iterator[Stray]:
    rows = con.execute(
        f"SELECT left({value}, {_SHOWN_CHARACTERS}), n, place FROM (SELECT {value}, count(*) AS n, min(place) AS place "
        f"FROM {relation} GROUP BY {value}) ORDER BY n DESC, place LIMIT {most}"
    ).fetchall()
    return (Stray(*row) for row in rows)


def _utc(instant: datetime | None) -> datetime | None:
    return instant and instant.replace(tzinfo=UTC)
