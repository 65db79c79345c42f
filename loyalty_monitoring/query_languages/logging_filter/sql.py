"""Compiles a parsed filter to a boolean SQL expression of DuckDB, whose regular expressions are RE2, too.

The result is never NULL, so that NOT is exact. Rules and their sources: docs/filter-language.md.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

from loyalty_monitoring.query_languages.logging_filter import sql_functions
from loyalty_monitoring.query_languages.logging_filter.functions import kind_of_operand
from loyalty_monitoring.query_languages.logging_filter.log_entry import (
    DEFAULTS,
    ENTRY,
    FieldPath,
    Kind,
    has_default,
    kind_of,
)
from loyalty_monitoring.query_languages.logging_filter.proto_types import FieldType
from loyalty_monitoring.query_languages.logging_filter.sql_json import (
    any_item,
    at_keys,
    is_nested,
    leaves,
    literal,
    pointer,
    spread,
)
from loyalty_monitoring.query_languages.logging_filter.sql_proto import reached, typed_holds
from loyalty_monitoring.query_languages.logging_filter.sql_values import converted, exact_json_texts, holds, is_one_of
from loyalty_monitoring.query_languages.logging_filter.syntax import (
    And,
    Anywhere,
    Cast,
    Comparison,
    Expression,
    Extract,
    Filter,
    InNetwork,
    IsNull,
    LogName,
    Not,
    Operand,
    Or,
    Present,
    Sample,
    Tokens,
)

Column = Callable[[FieldPath], str]
HoldsLists = Callable[[FieldPath], bool]


def _any_may(_: FieldPath) -> bool:
    return True


@dataclass(frozen=True)
class _Entry:
    """Columns of an entry's fields, whether lists may be in them, and the answer where it depends on a type which is
    not known.
    """

    column: Column
    holds_lists: HoldsLists = _any_may
    doubt: bool = False


def to_sql(parsed: Filter, column: Column, holds_lists: HoldsLists = _any_may) -> str:
    """Return the filter as SQL, true or false for each entry; `column(path)` is the JSON of a field, NULL where absent.

    An entry that `undecided` names does not match. Where `holds_lists(path)` says that no value is a list, the SQL is
    half as long.
    """
    return _sql(parsed.expression, _Entry(column, holds_lists)) if parsed.expression else "true"


def value_of(path: FieldPath, column: Column) -> str:
    """Return the JSON of a field, NULL where there is none; of a field of a protoPayload, where it is one value."""
    if path[0] != "protoPayload":
        return column(path)
    found = f"flatten([{', '.join(one.values() for one in reached(_varchar(column(path[:1])), path[1:]))}])"
    return f"(CASE WHEN len({found}) = 1 THEN ({found})[1] END)"


def undecided(parsed: Filter, column: Column) -> str | None:
    """Return whether the answer for an entry depends on the type of a protoPayload that is not known, as SQL.

    None for a filter that can be decided for every entry.
    """
    if parsed.expression is None:
        return None
    least, most = (_sql(parsed.expression, _Entry(column, doubt=doubt)) for doubt in (False, True))
    return None if least == most else f"({most} AND NOT {least})"


@lru_cache(maxsize=4096)
def referenced_fields(parsed: Filter) -> frozenset[FieldPath]:
    """Return the fields that `to_sql` asks for; () is the whole entry."""
    asked: set[FieldPath] = set()

    def column(path: FieldPath) -> str:
        asked.add(path)
        return "NULL"

    to_sql(parsed, column)
    return frozenset(asked)


def _sql(expression: Expression, entry: _Entry) -> str:
    match expression:
        case And(parts):
            return "(" + " AND ".join(_sql(part, entry) for part in parts) + ")"
        case Or(parts):
            if test := _any_of_texts(parts, entry):
                return f"coalesce({test}, false)"
            return "(" + " OR ".join(_sql(part, entry) for part in parts) + ")"
        case Not(part):
            return f"(NOT {_sql(part, replace(entry, doubt=not entry.doubt))})"
    return f"coalesce({_restriction(expression, entry)}, false)"


def _restriction(expression: Expression, entry: _Entry) -> str:
    column = entry.column
    match expression:
        case Comparison(left=left):
            if _field(left)[0] == "protoPayload":
                return _over_proto(left, expression, entry)
            kind = kind_of_operand(left)
            return _over(left, entry, lambda value: holds(kind, value, expression), deep=expression.operator == ":")
        case Present(field):
            return _present(field, column)
        case IsNull(field):
            return _over(field, entry, lambda value: f"{value} = 'null'", keep_null=True)
        case Anywhere(text):
            return sql_functions.anywhere(_varchar(column(ENTRY)), text)
        case Tokens(field=field):
            return sql_functions.search(_whole(field, column), expression)
        case LogName():
            return _over(("logName",), entry, lambda value: sql_functions.log_name(value, expression))
        case Sample(field=field):
            return _over(field, entry, lambda value: sql_functions.sampled(value, expression))
        case InNetwork(field=field):
            return _over(field, entry, lambda value: sql_functions.in_network(value, expression))
    raise AssertionError(expression)


def _any_of_texts(parts: tuple[Expression, ...], entry: _Entry) -> str | None:
    """Return `f = ("a" OR "b")` as one IN. None where the parts are not all of this form."""
    if any(isinstance(part, Comparison) and _field(part.left)[0] == "protoPayload" for part in parts):
        return None  # what a value is depends on the message
    found = [
        (part.left, exact_json_texts(kind_of_operand(part.left), part)) if isinstance(part, Comparison) else None
        for part in parts
    ]
    lefts = {one[0] for one in found if one and one[1]}
    if len(lefts) != 1 or not all(one and one[1] for one in found):
        return None
    alike = [one[1] for one in found if one and one[1]]
    if len({isinstance(part, Comparison) and part.operator for part in parts}) != 1:
        return None
    ignore_case = any(one[0] for one in alike)
    texts = tuple(text for one in alike for text in one[1])
    return _over(lefts.pop(), entry, lambda value: is_one_of(value, ignore_case, texts))


def _over(
    left: Operand, entry: _Entry, test: Callable[[str], str], *, deep: bool = False, keep_null: bool = False
) -> str:
    """Return `test` over the value of a field, or over any of its values if it is a list; `deep` looks into objects,
    too.
    """
    field, column = _field(left), entry.column

    def test_one(value: str) -> str:
        return test(converted(left, value))

    def test_deep(value: str) -> str:
        inside = any_item(leaves(value), test_one)
        return f"CASE WHEN {is_nested(value)} THEN {inside} ELSE {test_one(value)} END"

    kind = kind_of(field)
    if kind is Kind.OBJECT:
        return test_deep(_varchar(column(field)))
    if kind is not Kind.DYNAMIC:
        value = _varchar(column(field))
        return test_one(f"coalesce({value}, {literal(DEFAULTS[kind])})" if has_default(field) else value)
    read, keys = _where(field, keep_null)
    value, each = _varchar(column(read)), test_deep if deep else test_one
    if field[0] == "protoPayload":
        return " OR ".join(one.passes(each) for one in reached(value, keys))
    if not keys and not entry.holds_lists(read):
        return each(value)
    if not keys:
        in_list = any_item(f"json_extract({value}, '$[*]')", each)
        return f"CASE WHEN starts_with({value}, '[') THEN {in_list} ELSE {each(value)} END"
    through_lists = any_item(spread(at_keys(f"[{value}::JSON]", keys, ignore_case=False)), each)
    direct = each(f"json_extract({value}, {pointer(keys)})::VARCHAR")
    return f"CASE WHEN contains({value}, '[') THEN {through_lists} ELSE {direct} END"


def _over_proto(left: Operand, comparison: Comparison, entry: _Entry) -> str:
    """Return a comparison with a field of a protoPayload, by what the message of each entry says the field is."""
    field = _field(left)
    of_cast = None if left == field else kind_of_operand(left)
    tests = []
    for one in reached(_varchar(entry.column(field[:1])), field[1:]):

        def test(value: str, kind: FieldType | None = one.type) -> str:
            if of_cast is not None:
                return holds(of_cast, converted(left, value), comparison)
            return typed_holds(kind, value, comparison, doubt=entry.doubt)

        def deep(value: str, test: Callable[[str], str] = test) -> str:
            inside = any_item(leaves(value), lambda leaf: holds(Kind.DYNAMIC, leaf, comparison))
            return f"CASE WHEN {is_nested(value)} THEN {inside} ELSE {test(value)} END"

        may_nest = one.type is None or one.type.kind in (Kind.DYNAMIC, Kind.OBJECT)
        tests.append(one.passes(deep if comparison.operator == ":" and may_nest else test))
    return " OR ".join(tests)


def _present(field: FieldPath, column: Column) -> str:
    if kind_of(field) is not Kind.DYNAMIC:
        return f"{column(field)} IS NOT NULL"
    return f"len({_values(field, column)}) > 0"


def _whole(field: FieldPath, column: Column) -> str:
    """Return a field as one JSON value, its values gathered where it is reached through lists."""
    if field == ENTRY or kind_of(field) is not Kind.DYNAMIC:
        return _varchar(column(field))
    return f"to_json({_values(field, column)})::VARCHAR"


def _values(field: FieldPath, column: Column) -> str:
    read, keys = _where(field, keep_null=True)
    value = _varchar(column(read))
    if field[0] == "protoPayload":
        return f"flatten([{', '.join(one.values() for one in reached(value, keys))}])"
    return at_keys(f"[{value}::JSON]", keys, ignore_case=False)


def _where(field: FieldPath, keep_null: bool) -> tuple[FieldPath, tuple[str, ...]]:
    """Return the column to read for a JSON field, and the keys to follow in it.

    A column of its own is quick, but cannot tell null from absent; keys below it may lead through lists.
    """
    if field[0] == "protoPayload" or field[0] == "errorGroups":
        return field[:1], field[1:]
    length = (2 if field[0] == "jsonPayload" else 3) - keep_null
    return field[:length], field[length:]


def _field(left: Operand) -> FieldPath:
    while isinstance(left, Cast | Extract):
        left = left.operand
    return left


def _varchar(sql: str) -> str:
    return f"({sql})::VARCHAR"
