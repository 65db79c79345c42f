"""The quick way from a batch to the table: typed columns at once, which stops at anything unusual."""

from __future__ import annotations

from contextlib import nullcontext

from loyalty_monitoring.common.database import Connection, InvalidInput, any_order, identifier, quoted
from loyalty_monitoring.replay.entries.fields import ENTRY, access, expression, sql_type, tree_of
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
from loyalty_monitoring.replay.entries.log_files import MAX_LINE_BYTES, Batch
from loyalty_monitoring.replay.entries.tables import add_kinds, count_rows, find_kinds

_SAMPLED = 20_000  # lines that are looked at first, for the kinds in them


def load_quickly(con: Connection, path: str, batch: Batch, layout: Layout, first_place: int = 0) -> bool:
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
    problem = problem_of(layout, lambda path: expression(accessors, path), type_of)
    place = f", {first_place + batch.first - 1} + row_number() OVER () AS {PLACE}" if layout.with_places else ""
    timed = f"(SELECT *, {time_of(accessors)} AS {INSTANT}{key_columns(accessors, layout)}{place} FROM {relation})"
    before = count_rows(con)
    try:
        if batch.first == 1:
            add_kinds(con, layout, keys(layout), f"(FROM {timed} LIMIT {_SAMPLED})")
        # Rows are counted in the order in which they are read.
        with nullcontext() if layout.with_places else any_order(con):
            con.execute(
                f"INSERT INTO entry_rows SELECT {selected(accessors, layout, KIND, PLACE)} "
                f"FROM {timed} LEFT JOIN (SELECT kind AS {KIND}, * EXCLUDE (kind, resource) FROM kinds) AS kinds "
                f"ON {same_kind(layout, keys(layout))} "
                f"WHERE CASE WHEN {problem} IS NULL THEN true ELSE error('unusual') END"
            )
    except InvalidInput:
        return False
    loaded = count_rows(con) - before
    # Blank lines are counted as lines, not as entries. And a text that is nothing but an unfinished word is an empty
    # one to read_json; the careful way tells them apart.
    if not loaded or (layout.with_places and loaded != batch.text.count(b"\n")):
        if layout.with_places:
            con.execute(f"DELETE FROM entry_rows WHERE place >= {first_place + batch.first}")
        return False
    find_kinds(con, layout)
    return True
