"""The quick way from a batch to the table: typed columns at once, which stops at anything unusual."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from itertools import accumulate

from loyalty_monitoring.common.database import Connection, InvalidInput, any_order, identifier, quoted
from loyalty_monitoring.replay.entries.fields import ENTRY, Tree, access, expression, sql_type, tree_of
from loyalty_monitoring.replay.entries.judging import problem_of, time_of
from loyalty_monitoring.replay.entries.layout import (
    INSTANT,
    KIND,
    PLACE,
    Layout,
    key_columns,
    keys,
    same_kind,
    selected,
)
from loyalty_monitoring.replay.entries.log_files import MAX_LINE_BYTES
from loyalty_monitoring.replay.entries.runs import Run
from loyalty_monitoring.replay.entries.tables import add_kinds, find_kinds, only_row

_FILE = "@file"
# The database passes over these as it does over blanks; JSON has them nowhere.
_NO_JSON = (b"\v", b"\f")
_SAMPLED = 20_000  # lines that are looked at first, for the kinds in them


def load_quickly(con: Connection, paths: Sequence[str], run: Run, layout: Layout) -> int:
    """Read typed columns of the run's batches, which stand at `paths`, and return the number of entries.

    It is 0, with nothing changed, when a line is not what it should be.
    """
    if ENTRY in layout.leaves or any(byte in batch.raw for byte in _NO_JSON for batch in run.batches):
        return 0
    # Rows are counted in the order in which they are read.
    with nullcontext() if layout.with_places else any_order(con):
        con.begin()
        try:
            loaded = _insert(con, paths, run, layout)
        except InvalidInput:
            con.rollback()
            return 0
        if not _is_whole(loaded, run, layout):
            con.rollback()
            return 0
        con.commit()
    find_kinds(con, layout)
    return loaded


def _is_whole(loaded: int, run: Run, layout: Layout) -> bool:
    """Return whether every value was read.

    Blank lines are counted as lines, not as entries. And a text that is nothing but an unfinished word is an empty one
    to read_json; the careful way tells them apart, and so does the quick one of each batch by itself.
    """
    if layout.with_places or len(run.batches) > 1:
        return loaded == run.lines
    return loaded > 0


def _insert(con: Connection, paths: Sequence[str], run: Run, layout: Layout) -> int:
    """Insert the rows, and return how many. Errors: InvalidInput for a line that is not what it should be."""
    tree, first = tree_of(layout.leaves), run.placed[0]
    accessors = {leaf: access(leaf) for leaf in layout.leaves}

    def type_of(key: str) -> str:
        column = identifier(key)
        if tree[key] is not None:
            return f"CASE WHEN {column} IS NOT NULL THEN 'OBJECT' END"
        return f"CASE left({column}, 1) WHEN '{{' THEN 'OBJECT' WHEN '\"' THEN 'VARCHAR' ELSE left({column}, 1) END"

    # Rows are numbered through all batches: what is added tells those of each from those before it.
    before = accumulate((batch.lines for batch in run.batches), initial=0)
    places = [one.place + one.batch.first - 1 - lines for one, lines in zip(run.placed, before, strict=False)]

    def of_file(numbers: Sequence[int]) -> str:
        return f"list_extract({list(numbers)}, list_position({_listed(paths)}, {identifier(_FILE)}))"

    def timed(files: Sequence[str]) -> str:
        columns = f"{time_of(accessors)} AS {INSTANT}{key_columns(accessors, layout)}"
        if layout.with_places:
            columns += f", {of_file(places)} + row_number() OVER () AS {PLACE}"
        return f"(SELECT *, {columns} FROM {_relation(files, tree)})"

    if first.batch.first == 1:
        add_kinds(con, layout, keys(layout), f"(FROM {timed(paths[:1])} LIMIT {_SAMPLED})")
    problem = problem_of(layout, lambda path: expression(accessors, path), type_of)
    batch = of_file([one.number for one in run.placed])
    kinds = f"(SELECT kind AS {KIND}, * EXCLUDE (kind, resource, decided) FROM kinds) AS kinds"
    (loaded,) = only_row(
        con,
        f"INSERT INTO entry_rows SELECT {selected(accessors, layout, KIND, PLACE, batch)} "
        f"FROM {timed(paths)} LEFT JOIN {kinds} ON {same_kind(layout, keys(layout))} "
        f"WHERE CASE WHEN {problem} IS NULL THEN true ELSE error('unusual') END",
    )
    return int(loaded)


def _relation(paths: Sequence[str], tree: Tree) -> str:
    """Return the files as a relation of typed columns, with the path of each row's file."""
    columns = ", ".join(f"{quoted(key)}: {quoted(sql_type(child))}" for key, child in tree.items())
    return (
        f"read_json({_listed(paths)}, format='newline_delimited', compression='none', columns={{{columns}}}, "
        f"filename={quoted(_FILE)}, maximum_object_size={MAX_LINE_BYTES + 2})"
    )


def _listed(paths: Sequence[str]) -> str:
    return "[" + ", ".join(map(quoted, paths)) + "]"
