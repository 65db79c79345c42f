"""Log entries: from files into the table `entries`, with nothing lost: read = used + rejected.

What makes a JSON value a LogEntry follows its reference, cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry:

- `timestamp` is an RFC 3339 string between the years 1 and 9999, with up to nine digits of a second, upper-case `T`,
  and `Z` or an offset (protobuf's Timestamp, which has no leap seconds);
- `resource.type` is a non-empty string, `resource.labels` and `labels`, where given, are objects;
- `severity`, where given, is one of the names of LogSeverity; without it the entry has DEFAULT;
- at most one of `textPayload` (a string), `jsonPayload` (an object) and `protoPayload` (an object).

Entries come in batches (log_files.py), and two ways lead from a batch to the table. The quick one reads typed columns
at once and stops at anything unusual. Then the careful one takes the batch again, line by line, and says what is wrong
where. Tests hold the two to the same result. A batch reaches the database as a file in memory that has no name.
"""

from __future__ import annotations

import json
import logging
import os
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from loyalty_monitoring.common.database import (
    Connection,
    InvalidInput,
    Progress,
    any_order,
    identifier,
    quoted,
)
from loyalty_monitoring.common.errors import Position, UserError
from loyalty_monitoring.common.temporary_folders import temporary_folder
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
from loyalty_monitoring.replay.entries.log_files import (
    BAD_BYTE,
    LONG_LINE,
    MAX_LINE_BYTES,
    Batch,
    LogFile,
    open_source,
)
from loyalty_monitoring.replay.entries.unreadable import hint

# What tells kinds of entries apart. These fields are long and repeat themselves, so they are stored once a kind, and a
# filter is decided once a kind where it depends on nothing else. The choice matters to speed and memory only.
KIND_FIELDS: tuple[FieldPath, ...] = (
    ("resource", "type"),
    ("resource", "labels"),
    ("severity",),
    ("labels", "python_logger"),
    ("jsonPayload", "event"),
)
_TYPE: FieldPath = ("resource", "type")
LOGGER: FieldPath = ("labels", "python_logger")
_SAMPLED = 20_000  # lines that are looked at first, for the kinds in them

# cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry#LogSeverity
SEVERITIES = ("DEFAULT", "DEBUG", "INFO", "NOTICE", "WARNING", "ERROR", "CRITICAL", "ALERT", "EMERGENCY")

FIRST_REJECTED = 10
MOST_ORIGINS, _LONGEST_ORIGIN = 10_000, 200  # they come from logs, so there can be any number, of any length
_WHOLE_BYTES = 2 * 2**20
_MOST_OF_KINDS = 8 * 2**20  # bytes of the kinds that are kept from part to part: values that hardly repeat are no kinds
_PLACES_OF_A_FILE = 2**40
_BATCHES_OF_A_FILE = 2**32
_INSTANT, _KIND, _PLACE = '"@time"', '"@kind"', '"@place"'  # no field that is read as a column can have these names
_ALWAYS: frozenset[FieldPath] = frozenset({("timestamp",), ("severity",), ("resource", "type"), ("resource", "labels")})

_TIMESTAMP = (
    r'^"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?'
    r'(Z|[+-]([01]\d|2[0-3]):[0-5]\d)"$'
)
_YEAR_1, _YEAR_10000 = -62_135_596_800_000_000, 253_402_300_800_000_000  # microseconds since 1970
# Prometheus counts nanoseconds since 1970 in 64 bits in places, and times before 1970 confuse its ranges.
_YEAR_2262 = 9_214_646_400_000_000
EVALUABLE = (datetime(1970, 1, 1, tzinfo=UTC), datetime(2262, 1, 1, tzinfo=UTC))

_log = logging.getLogger("loyalty_monitoring.entries")


@dataclass(frozen=True)
class _Layout:
    """The fields to read, and which of them are stored once a kind of entry, which with each entry."""

    leaves: frozenset[FieldPath]
    of_kind: tuple[FieldPath, ...]
    of_entry: tuple[FieldPath, ...]
    with_places: bool = False
    evaluable: bool = False
    batch: int | None = None  # which all entries of a batch have in common


@dataclass(frozen=True)
class Rejected:
    """A JSON value or line that is no LogEntry; `line` counts from 1. `hint` follows the reason, where it is known."""

    file: str
    line: int
    reason: str
    hint: str = ""


