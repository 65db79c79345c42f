"""Events of the contract in the table `entries`: how many keep it, and what is wrong with the others.

What keeps the contract is decided by the very queries of which the metrics' filters are made. Entries come in parts, so
that they need no more memory than one of them: `make_counts` makes the tables that `add_counts` fills from each part,
and the others read what they hold in the end.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from loyalty_monitoring.checks.contract.findings import Seen
from loyalty_monitoring.common.database import Connection, Progress
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
from loyalty_monitoring.replay.entries.filtering import conditions, refuse_undecided
from loyalty_monitoring.replay.entries.tables import entry_columns

_SHOWN_CHARACTERS = 60
_MOST_VALUES = 5  # different values of a logger, severity or resource type that are told of one event
_MOST_UNKNOWN = 20
_LOGGER: FieldPath = ("labels", "python_logger")
_EVENT: FieldPath = ("jsonPayload", "event")
_TEXT: FieldPath = ("textPayload",)
# Among the strays of events: text that is no object of JSON, though it begins like one. No event has this name.
_UNREAD = "{"


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
    fields: set[FieldPath] = {_LOGGER, _EVENT, _TEXT}
    for name in contract.events:
        fields |= referenced_fields(parse_filter(events_filter(contract, (name,), resource_type)))
    return frozenset(fields)


def make_counts(con: Connection) -> None:
    """Make the tables `found_...`, which `add_counts` fills: counts by event, by requirement and by filter."""
    con.execute("CREATE OR REPLACE TABLE found_valid (event VARCHAR, n BIGINT, first TIMESTAMP, last TIMESTAMP)")
    con.execute(
        "CREATE OR REPLACE TABLE found_broken "
        "(event VARCHAR, requirement INTEGER, alike VARCHAR, n BIGINT, place BIGINT, value VARCHAR)"
    )
    con.execute("CREATE OR REPLACE TABLE found_strays (event VARCHAR, value VARCHAR, n BIGINT, place BIGINT)")
    con.execute("CREATE OR REPLACE TABLE found_matches (filter VARCHAR, n BIGINT)")


def add_counts(
    con: Connection,
    contract: Contract,
    resource_type: str,
    filters: Collection[str],
    progress: Progress | None = None,
) -> None:
    """Count the entries of the table `entries` by event and flaw, by unknown event, and by filter that matches."""
    column = entry_columns(con)
    occurring = _occurring(con, contract, column)
    asked = {text: parse_filter(text) for text in filters}
    for one in asked.values():
        refuse_undecided(con, one, column)
    known = "|".join(contract.events)
    unknown = f'{_of_the_module(contract)} AND NOT jsonPayload.event =~ "^({known})$"'
    of_events = [
        text
        for event in occurring
        for text in (events_filter(contract, (event.name,), resource_type), f'jsonPayload.event =~ "^{event.name}$"')
    ]
    parsed = [*map(parse_filter, [*of_events, unknown]), *asked.values()]
    found = iter(conditions(con, parsed, column))
    of_valid = []
    for done, event in enumerate(occurring):
        if progress is not None:
            progress("Checking the contract", done / len(occurring))
        valid, named = next(found) or "false", next(found) or "false"
        of_valid.append(_add_event(con, contract, event, resource_type, column, valid=valid, named=named))
    if of_valid:
        con.execute(
            "INSERT INTO found_valid SELECT unnest($1), unnest($2), unnest($3), unnest($4)",
            [*zip(*of_valid, strict=True)],
        )
    names = f"SELECT place, {_shown(column(_EVENT))} AS value FROM entries"
    _add_strays(con, "", f"({names} WHERE {next(found) or 'false'} AND value IS NOT NULL)")
    begins = f"starts_with({column(_TEXT)}->>'$', '{{\"') AND contains({column(_TEXT)}->>'$', '\"event\"')"
    _add_strays(con, _UNREAD, f"(SELECT place, NULL::VARCHAR AS value FROM entries WHERE {begins})")
    for text, condition in zip(asked, found, strict=True):
        if condition is not None:
            con.execute(
                f"INSERT INTO found_matches SELECT $text, count(*) FROM entries WHERE {condition}", {"text": text}
            )


def event_counts(con: Connection, contract: Contract, resource_type: str) -> dict[str, EventCounts]:
    """Return valid and invalid entries of each event of the contract, by its name. An entry belongs to the module if
    its logger is below `logger_root`.
    """
    rows = con.execute("SELECT event, sum(n)::BIGINT, min(first), max(last) FROM found_valid GROUP BY event").fetchall()
    valid = {event: Seen(count, _utc(first), _utc(last)) for event, count, first, last in rows}
    asked = {name: requirements(contract, event, resource_type) for name, event in contract.events.items()}
    broken, strays = _broken(con, asked), _strays(con, _MOST_VALUES)
    return {
        name: EventCounts(
            valid.get(name, Seen(0, None, None)), tuple(broken.get(name, ())), tuple(strays.get(name, ()))
        )
        for name in contract.events
    }


def unknown_events(con: Connection) -> tuple[Stray, ...]:
    """Return event names that loggers of the module write and the contract lacks, the most frequent first."""
    return tuple(_strays(con, _MOST_UNKNOWN).get("", ()))


def unread_lines(con: Connection) -> Stray | None:
    """Return the entries of text that begin like an event as JSON; None where there is none."""
    return next(iter(_strays(con, 1).get(_UNREAD, ())), None)


def match_counts(con: Connection) -> dict[str, int]:
    """Return how many entries each filter matches."""
    rows = con.execute("SELECT filter, sum(n)::BIGINT FROM found_matches GROUP BY filter").fetchall()
    return {str(text): int(count) for text, count in rows}


def _occurring(con: Connection, contract: Contract, column: Callable[[FieldPath], str]) -> list[Event]:
    """Return the events that some entry names; to look for each of the others would cost a query."""
    rows = con.execute(
        f"SELECT DISTINCT {column(_EVENT)}::JSON ->> '$' AS name FROM entries WHERE name IN (SELECT unnest($names))",
        {"names": list(contract.events)},
    ).fetchall()
    named = {name for (name,) in rows}
    return [event for name, event in contract.events.items() if name in named]


def _add_event(
    con: Connection,
    contract: Contract,
    event: Event,
    resource_type: str,
    column: Callable[[FieldPath], str],
    *,
    valid: str,
    named: str,
) -> tuple[Any, ...]:
    """Count what is wrong with the entries of an event, which is `named` in them, and return a row of `found_valid`."""

    def condition(query: str) -> str:
        return to_sql(parse_filter(query), column)

    row = con.execute(
        "SELECT count(*) FILTER (valid), min(time) FILTER (valid), max(time) FILTER (valid), count(*) "
        f"FROM (SELECT time, {valid} AS valid FROM entries WHERE {named})"
    ).fetchone()
    assert row is not None
    of_valid = (event.name, *row[:3])
    if row[0] == row[3]:
        return of_valid
    asked = requirements(contract, event, resource_type)
    columns = "".join(
        f", {condition(one.query)} AS kept{index}, {_shown(column(one.path))} AS value{index}"
        for index, one in enumerate(asked)
    )
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE suspects AS SELECT place, {condition(_of_the_module(contract))} AS ours, "
        f"{_shown(column(_LOGGER))} AS logger{columns} FROM entries WHERE {named} AND NOT ({valid})"
    )
    for index, one in enumerate(asked):
        value = f"value{index}"
        con.execute(
            f"INSERT INTO found_broken SELECT $event, {index}, {_type_of(value) if one.types else value} AS alike, "
            f"count(*), min(place), arg_min({value}, place) FROM suspects WHERE ours AND NOT kept{index} "
            "GROUP BY alike",
            {"event": event.name},
        )
    _add_strays(con, event.name, "(SELECT place, logger AS value FROM suspects WHERE NOT ours)")
    return of_valid


def _add_strays(con: Connection, event: str, relation: str) -> None:
    con.execute(
        f"INSERT INTO found_strays SELECT $event, value, count(*), min(place) FROM {relation} GROUP BY value",
        {"event": event},
    )


def _shown(json_value: str) -> str:
    """Return SQL for the beginning of a JSON value, as much of it as is told; NULL for null."""
    return f"left(nullif({json_value}::VARCHAR, 'null'), {_SHOWN_CHARACTERS})"


def _of_the_module(contract: Contract) -> str:
    root = contract.logger_root.replace(".", "[.]")
    return f'labels.python_logger =~ "^{root}([.]|$)"'


def _type_of(value: str) -> str:
    return (
        f"CASE WHEN {value} IS NULL THEN NULL WHEN {value} LIKE '\"%' THEN 'str' WHEN {value} LIKE '{{%' THEN 'dict' "
        f"WHEN {value} LIKE '[%' THEN 'list' WHEN {value} IN ('true', 'false') THEN 'bool' ELSE 'int' END"
    )


def _broken(con: Connection, asked: Mapping[str, Sequence[Requirement]]) -> dict[str, list[Broken]]:
    """Return by event the entries that break each requirement, grouped by the value found of a name, by the type found
    in a field.
    """
    rows = con.execute(
        "SELECT event, requirement, alike, sum(n)::BIGINT AS entries, min(place) AS first, arg_min(value, place) "
        "FROM found_broken GROUP BY event, requirement, alike "
        "QUALIFY row_number() OVER (PARTITION BY event, requirement ORDER BY entries DESC, first) "
        f"<= {_MOST_VALUES} ORDER BY event, requirement, entries DESC, first"
    ).fetchall()
    broken: dict[str, list[Broken]] = {}
    for event, index, alike, count, place, found in rows:
        one = asked[event][index]
        problem: Literal["missing", "wrong type", "wrong value"] = "wrong value"
        if alike is None:
            problem = "missing"
        elif one.types and alike not in one.types:
            problem = "wrong type"
        broken.setdefault(event, []).append(Broken(one, problem, found, count, place))
    return broken


def _strays(con: Connection, most: int) -> dict[str, list[Stray]]:
    """Return by event those that are the most frequent."""
    rows = con.execute(
        "SELECT event, value, sum(n)::BIGINT AS entries, min(place) AS first FROM found_strays GROUP BY event, value "
        f"QUALIFY row_number() OVER (PARTITION BY event ORDER BY entries DESC, first) <= {most} "
        "ORDER BY event, entries DESC, first"
    ).fetchall()
    strays: dict[str, list[Stray]] = {}
    for event, *of_one in rows:
        strays.setdefault(event, []).append(Stray(*of_one))
    return strays


def _utc(instant: datetime | None) -> datetime | None:
    return instant and instant.replace(tzinfo=UTC)
