"""Filters over the table `entries`: decided once for a kind of entries, where they depend on nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable

from loyalty_monitoring.filter_language import FieldPath, Filter, referenced_fields, to_sql
from loyalty_monitoring.filter_language.syntax import And, Expression, Or
from loyalty_monitoring.replay.database import Connection
from loyalty_monitoring.replay.entries import KIND_FIELDS

_KIND_FIELDS = frozenset(KIND_FIELDS)
_NULL_MATTERS = re.compile(r"NULL_VALUE|:\s*\*")


def filter_fields(parsed: Filter) -> frozenset[FieldPath]:
    """The fields that `load_entries` must keep for a filter to be decided exactly."""
    fields = referenced_fields(parsed)
    # Only below a field that is kept whole is null told from missing.
    return frozenset(path[:1] for path in fields) if _NULL_MATTERS.search(parsed.text) else fields


def make_kinds(con: Connection, column: Callable[[FieldPath], str]) -> None:
    """Make the table `kinds`: each kind of entries once, with the fields that make it."""
    fields = []
    for path in KIND_FIELDS:
        try:
            fields.append(column(path))
        except KeyError:  # no filter needs it
            continue
    con.execute(f"CREATE OR REPLACE TEMP TABLE kinds AS SELECT DISTINCT kind, {', '.join(fields)} FROM entries")
    # A kind is a hash of 64 bits. Rather than to hope, see that no two are the same.
    clash = con.execute("SELECT kind FROM kinds GROUP BY kind HAVING count(*) > 1").fetchone()
    assert clash is None, "two kinds of entries have one hash"


def matching_entries(con: Connection, parsed: Filter, column: Callable[[FieldPath], str]) -> str:
    """The condition, as SQL over `entries`, that an entry matches the filter."""
    parts = _conjuncts(parsed.expression)
    necessary = [weaker for part in parts if (weaker := _weakened(part)) is not None]
    rest = [part for part in parts if not _depends_on_kind(part)]
    conditions = []
    if necessary:
        decided = to_sql(Filter(parsed.text, And(tuple(necessary))), column)
        kinds = [str(row[0]) for row in con.execute(f"SELECT kind FROM kinds WHERE {decided}").fetchall()]
        conditions.append(f"kind IN ({', '.join(kinds)})" if kinds else "false")
    conditions += [to_sql(Filter(parsed.text, part), column) for part in rest]
    return " AND ".join(conditions) or "true"


def _conjuncts(expression: Expression | None) -> tuple[Expression, ...]:
    match expression:
        case None:
            return ()
        case And(parts):
            return tuple(conjunct for part in parts for conjunct in _conjuncts(part))
        case _:
            return (expression,)


def _depends_on_kind(expression: Expression) -> bool:
    return referenced_fields(Filter("", expression)) <= _KIND_FIELDS


def _weakened(expression: Expression) -> Expression | None:
    """What must hold of the kind for `expression` to hold of an entry; None when that is nothing."""
    if _depends_on_kind(expression):
        return expression
    match expression:
        case And(parts):
            known = tuple(weaker for part in parts if (weaker := _weakened(part)) is not None)
            return And(known) if known else None
        case Or(parts):
            weaker_parts = tuple(_weakened(part) for part in parts)
            known = tuple(weaker for weaker in weaker_parts if weaker is not None)
            return Or(known) if len(known) == len(parts) else None
        case _:
            return None
