"""Filters over the table `entries`: decided once for a kind of entries, where they depend on nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
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


def conditions(con: Connection, filters: Sequence[Filter], column: Callable[[FieldPath], str]) -> list[str | None]:
    """Return of each filter the condition, as SQL over `entries`, that an entry matches it; None where none can.

    The filters are some that `refuse_undecided` lets pass. What depends on an entry's kind alone is decided here, once
    a kind, and kept in the column `decided` until the next call: kinds are few, and to plan all of a filter costs as
    much as to run it over ten thousand entries.
    """
    parts = [_conjuncts(one.expression) for one in filters]
    needed = [And(tuple(_of_kind(of_filter))) for of_filter in parts]
    asked = dict.fromkeys(chain(needed, *(_parts_of_kind(part) for of_filter in parts for part in _rest(of_filter))))
    decided = {one: f"decided[{number}]" for number, one in enumerate(asked, 1)}
    possible = _decide(con, list(asked))
    rest = {
        place: _rest(of_filter)
        for place, (of_kind, of_filter) in enumerate(zip(needed, parts, strict=True))
        if of_kind in possible
    }
    lists = _with_lists(con, "entries", chain.from_iterable(rest.values()), column)

    def written(part: Expression) -> str:
        return _sql(part, decided, column, lists)

    return [
        " AND ".join([decided[of_kind], *_must_have(con, rest[place], column), *map(written, rest[place])])
        if place in rest
        else None
        for place, of_kind in enumerate(needed)
    ]


def _decide(con: Connection, asked: Sequence[Expression]) -> set[Expression]:
    """Fill `decided` with whether each of these holds of a kind, and return those that hold of some."""
    # Filters of one module share most of what they ask.
    leaves = dict.fromkeys(chain.from_iterable(map(_leaves, asked)))
    names = {leaf: f"c{number}" for number, leaf in enumerate(leaves)}
    lists = _with_lists(con, "kinds", leaves, _of_kinds)
    named = "".join(f", {_sql(leaf, {}, _of_kinds, lists)} AS {name}" for leaf, name in names.items())
    decided = ", ".join(_sql(one, names, _of_kinds, lists) for one in asked)
    con.execute(
        f"UPDATE kinds SET decided = found.decided FROM (SELECT kind, [{decided}] AS decided "
        f"FROM (SELECT kind{named} FROM kinds)) AS found WHERE kinds.kind = found.kind"
    )
    rows = con.execute(
        "SELECT DISTINCT place FROM (SELECT unnest(decided) AS holds, unnest(range(len(decided))) AS place FROM kinds) "
        "WHERE holds"
    ).fetchall()
    return {asked[place] for (place,) in rows}


def _of_kinds(path: FieldPath) -> str:
    return stored((path,))[0]


def _leaves(expression: Expression) -> list[Expression]:
    """Return the parts of conjunctions and disjunctions that are neither."""
    if isinstance(expression, And | Or):
        return list(chain.from_iterable(map(_leaves, expression.parts)))
    return [expression]


def _parts_of_kind(expression: Expression) -> list[Expression]:
    """Return the parts that depend on the kind alone, none inside another."""
    if _depends_on_kind(expression):
        return [expression]
    parts = expression.parts if isinstance(expression, And | Or) else ()
    return list(chain.from_iterable(map(_parts_of_kind, parts)))


def _sql(
    expression: Expression,
    known: Mapping[Expression, str],
    column: Callable[[FieldPath], str],
    lists: Collection[FieldPath],
) -> str:
    """Return an expression as SQL that takes from columns what is known of its parts. `lists` are the fields that hold
    any.
    """
    if expression in known:
        return known[expression]
    if isinstance(expression, And | Or) and (not expression.parts or any(one in known for one in _within(expression))):
        word, alone = (" AND ", "true") if isinstance(expression, And) else (" OR ", "false")
        return f"({word.join(_sql(part, known, column, lists) for part in expression.parts) or alone})"
    return to_sql(Filter("", expression), column, lists.__contains__)


def _within(expression: Expression) -> Iterator[Expression]:
    yield expression
    if isinstance(expression, And | Or):
        yield from chain.from_iterable(map(_within, expression.parts))


def _rest(parts: Iterable[Expression]) -> list[Expression]:
    """Return what the kind alone does not decide."""
    return [part for part in parts if not _depends_on_kind(part)]


def _with_lists(
    con: Connection, relation: str, parts: Iterable[Expression], column: Callable[[FieldPath], str]
) -> frozenset[FieldPath]:
    """Return those of the fields of these parts in which the relation holds a list. What is to be done with each item
    of a list is half of a condition, and lists are rare.
    """
    fields = sorted(frozenset[FieldPath]().union(*(referenced_fields(Filter("", part)) for part in parts)))
    if not fields:
        return frozenset()
    are_lists = ", ".join(f"bool_or(left({column(field)}, 1) = '[')" for field in fields)
    found = only_row(con, f"SELECT {are_lists} FROM {relation}")
    return frozenset(field for field, is_list in zip(fields, found, strict=True) if is_list)


def _must_have(con: Connection, parts: Iterable[Expression], column: Callable[[FieldPath], str]) -> list[str]:
    """Return what an entry must have for the parts to hold, as SQL."""
    fields = (_needed_field(con, part) for part in parts)
    return [f"{column(field)} IS NOT NULL" for field in fields if field is not None]


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