@dataclass(frozen=True)
class EntryCounts:
    """Result of `load_entries`: `read` = entries used + `rejected`. Timestamps are those of the entries.

    `files` are the names of what was read, in its order, which `positions` needs; `size` is the bytes of its text.
    `origins` says how many entries each (resource.type, labels.python_logger) wrote, of the first 10,000, with 200
    characters of each name at most; "" stands for a logger that is missing, or was not asked for.
    """

    read: int
    rejected: int
    first_rejected: tuple[Rejected, ...]
    first_timestamp: datetime | None
    last_timestamp: datetime | None
    files: tuple[str, ...] = field(default=(), compare=False)
    size: int = field(default=0, compare=False)
    origins: Mapping[tuple[str, str], int] = field(default_factory=dict, compare=False)


def load_entries(
    con: Connection,
    files: Sequence[Path | Literal["-"]],
    fields: Iterable[FieldPath],
    *,
    strict: bool = False,
    with_places: bool = False,
    with_batches: bool = False,
    evaluable: bool = False,
    take: Callable[[Batch], None] | None = None,
    least: int = 0,
    is_checked: bool = True,
    progress: Progress | None = None,
) -> EntryCounts:
    """Make `entries` of all files: the `fields`, the time, and what groups entries.

    Columns: `time` TIMESTAMP (UTC, microseconds), `kind` INTEGER, `resource` INTEGER (yet to be filled), and a JSON
    column for each field, which `entry_columns` names. `fields` with () keep the whole entry. `with_places` adds a
    column `place` BIGINT, which `positions` turns into file and line in the end, and which rises in the order of files
    and lines; without it, rows are in any order. `with_batches` adds a column `batch` BIGINT, which `batch_of` turns
    into the place of the file and the batch's number in it. `evaluable` rejects entries of years in which Prometheus
    evaluates nothing.

    Without `take`, `entries` holds all of them in the end. With it, memory stays bounded, however many there are:
    `take` is called whenever the table's fields have more than `least` bytes, and in the end, and the table is emptied
    after it. It is handed the last batch, which is the only one in the table when `least` is 0.

    What is rejected is told in the log, and in the result. Errors: UserError for a file that cannot be read, when no
    entry could be used of what was read, and with `strict` also for the first line that is no LogEntry. Without
    `is_checked`, what was read is neither told nor judged: `checked` does that, for several results together.
    """
    loading = _Loading(con, frozenset(fields), strict, with_places, evaluable, with_batches=with_batches)
    for batch in loading.batches(files, None if take is None else least, progress):
        if take is not None:
            take(batch)
    counts = loading.counts()
    return checked(counts) if is_checked else counts


def entry_batches(
    con: Connection,
    files: Sequence[Path | Literal["-"]],
    fields: Iterable[FieldPath],
    *,
    strict: bool = False,
    with_places: bool = False,
    only: Collection[tuple[int, int]] | None = None,
    progress: Progress | None = None,
) -> Iterator[Batch]:
    """Yield the batches of all files, while the table `entries` holds the entries of one; otherwise like
    `load_entries`.

    `only` are the batches to look at, as `batch_of` names them. What else the files hold was judged by whoever found
    them.
    """
    loading = _Loading(con, frozenset(fields), strict, with_places, evaluable=False, only=only, keeps_starts=False)
    yield from loading.batches(files, 0, progress)
    if only is None:
        checked(loading.counts())


def unused(rejected: int, read: int, first: Sequence[Rejected], things: str = "log entries") -> Iterator[str]:
    """Return, for lines of text, the number of things not used, and the first of them with the reasons."""
    whole = rejected == read
    yield f"{'none' if whole else rejected} of {read} {things} could {'' if whole else 'not '}be used:"
    for one in first:
        yield f"  {Position(one.file, one.line)}: {one.reason}{one.hint}"
    if rejected > len(first):
        yield f"  and {rejected - len(first)} more"


def checked(counts: EntryCounts) -> EntryCounts:
    """Return the same counts; what is rejected is told in the log. Errors: UserError when nothing could be used."""
    if counts.rejected:
        words = "\n".join(unused(counts.rejected, counts.read, counts.first_rejected))
        if counts.rejected == counts.read:
            raise UserError(f"{words}\ngive LogEntry objects, as `gcloud logging read --format=json` prints them")
        _log.warning("%s", words)
    return counts


