"""The careful way from a batch to the table: line by line, with what is wrong where."""

from __future__ import annotations

from loyalty_monitoring.common.database import Connection, quoted
from loyalty_monitoring.query_languages.logging_filter import FieldPath
from loyalty_monitoring.replay.entries.counts import FIRST_REJECTED
from loyalty_monitoring.replay.entries.fields import ENTRY, TOP_LEVEL, expression, structure, tree_of
from loyalty_monitoring.replay.entries.judging import problem_of, time_of
from loyalty_monitoring.replay.entries.layout import INSTANT, Layout, key_columns, selected
from loyalty_monitoring.replay.entries.log_files import BAD_BYTE, LONG_LINE, MAX_LINE_BYTES
from loyalty_monitoring.replay.entries.runs import Run
from loyalty_monitoring.replay.entries.tables import find_kinds, only_row


def load_carefully(
    con: Connection, path: str, run: Run, layout: Layout, most_named: int = FIRST_REJECTED
) -> tuple[int, int, list[tuple[int, str, str]]]:
    """Read the text of a run of one batch line by line.

    Return how many lines are entries, how many are rejected, and the first of these, each with its number, the reason
    and the line.
    """
    con.execute(f"CREATE OR REPLACE TEMP TABLE judged AS {_judged_lines(path, layout)}")
    accessors = _line_accessors(layout.leaves)
    (placed,) = run.placed
    number = f"number + {placed.batch.first - 1}"
    place = f"{placed.place} + {number}"
    (used,) = only_row(
        con,
        f"INSERT INTO entry_rows SELECT {selected(accessors, layout, 'NULL', place, f'{placed.number}')} "
        "FROM judged WHERE problem IS NULL",
    )
    find_kinds(con, layout)
    (rejected,) = only_row(con, "SELECT count(*) FROM judged WHERE problem IS NOT NULL")
    named: list[tuple[int, str, str]] = []
    if rejected and most_named > 0:
        named = con.execute(
            f"SELECT {number}, problem, line FROM judged WHERE problem IS NOT NULL ORDER BY number LIMIT {most_named}"
        ).fetchall()
    con.execute("DROP TABLE judged")
    return int(used), int(rejected), named


def _judged_lines(path: str, layout: Layout) -> str:
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
        ELSE {problem_of(layout, lambda path: expression(accessors, path), lambda key: type_at((key,)))} END"""
    parsed = (
        "line::JSON" if ENTRY in layout.leaves else f"json_transform(line, {quoted(structure(tree_of(layout.leaves)))})"
    )
    return (
        f"SELECT *, {problem} AS problem FROM ("
        f"SELECT *, {time_of(accessors)} AS {INSTANT}{key_columns(accessors, layout)} FROM ("
        f"SELECT *, TRY({parsed}) AS entry, TRY(json_type(line, [{listed}])) AS types "
        f"FROM ({lines}) WHERE regexp_matches(line, '[^ \\t\\v\\f]')))"
    )


def _line_accessors(leaves: frozenset[FieldPath]) -> dict[FieldPath, str]:
    return {leaf: "entry" + "".join(f"[{quoted(key)}]" for key in leaf) for leaf in leaves}
