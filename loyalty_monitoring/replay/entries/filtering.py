"""Filters over the table `entries`: decided once for a kind of entries, where they depend on nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from itertools import chain

from loyalty_monitoring.common.database import Connection
from loyalty_monitoring.common.errors import UserError
from loyalty_monitoring.query_languages.logging_filter import (
    FieldPath,
    Filter,
    known_messages,
    referenced_fields,
    to_sql,
    undecided,
)
from loyalty_monitoring.query_languages.logging_filter.syntax import And, Expression, Or
from loyalty_monitoring.replay.entries.layout import KIND_FIELDS, stored
from loyalty_monitoring.replay.entries.tables import only_row

_KIND_FIELDS = frozenset(KIND_FIELDS)
_NULL_MATTERS = re.compile(r"NULL_VALUE|:\s*\*")


def filter_fields(parsed: Filter) -> frozenset[FieldPath]:
    """Return the fields that `load_entries` must keep for a filter to be decided exactly."""
    fields = referenced_fields(parsed)
    # Only below a field that is kept whole is null told from missing.
    return frozenset(path[:1] for path in fields) if null_matters(parsed) else fields


def null_matters(parsed: Filter) -> bool:
    """Return whether the filter may tell a field that is null from one that is missing."""
    return _NULL_MATTERS.search(parsed.text) is not None


def refuse_undecided(con: Connection, parsed: Filter, column: Callable[[FieldPath], str]) -> None:
    """Refuse a filter whose answer for some entry depends on a message that is not known here. Errors: UserError."""
    condition = undecided(parsed, column)
    if condition is None:
        return
    types = f"json_extract_string({column(('protoPayload',))}::VARCHAR, '$..\"@type\"')"
    found = con.execute(
        f"SELECT {types} AS types, count(*) FROM entries WHERE {condition} GROUP BY types ORDER BY count(*) DESC, types"
    ).fetchall()
    if found:
        types_of_first = [str(name) for name in found[0][0]]
        unknown = next((name for name in types_of_first if name.rpartition("/")[2] not in known_messages()), None)
        named = unknown or (types_of_first[0] if types_of_first else "a protoPayload without an @type")
        count = sum(of_types for _, of_types in found)
        raise UserError(
            f"the fields of {named} are not known here, and without their types the filter cannot be decided for "
            f"{count:,} {'entry' if count == 1 else 'entries'}; say the type, as in "
            "cast(protoPayload.FIELD, INT64) > 5, or keep such entries out, as in "
            'protoPayload."@type" = "type.googleapis.com/google.cloud.audit.AuditLog"'
        )


def matching_entries(con: Connection, parsed: Filter, column: Callable[[FieldPath], str]) -> str:
    """Return the condition, as SQL over `entries`, that an entry matches the filter. Errors: as `refuse_undecided` has
    them.
    """
    refuse_undecided(con, parsed, column)
    return condition_of(con, parsed, column)


def condition_of(con: Connection, parsed: Filter, column: Callable[[FieldPath], str]) -> str:
    """Return the same of a filter that `refuse_undecided` let pass.

    What must hold of the entry's kind comes first: the database decides that once a kind, and then looks only at
    entries of those kinds. Next comes what an entry must have at all.
    """
    parts = _conjuncts(parsed.expression)
    of_kind = _of_kind(parts)
    rest = [part for part in parts if not _depends_on_kind(part)]
    needed = [f"{column(field)} IS NOT NULL" for part in rest if (field := _needed_field(con, part)) is not None]
    conditions = [to_sql(Filter(parsed.text, part), column) for part in (*of_kind, *rest)]
    return " AND ".join([*needed, *conditions]) or "true"


def of_some_kind(con: Connection, filters: Sequence[Filter]) -> list[bool]:
    """Return of each filter whether it can match an entry of any of the `kinds`.

    To plan a filter's whole condition costs as much as to run it over ten thousand entries, and of a few entries most
    metrics count nothing.
    """
    needed = [
        [to_sql(Filter("", part), lambda path: stored((path,))[0]) for part in _of_kind(_conjuncts(one.expression))]
        for one in filters
    ]
    names = {condition: f"c{index}" for index, condition in enumerate(dict.fromkeys(chain.from_iterable(needed)))}
    if not names:
        return [True] * len(filters)
    each = ", ".join(f"{condition} AS {name}" for condition, name in names.items())
    any_kind = ", ".join(f"bool_or({' AND '.join(map(names.__getitem__, one)) or 'true'})" for one in needed)
    return [bool(found) for found in only_row(con, f"SELECT {any_kind} FROM (SELECT {each} FROM kinds)")]


def _needed_field(con: Connection, part: Expression) -> FieldPath | None:
    """Return the one field of LogEntry itself, such as textPayload, without which no entry matches, or None."""
    fields = referenced_fields(Filter("", part))
    field = next(iter(fields))
    if len(fields) > 1 or len(field) != 1:
        return None
    without = to_sql(Filter("", part), lambda _: "missing")
    row = con.execute(f"SELECT {without} FROM (SELECT NULL::JSON AS missing)").fetchone()
    return None if row is None or row[0] else field


def _conjuncts(expression: Expression | None) -> tuple[Expression, ...]:
    match expression:
        case None:
            return ()
        case And(parts):
            return tuple(conjunct for part in parts for conjunct in _conjuncts(part))
        case _:
            return (expression,)


def _of_kind(parts: Iterable[Expression]) -> list[Expression]:
    """Return what must hold of an entry's kind for all parts to hold of the entry."""
    return [weaker for part in parts if (weaker := _weakened(part)) is not None]


def _depends_on_kind(expression: Expression) -> bool:
    return referenced_fields(Filter("", expression)) <= _KIND_FIELDS


def _weakened(expression: Expression) -> Expression | None:
    """Return a condition on low-cardinality fields that must hold for `expression` to hold of an entry; None when there
    is none.
    """
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