def added(parts: Sequence[EntryCounts]) -> EntryCounts:
    """Return the counts of files that were read part by part, in their order."""
    first_rejected = [one for part in parts for one in part.first_rejected]
    return EntryCounts(
        read=sum(part.read for part in parts),
        rejected=sum(part.rejected for part in parts),
        first_rejected=tuple(first_rejected[:FIRST_REJECTED]),
        first_timestamp=min((part.first_timestamp for part in parts if part.first_timestamp), default=None),
        last_timestamp=max((part.last_timestamp for part in parts if part.last_timestamp), default=None),
        files=tuple(name for part in parts for name in part.files),
        size=sum(part.size for part in parts),
        origins=sum((Counter(part.origins) for part in parts), Counter()),
    )


class _Loading:
    """State of the reading so far."""

    def __init__(
        self,
        con: Connection,
        fields: frozenset[FieldPath],
        strict: bool,
        with_places: bool,
        evaluable: bool,
        *,
        with_batches: bool = False,
        only: Collection[tuple[int, int]] | None = None,
        keeps_starts: bool = True,
    ) -> None:
        self.only = only
        self.con, self.strict, self.keeps_starts = con, strict, keeps_starts
        self.layout = replace(_layout(fields), with_places=with_places, evaluable=evaluable)
        if with_batches:
            self.layout = replace(self.layout, batch=0)
        self.read = self.rejected = self.held = self.size = 0
        self.first_rejected: list[Rejected] = []
        self.first_time: datetime | None = None
        self.last_time: datetime | None = None
        self.files: list[str] = []
        self.origins: Counter[tuple[str, str]] = Counter()
        _make_tables(con, self.layout)

    def batches(
        self, files: Sequence[Path | Literal["-"]], least: int | None, progress: Progress | None
    ) -> Iterator[Batch]:
        """Fill the table. With `least`, yield whenever it holds more bytes than that, and empty it afterwards."""
        batch: Batch | None = None
        for place, file in enumerate(files):
            wanted = None if self.only is None else {number for of_file, number in self.only if of_file == place}
            if wanted is not None and not wanted:
                continue
            with open_source(file, progress) as inside:
                for batch in self._cut(self._wanted(inside, place, wanted)):
                    self._add(batch, measured=bool(least))
                    if least is not None and self.held >= least:
                        yield batch
                        self._empty()
                        batch = None
        if batch is not None:
            yield batch
        self._see_times()

    def _wanted(self, inside: Iterator[LogFile], place: int, wanted: Collection[int] | None) -> Iterator[Batch]:
        """Yield the batches of a file that have these numbers, None is all of them."""
        number = 0
        for found in inside:
            self.files.append(found.name)
            for batch in found.batches:
                if self.layout.batch is not None:
                    self.layout = replace(self.layout, batch=place * _BATCHES_OF_A_FILE + number)
                if wanted is None or number in wanted:
                    yield batch
                number += 1
                if wanted is not None and number > max(wanted):
                    return

    def _cut(self, batches: Iterator[Batch]) -> Iterator[Batch]:
        """Return smaller batches where entries are kept whole: searches over all their fields take many times their
        size.
        """
        for batch in batches:
            yield from batch.pieces(_WHOLE_BYTES) if ENTRY in self.layout.leaves else (batch,)

    def counts(self) -> EntryCounts:
        """Return everything that was found."""
        return EntryCounts(
            read=self.read,
            rejected=self.rejected,
            first_rejected=tuple(self.first_rejected),
            first_timestamp=self.first_time and self.first_time.replace(tzinfo=UTC),
            last_timestamp=self.last_time and self.last_time.replace(tzinfo=UTC),
            files=tuple(self.files),
            size=self.size,
            origins=dict(self.origins),
        )

    def _add(self, batch: Batch, *, measured: bool) -> None:
        con, layout, first_place = self.con, self.layout, (len(self.files) - 1) * _PLACES_OF_A_FILE
        before = _count(con)
        self.size += len(batch.text)
        with _in_memory(batch.text) as path:
            if not _load_quickly(con, path, batch, layout, first_place):
                wanted = 1 if self.strict else FIRST_REJECTED - len(self.first_rejected)
                rejected, named = _load_carefully(con, path, batch, layout, first_place, wanted)
                self.rejected += rejected
                self.read += rejected
                self.first_rejected += [
                    Rejected(self.files[-1], batch.line(number), reason, hint(line)) for number, reason, line in named
                ]
        if self.strict and self.first_rejected:
            first = self.first_rejected[0]
            raise UserError(
                f"{first.reason}{first.hint}; mend the line, or leave out --strict to count such lines and go on",
                Position(first.file, first.line),
            )
        if batch.starts is not None and layout.with_places and self.keeps_starts:
            con.execute(
                "INSERT INTO entry_starts SELECT unnest(range($first, $first + len($lines))), unnest($lines)",
                {"first": first_place + batch.first, "lines": list(batch.starts)},
            )
        self.read += _count(con) - before
        if measured:
            # A kind that is new stands with its entries, too.
            size = " + ".join(f"coalesce(strlen({column}), 0)" for column in _stored(layout.of_kind + layout.of_entry))
            (of_batch,) = _only_row(con, f"SELECT sum({size}) FROM entry_rows WHERE rowid >= {before}")
            self.held += int(of_batch or 0)

    def _empty(self) -> None:
        self._see_times()
        self.con.execute("TRUNCATE entry_rows")
        size = " + ".join(f"coalesce(strlen({column}), 0)" for column in _stored(self.layout.of_kind))
        (of_kinds,) = _only_row(self.con, f"SELECT coalesce(sum({size}), 0) FROM kinds")
        if of_kinds > _MOST_OF_KINDS:
            self.con.execute("TRUNCATE kinds")
        self.held = 0

    def _see_times(self) -> None:
        first, last = _only_row(self.con, "SELECT min(time), max(time) FROM entry_rows")
        self.first_time = min(filter(None, (self.first_time, first)), default=None)
        self.last_time = max(filter(None, (self.last_time, last)), default=None)
        kind, logger = _stored((_TYPE, LOGGER))
        logger = f"left(coalesce({logger}->>'$', ''), {_LONGEST_ORIGIN})" if LOGGER in self.layout.of_kind else "''"
        rows = self.con.execute(
            f"SELECT left({kind}->>'$', {_LONGEST_ORIGIN}), {logger}, sum(number)::BIGINT "
            "FROM (SELECT kind, count(*) AS number FROM entry_rows GROUP BY kind) JOIN kinds USING (kind) GROUP BY ALL"
        ).fetchall()
        for found, name, number in rows:
            if (found, name) in self.origins or len(self.origins) < MOST_ORIGINS:
                self.origins[found, name] += int(number)


