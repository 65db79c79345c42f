"""Log entries: from files into the table `entries`, with nothing lost: read = used + rejected.

A file holds one LogEntry a line, or one JSON array of them, each either plain or gzipped; `-` is standard input.
Blank lines are neither read nor rejected. What makes an object a LogEntry follows its reference,
cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry:

- `timestamp` is an RFC 3339 string between the years 1 and 9999, with up to nine digits of a second, upper-case `T`,
  and `Z` or an offset (protobuf's Timestamp, which has no leap seconds);
- `resource.type` is a non-empty string, `resource.labels` and `labels`, where given, are objects;
- `severity`, where given, is one of the names of LogSeverity; without it the entry has DEFAULT;
- at most one of `textPayload` (a string), `jsonPayload` (an object) and `protoPayload` (an object).

Two ways lead to the same table. The quick one reads typed columns at once and stops at anything unusual. Then the
careful one takes the file again, line by line, and says what is wrong where. Tests hold the two to the same result.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from loyalty_monitoring.common.database import (
    Connection,
    InvalidInput,
    Progress,
    any_order,
    execute,
    identifier,
    quoted,
)
from loyalty_monitoring.common.errors import Position, UserError
from loyalty_monitoring.query_languages.logging_filter import FieldPath
from loyalty_monitoring.replay.entries.fields import (
    ENTRY,
    TOP_LEVEL,
    access,
    expression,
    leaves_of,
    sql_type,
    structure,
    tree_of,
)
from loyalty_monitoring.replay.entries.log_files import BAD_BYTE, LONG_LINE, MAX_LINE_BYTES, Source, open_source

# What tells kinds of entries apart. These fields are long and repeat themselves, so they are stored once a kind, and a
# filter is decided once a kind where it depends on nothing else. The choice matters to speed and memory only.
KIND_FIELDS: tuple[FieldPath, ...] = (
    ("resource", "type"),
    ("resource", "labels"),
    ("severity",),
    ("labels", "python_logger"),
    ("jsonPayload", "event"),
)
_SAMPLED = 20_000  # lines that are looked at first, for the kinds in them

# cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry#LogSeverity
SEVERITIES = ("DEFAULT", "DEBUG", "INFO", "NOTICE", "WARNING", "ERROR", "CRITICAL", "ALERT", "EMERGENCY")

_FIRST_REJECTED = 10
_PLACES_OF_A_FILE = 2**40
_INSTANT, _KIND, _PLACE = '"@time"', '"@kind"', '"@place"'  # no field that is read as a column can have these names
_ALWAYS: frozenset[FieldPath] = frozenset({("timestamp",), ("severity",), ("resource", "type"), ("resource", "labels")})

_TIMESTAMP = (
    r'^"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?'
    r'(Z|[+-]([01]\d|2[0-3]):[0-5]\d)"$'
)
_YEAR_1, _YEAR_10000 = -62_135_596_800_000_000, 253_402_300_800_000_000  # microseconds since 1970


@dataclass(frozen=True)
class _Layout:
    """Which fields are read, and which of them are stored with the kind and which with the entry."""

    leaves: frozenset[FieldPath]
    of_kind: tuple[FieldPath, ...]
    of_entry: tuple[FieldPath, ...]
    with_places: bool = False


@dataclass(frozen=True)
class Rejected:
    """A line that is no LogEntry; `line` counts from 1, 0 when it cannot be told."""

    file: str
    line: int
    reason: str


@dataclass(frozen=True)
class EntryCounts:
    """What `load_entries` found: `read` = entries in the table + `rejected`. Timestamps are those of the table."""

    read: int
    rejected: int
    first_rejected: tuple[Rejected, ...]
    first_timestamp: datetime | None
    last_timestamp: datetime | None


def load_entries(
    con: Connection,
    files: Sequence[Path | Literal["-"]],
    fields: Iterable[FieldPath],
    *,
    strict: bool = False,
    with_places: bool = False,
    progress: Progress | None = None,
) -> EntryCounts:
    """Make `entries` of all files: the `fields`, the time, and what groups entries.

    Columns: `time` TIMESTAMP (UTC, microseconds), `kind` INTEGER, `resource` INTEGER (yet to be filled), and a JSON
    column for each field, which `entry_columns` names. `fields` with () keep the whole entry, and the rows are in
    the order of the files; otherwise they are in any order, as the entries may be in the files. `with_places` adds a
    column `place` BIGINT, which `positions` turns into file and line; it rises in the order of files and lines.
    Errors: UserError for a file that cannot be read, with `strict` also for the first line that is no LogEntry.
    """
    layout = replace(_layout(frozenset(fields)), with_places=with_places)
    _make_tables(con, layout)
    read = rejected = 0
    first_rejected: list[Rejected] = []
    for index, file in enumerate(files):
        with open_source(con, file, progress) as source:
            report, first_place = _reporter(progress, source), index * _PLACES_OF_A_FILE
            found = _load_quickly(con, source, layout, report, first_place)
            if found is None:
                found = _load_carefully(con, source, layout, report, first_place)
            read += found[0]
            rejected += found[1]
            if found[1] and (strict or len(first_rejected) < _FIRST_REJECTED):
                first_rejected += _name_rejected(con, source, layout)
        if strict and first_rejected:
            first = first_rejected[0]
            raise UserError(
                f"{first.reason}; mend the line, or leave out --strict to count such lines and go on",
                Position(first.file, first.line),
            )
    first_time, last_time = _only_row(con, "SELECT min(time), max(time) FROM entry_rows")
    return EntryCounts(
        read=read,
        rejected=rejected,
        first_rejected=tuple(first_rejected[:_FIRST_REJECTED]),
        first_timestamp=first_time and first_time.replace(tzinfo=UTC),
        last_timestamp=last_time and last_time.replace(tzinfo=UTC),
    )


def positions(con: Connection, files: Sequence[Path | Literal["-"]], places: Iterable[int]) -> dict[int, Position]:
    """Where the entries with these values of `place` begin. `files` are those of `load_entries`, to be read again."""
    by_file: dict[int, set[int]] = {}
    for place in places:
        by_file.setdefault(place // _PLACES_OF_A_FILE, set()).add(place)
    found: dict[int, Position] = {}
    for index, of_file in by_file.items():
        ordered = sorted(of_file)
        numbers = [place % _PLACES_OF_A_FILE for place in ordered]
        with open_source(con, files[index], None) as source:
            lines = source.lines_of_elements(numbers) if source.is_array else numbers
            found |= {place: Position(source.name, line) for place, line in zip(ordered, lines, strict=True)}
    return found


def entry_columns(con: Connection) -> Callable[[FieldPath], str]:
    """The SQL expression of type JSON for a field of the table `entries`; NULL where the entry has no such field.

    Errors: KeyError for a field that was not asked for in `load_entries`.
    """
    names = [str(row[0]) for row in con.execute("DESCRIBE entries").fetchall()]
    leaves = {tuple(json.loads(name)): identifier(name) for name in names if name.startswith("[")}
    return lambda path: expression(leaves, path)


def _reporter(progress: Progress | None, source: Source) -> Callable[[float], None] | None:
    if progress is None:
        return None
    return lambda share: progress(f"Reading {source.name}", share)


# The two ways -------------------------------------------------------------------------------------------------------


def _load_quickly(
    con: Connection,
    source: Source,
    layout: _Layout,
    report: Callable[[float], None] | None,
    first_place: int = 0,
) -> tuple[int, int] | None:
    """Read typed columns. None, with nothing changed, when a line is not what it should be."""
    if ENTRY in layout.leaves or not source.is_regular:
        return None
    tree = tree_of(layout.leaves)
    columns = ", ".join(f"{quoted(key)}: {quoted(sql_type(child))}" for key, child in tree.items())
    relation = (
        f"read_json({quoted(str(source.path))}, format={quoted('array' if source.is_array else 'newline_delimited')}, "
        f"compression='none', columns={{{columns}}})"
    )

    def type_of(key: str) -> str:
        column = identifier(key)
        if tree[key] is not None:
            return f"CASE WHEN {column} IS NOT NULL THEN 'OBJECT' END"
        return f"CASE left({column}, 1) WHEN '{{' THEN 'OBJECT' WHEN '\"' THEN 'VARCHAR' ELSE left({column}, 1) END"

    accessors = {leaf: access(leaf) for leaf in layout.leaves}
    problem = _problem(lambda path: expression(accessors, path), type_of)
    place = f", {first_place} + row_number() OVER () AS {_PLACE}" if layout.with_places else ""
    timed = f"(SELECT *, {_time(accessors)} AS {_INSTANT}{_key_columns(accessors, layout)}{place} FROM {relation})"
    before = _count(con)
    try:
        _add_kinds(con, layout, _keys(layout), f"(FROM {timed} LIMIT {_SAMPLED})")
        # Rows are counted in the order in which they are read.
        with nullcontext() if layout.with_places else any_order(con):
            execute(
                con,
                f"INSERT INTO entry_rows SELECT {_selected(accessors, layout, _KIND, _PLACE)} "
                f"FROM {timed} LEFT JOIN (SELECT kind AS {_KIND}, * EXCLUDE (kind, resource) FROM kinds) AS kinds "
                f"ON {_same_kind(layout, _keys(layout))} "
                f"WHERE CASE WHEN {problem} IS NULL THEN true ELSE error('unusual') END",
                report,
            )
    except InvalidInput:
        return None
    if layout.with_places and not source.is_array and _count(con) - before != source.count_lines():
        # Blank lines, for instance: what was counted are entries, not lines.
        con.execute(f"DELETE FROM entry_rows WHERE place > {first_place}")
        return None
    _find_kinds(con, layout)
    # A file that is nothing but an unfinished word is an empty one to read_json; the careful way tells them apart.
    loaded = _count(con) - before
    return (loaded, 0) if loaded else None


def _load_carefully(
    con: Connection,
    source: Source,
    layout: _Layout,
    report: Callable[[float], None] | None,
    first_place: int = 0,
) -> tuple[int, int]:
    """Read line by line; the lines that are no LogEntry are counted as rejected."""
    accessors = _line_accessors(layout.leaves)
    before = _count(con)
    try:
        con.execute("ALTER TABLE entry_rows ADD COLUMN problem VARCHAR")
        execute(
            con,
            f"INSERT INTO entry_rows SELECT {_selected(accessors, layout, 'NULL', f'{first_place} + number')}, problem "
            f"FROM ({_judged_lines(source, layout, numbered=layout.with_places)})",
            report,
        )
        read = _count(con) - before
        con.execute("DELETE FROM entry_rows WHERE problem IS NOT NULL")
        _find_kinds(con, layout)
        return read, read - (_count(con) - before)
    except InvalidInput as error:
        raise _unreadable(source, error) from error
    finally:
        con.execute("ALTER TABLE entry_rows DROP COLUMN IF EXISTS problem")


def _name_rejected(con: Connection, source: Source, layout: _Layout) -> list[Rejected]:
    rows = con.execute(
        f"SELECT number, problem FROM ({_judged_lines(source, layout, numbered=True)}) "
        f"WHERE problem IS NOT NULL ORDER BY number LIMIT {_FIRST_REJECTED}"
    ).fetchall()
    if not source.is_array:
        return [Rejected(source.name, number, reason) for number, reason in rows]
    lines = source.lines_of_elements([number for number, _ in rows])
    return [
        Rejected(source.name, line, f"entry {number} of the array {reason}")
        for line, (number, reason) in zip(lines, rows, strict=True)
    ]


def _judged_lines(source: Source, layout: _Layout, *, numbered: bool) -> str:
    """A query of all non-blank lines: `line`, its fields, `time`, `problem` (NULL for a LogEntry), and its number."""
    number = "row_number() OVER ()" if numbered else "0"
    if source.is_array:
        lines = (
            f"SELECT {number} AS number, json::VARCHAR AS line "
            f"FROM read_json_objects({quoted(str(source.path))}, format='array', compression='none')"
        )
    else:
        # \x01 cannot stand in a clean copy, so every line is one column.
        lines = (
            f"SELECT {number} AS number, line FROM read_csv({quoted(str(source.clean_copy()))}, "
            f"columns={{'line': 'VARCHAR'}}, delim=chr(1), quote='', escape='', header=false, auto_detect=false, "
            f"new_line='\\n', compression='none', max_line_size={MAX_LINE_BYTES + 2})"
        )
    accessors = _line_accessors(layout.leaves)
    paths: list[FieldPath] = [(), *((key,) for key in TOP_LEVEL)]
    listed = ", ".join(quoted("$" + "".join(f".{key}" for key in path)) for path in paths)

    def type_at(path: FieldPath) -> str:
        return f"nullif(types[{paths.index(path) + 1}], 'NULL')"

    problem = f"""CASE
        WHEN types IS NULL AND line = {quoted(LONG_LINE)} THEN 'is longer than {MAX_LINE_BYTES // 2**20} MiB'
        WHEN types IS NULL AND contains(line, {quoted(BAD_BYTE)}) THEN 'holds bytes that are not UTF-8 text'
        WHEN types IS NULL THEN 'is not JSON'
        WHEN types[1] IS DISTINCT FROM 'OBJECT' THEN 'is JSON, but not an object'
        ELSE {_problem(lambda path: expression(accessors, path), lambda key: type_at((key,)))} END"""
    parsed = (
        "line::JSON" if ENTRY in layout.leaves else f"json_transform(line, {quoted(structure(tree_of(layout.leaves)))})"
    )
    return (
        f"SELECT *, {problem} AS problem FROM ("
        f"SELECT *, {_time(accessors)} AS {_INSTANT}{_key_columns(accessors, layout)} FROM ("
        f"SELECT *, TRY({parsed}) AS entry, TRY(json_type(line, [{listed}])) AS types "
        f"FROM ({lines}) WHERE regexp_matches(line, '[^ \\t\\v\\f]')))"
    )


def _line_accessors(leaves: frozenset[FieldPath]) -> dict[FieldPath, str]:
    return {leaf: "entry" + "".join(f"[{quoted(key)}]" for key in leaf) for leaf in leaves}


def _unreadable(source: Source, error: InvalidInput) -> UserError:
    detail = str(error).splitlines()[0].partition("Error: ")[2]
    return UserError(
        f"is not readable as log entries ({detail}); write one LogEntry a line, or one whole JSON array",
        Position(source.name),
    )


# Kinds and rows -----------------------------------------------------------------------------------------------------


def _layout(fields: frozenset[FieldPath]) -> _Layout:
    leaves = leaves_of(fields | _ALWAYS)
    of_kind = tuple(path for path in KIND_FIELDS if any(path[:length] in leaves for length in range(len(path) + 1)))
    stored = leaves - set(of_kind) - (_ALWAYS - fields)
    return _Layout(leaves, of_kind, tuple(sorted(stored)))


def _make_tables(con: Connection, layout: _Layout) -> None:
    """Make the view `entries`: `entry_rows`, with the fields of its kind from `kinds`."""
    of_kind, of_entry = _stored(layout.of_kind), _stored(layout.of_entry)

    def typed(columns: Iterable[str]) -> str:
        return "".join(f", {column} JSON" for column in columns)

    con.execute("DROP VIEW IF EXISTS entries; DROP TABLE IF EXISTS entry_rows; DROP TABLE IF EXISTS kinds")
    con.execute(f"CREATE TABLE kinds (kind INTEGER, resource INTEGER{typed(of_kind)})")
    place = ["place"] if layout.with_places else []
    con.execute(
        f"CREATE TABLE entry_rows (time TIMESTAMP, kind INTEGER{', place BIGINT' if place else ''}"
        f"{typed(of_kind)}{typed(of_entry)})"
    )
    shown = ", ".join(["time", "kind", "resource", *place, *(f"kinds.{column}" for column in of_kind), *of_entry])
    con.execute(f"CREATE VIEW entries AS SELECT {shown} FROM entry_rows JOIN kinds USING (kind)")


def _stored(paths: Iterable[FieldPath]) -> list[str]:
    return [identifier(json.dumps(path)) for path in paths]


def _keys(layout: _Layout) -> list[str]:
    return [f'"@{index}"' for index in range(len(layout.of_kind))]


def _key_columns(accessors: Mapping[FieldPath, str], layout: _Layout) -> str:
    """The fields of the kind, one column each."""
    named = zip(layout.of_kind, _keys(layout), strict=True)
    return "".join(f", {expression(accessors, path)} AS {key}" for path, key in named)


def _selected(accessors: Mapping[FieldPath, str], layout: _Layout, kind: str, place: str) -> str:
    """A row of `entry_rows`; the fields of a kind that is known are not stored again."""
    of_kind = [f"CASE WHEN {kind} IS NULL THEN {key} END" for key in _keys(layout)]
    places = [place] if layout.with_places else []
    return ", ".join([_INSTANT, kind, *places, *of_kind, *(accessors[leaf] for leaf in layout.of_entry)])


def _same_kind(layout: _Layout, keys: Iterable[str]) -> str:
    columns = zip(_stored(layout.of_kind), keys, strict=True)
    return " AND ".join(f"kinds.{column} IS NOT DISTINCT FROM {key}" for column, key in columns)


def _add_kinds(con: Connection, layout: _Layout, keys: Sequence[str], relation: str) -> None:
    con.execute(
        "INSERT INTO kinds SELECT (row_number() OVER () + (SELECT count(*) FROM kinds))::INTEGER, NULL, * "
        f"FROM (SELECT DISTINCT {', '.join(keys)} FROM {relation}) AS found "
        f"WHERE NOT EXISTS (FROM kinds WHERE {_same_kind(layout, [f'found.{key}' for key in keys])})"
    )


def _find_kinds(con: Connection, layout: _Layout) -> None:
    """Give the rows whose kind was not known its number."""
    columns = _stored(layout.of_kind)
    _add_kinds(con, layout, columns, "(FROM entry_rows WHERE kind IS NULL)")
    same = _same_kind(layout, [f"entry_rows.{column}" for column in columns])
    con.execute(f"UPDATE entry_rows SET kind = kinds.kind FROM kinds WHERE entry_rows.kind IS NULL AND {same}")


# What makes an entry ------------------------------------------------------------------------------------------------


def _time(accessors: Mapping[FieldPath, str]) -> str:
    timestamp = expression(accessors, ("timestamp",))
    micros = f"epoch_us(TRY_CAST(substr({timestamp}, 2, length({timestamp}) - 2) AS TIMESTAMPTZ))"
    return f"CASE WHEN regexp_matches({timestamp}, {quoted(_TIMESTAMP)}) THEN make_timestamp({micros}) END"


def _problem(field: Callable[[FieldPath], str], type_of: Callable[[str], str]) -> str:
    """Why an object is no LogEntry, as SQL: NULL when it is one."""
    timestamp, kind, labels = field(("timestamp",)), field(("resource", "type")), field(("resource", "labels"))
    severities = ", ".join(quoted(json.dumps(name)) for name in SEVERITIES)
    text, structured, proto = type_of("textPayload"), type_of("jsonPayload"), type_of("protoPayload")
    given = " + ".join(f"(({payload}) IS NOT NULL)::INTEGER" for payload in (text, structured, proto))

    def present(json_value: str) -> str:
        return f"nullif({json_value}, 'null')"

    return f"""CASE
        WHEN {present(timestamp)} IS NULL THEN 'has no timestamp'
        WHEN {_INSTANT} IS NULL OR {_INSTANT} < make_timestamp({_YEAR_1}) OR {_INSTANT} >= make_timestamp({_YEAR_10000})
            THEN 'has a timestamp that is not RFC 3339'
        WHEN {present(kind)} IS NULL THEN 'has no resource.type'
        WHEN left({kind}, 1) <> '"' OR {kind} = '""' THEN 'has a resource.type that is not a name'
        WHEN left({present(labels)}, 1) <> '{{' THEN 'has resource.labels that are not an object'
        WHEN {present(field(("severity",)))} NOT IN ({severities}) THEN
            'has a severity that Cloud Logging does not know'
        WHEN ({type_of("labels")}) <> 'OBJECT' THEN 'has labels that are not an object'
        WHEN {given} > 1 THEN 'has more than one payload'
        WHEN ({text}) <> 'VARCHAR' THEN 'has a textPayload that is not a string'
        WHEN ({structured}) <> 'OBJECT' THEN 'has a jsonPayload that is not an object'
        WHEN ({proto}) <> 'OBJECT' THEN 'has a protoPayload that is not an object'
        END"""


def _count(con: Connection) -> int:
    return int(_only_row(con, "SELECT count(*) FROM entry_rows")[0])


def _only_row(con: Connection, sql: str) -> tuple[Any, ...]:
    row = con.execute(sql).fetchone()
    assert row is not None
    return row