@contextmanager
def _in_memory(text: bytes) -> Iterator[str]:
    """Yield a path at which only this process finds the text: a file without a name, where Linux has that."""
    if not hasattr(os, "memfd_create"):
        with temporary_folder() as folder:
            (folder / "entries").write_bytes(text)
            yield str(folder / "entries")
        return
    file = os.memfd_create("entries")
    try:
        view = memoryview(text)
        while view:
            view = view[os.write(file, view) :]
        yield f"/proc/self/fd/{file}"
    finally:
        os.close(file)


def batch_of(value: int) -> tuple[int, int]:
    """Return of a value of `batch` the place of the file among the files, and the batch's number in it, from 0."""
    return divmod(value, _BATCHES_OF_A_FILE)


def number_of(place: int) -> int:
    """Return the number of the value in its file, as `Batch` counts."""
    return place % _PLACES_OF_A_FILE


def positions(con: Connection, counts: EntryCounts, places: Iterable[int]) -> dict[int, Position]:
    """Return the file and line of the entries with these values of `place`; `counts` is what `load_entries`
    returned.
    """
    wanted = sorted(set(places))
    rows = con.execute("SELECT place, line FROM entry_starts WHERE list_contains($places, place)", {"places": wanted})
    lines = dict(rows.fetchall())
    return {
        place: Position(counts.files[place // _PLACES_OF_A_FILE], lines.get(place, number_of(place)))
        for place in wanted
    }


def entry_columns(con: Connection) -> Callable[[FieldPath], str]:
    """Return the SQL expression of type JSON for a field of the table `entries`; NULL where the entry has no such
    field.

    Errors: KeyError for a field that was not asked for in `load_entries`.
    """
    names = [str(row[0]) for row in con.execute("DESCRIBE entries").fetchall()]
    leaves = {tuple(json.loads(name)): identifier(name) for name in names if name.startswith("[")}
    return lambda path: expression(leaves, path)


# The two ways -------------------------------------------------------------------------------------------------------


def _load_quickly(con: Connection, path: str, batch: Batch, layout: _Layout, first_place: int = 0) -> bool:
    """Read typed columns. False, with nothing changed, when a line is not what it should be."""
    if ENTRY in layout.leaves:
        return False
    tree = tree_of(layout.leaves)
    columns = ", ".join(f"{quoted(key)}: {quoted(sql_type(child))}" for key, child in tree.items())
    relation = (
        f"read_json({quoted(path)}, format='newline_delimited', compression='none', columns={{{columns}}}, "
        f"maximum_object_size={MAX_LINE_BYTES + 2})"
    )

    def type_of(key: str) -> str:
        column = identifier(key)
        if tree[key] is not None:
            return f"CASE WHEN {column} IS NOT NULL THEN 'OBJECT' END"
        return f"CASE left({column}, 1) WHEN '{{' THEN 'OBJECT' WHEN '\"' THEN 'VARCHAR' ELSE left({column}, 1) END"

    accessors = {leaf: access(leaf) for leaf in layout.leaves}
    problem = _problem(layout, lambda path: expression(accessors, path), type_of)
    place = f", {first_place + batch.first - 1} + row_number() OVER () AS {_PLACE}" if layout.with_places else ""
    timed = f"(SELECT *, {_time(accessors)} AS {_INSTANT}{_key_columns(accessors, layout)}{place} FROM {relation})"
    before = _count(con)
    try:
        if batch.first == 1:
            _add_kinds(con, layout, _keys(layout), f"(FROM {timed} LIMIT {_SAMPLED})")
        # Rows are counted in the order in which they are read.
        with nullcontext() if layout.with_places else any_order(con):
            con.execute(
                f"INSERT INTO entry_rows SELECT {_selected(accessors, layout, _KIND, _PLACE)} "
                f"FROM {timed} LEFT JOIN (SELECT kind AS {_KIND}, * EXCLUDE (kind, resource) FROM kinds) AS kinds "
                f"ON {_same_kind(layout, _keys(layout))} "
                f"WHERE CASE WHEN {problem} IS NULL THEN true ELSE error('unusual') END"
            )
    except InvalidInput:
        return False
    loaded = _count(con) - before
    # Blank lines are counted as lines, not as entries. And a text that is nothing but an unfinished word is an empty
    # one to read_json; the careful way tells them apart.
    if not loaded or (layout.with_places and loaded != batch.text.count(b"\n")):
        if layout.with_places:
            con.execute(f"DELETE FROM entry_rows WHERE place >= {first_place + batch.first}")
        return False
    _find_kinds(con, layout)
    return True


def _load_carefully(
    con: Connection, path: str, batch: Batch, layout: _Layout, first_place: int = 0, most_named: int = FIRST_REJECTED
) -> tuple[int, list[tuple[int, str, str]]]:
    """Read line by line. How many are rejected, and the first of them, each with its number and the reason."""
    con.execute(f"CREATE OR REPLACE TEMP TABLE judged AS {_judged_lines(path, layout)}")
    accessors = _line_accessors(layout.leaves)
    number = f"number + {batch.first - 1}"
    con.execute(
        f"INSERT INTO entry_rows SELECT {_selected(accessors, layout, 'NULL', f'{first_place} + {number}')} "
        "FROM judged WHERE problem IS NULL"
    )
    _find_kinds(con, layout)
    (rejected,) = _only_row(con, "SELECT count(*) FROM judged WHERE problem IS NOT NULL")
    named: list[tuple[int, str, str]] = []
    if rejected and most_named > 0:
        named = con.execute(
            f"SELECT {number}, problem, line FROM judged WHERE problem IS NOT NULL ORDER BY number LIMIT {most_named}"
        ).fetchall()
    con.execute("DROP TABLE judged")
    return int(rejected), named


def _judged_lines(path: str, layout: _Layout) -> str:
    """Return a query of all non-blank lines: `line`, its fields, `time`, `problem` (NULL for a LogEntry), and its
    number.
    """
    lines = (
        "SELECT unnest(lines) AS line, unnest(range(1, len(lines) + 1)) AS number "
        f"FROM (SELECT string_split(content, chr(10)) AS lines FROM read_text({quoted(path)}))"
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
        ELSE {_problem(layout, lambda path: expression(accessors, path), lambda key: type_at((key,)))} END"""
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
    con.execute("CREATE OR REPLACE TABLE entry_starts (place BIGINT, line BIGINT)")
    con.execute(f"CREATE TABLE kinds (kind INTEGER, resource INTEGER{typed(of_kind)})")
    place = ["place"] * layout.with_places + ["batch"] * (layout.batch is not None)
    con.execute(
        f"CREATE TABLE entry_rows (time TIMESTAMP, kind INTEGER{''.join(f', {name} BIGINT' for name in place)}"
        f"{typed(of_kind)}{typed(of_entry)})"
    )
    shown = ", ".join(["time", "kind", "resource", *place, *(f"kinds.{column}" for column in of_kind), *of_entry])
    con.execute(f"CREATE VIEW entries AS SELECT {shown} FROM entry_rows JOIN kinds USING (kind)")


def _stored(paths: Iterable[FieldPath]) -> list[str]:
    return [identifier(json.dumps(path)) for path in paths]


def _keys(layout: _Layout) -> list[str]:
    return [f'"@{index}"' for index in range(len(layout.of_kind))]


def _key_columns(accessors: Mapping[FieldPath, str], layout: _Layout) -> str:
    """Return the fields of the kind, one column each."""
    named = zip(layout.of_kind, _keys(layout), strict=True)
    return "".join(f", {expression(accessors, path)} AS {key}" for path, key in named)


def _selected(accessors: Mapping[FieldPath, str], layout: _Layout, kind: str, place: str) -> str:
    """Return a row of `entry_rows`; the fields of a kind that is known are not stored again."""
    of_kind = [f"CASE WHEN {kind} IS NULL THEN {key} END" for key in _keys(layout)]
    places = [place] * layout.with_places + [f"{layout.batch}"] * (layout.batch is not None)
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
    if _only_row(con, "SELECT count(*) FROM entry_rows WHERE kind IS NULL") == (0,):
        return
    columns = _stored(layout.of_kind)
    _add_kinds(con, layout, columns, "(FROM entry_rows WHERE kind IS NULL)")
    same = _same_kind(layout, [f"entry_rows.{column}" for column in columns])
    con.execute(f"UPDATE entry_rows SET kind = kinds.kind FROM kinds WHERE entry_rows.kind IS NULL AND {same}")


# What makes an entry ------------------------------------------------------------------------------------------------


def _time(accessors: Mapping[FieldPath, str]) -> str:
    timestamp = expression(accessors, ("timestamp",))
    micros = f"epoch_us(TRY_CAST(substr({timestamp}, 2, length({timestamp}) - 2) AS TIMESTAMPTZ))"
    return f"CASE WHEN regexp_matches({timestamp}, {quoted(_TIMESTAMP)}) THEN make_timestamp({micros}) END"


def _problem(layout: _Layout, field: Callable[[FieldPath], str], type_of: Callable[[str], str]) -> str:
    """Return SQL for the reason why an object is no LogEntry; NULL when it is one."""
    timestamp, kind, labels = field(("timestamp",)), field(("resource", "type")), field(("resource", "labels"))
    severities = ", ".join(quoted(json.dumps(name)) for name in SEVERITIES)
    text, structured, proto = type_of("textPayload"), type_of("jsonPayload"), type_of("protoPayload")
    given = " + ".join(f"(({payload}) IS NOT NULL)::INTEGER" for payload in (text, structured, proto))

    def present(json_value: str) -> str:
        return f"nullif({json_value}, 'null')"

    years = (
        f"WHEN {_INSTANT} < make_timestamp(0) OR {_INSTANT} >= make_timestamp({_YEAR_2262}) "
        "THEN 'has a timestamp before 1970 or after 2261, where Prometheus evaluates nothing'"
    )
    return f"""CASE
        WHEN {present(timestamp)} IS NULL THEN 'has no timestamp'
        WHEN {_INSTANT} IS NULL OR {_INSTANT} < make_timestamp({_YEAR_1}) OR {_INSTANT} >= make_timestamp({_YEAR_10000})
            THEN 'has a timestamp that is not RFC 3339'
        {years if layout.evaluable else ""}
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
