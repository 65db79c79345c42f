"""Compiles a parsed filter to a boolean SQL expression of DuckDB, whose regular expressions are RE2, too.

The result is never NULL, so that NOT is exact. Rules and their sources: docs/filter-language.md.
"""

from __future__ import annotations

from collections.abc import Callable

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
from loyalty_monitoring.query_languages.logging_filter.sql_json import (
    any_item,
    at_keys,
    is_nested,
    leaves,
    literal,
    pointer,
    spread,
)
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


def to_sql(parsed: Filter, column: Column) -> str:
    """The filter as SQL, true or false for each entry; `column(path)` is the JSON of a field, NULL where absent."""
    return _sql(parsed.expression, column) if parsed.expression else "true"


def referenced_fields(parsed: Filter) -> frozenset[FieldPath]:
    """The fields that `to_sql` asks for; () is the whole entry."""
    asked: set[FieldPath] = set()

    def column(path: FieldPath) -> str:
        asked.add(path)
        return "NULL"

    to_sql(parsed, column)
    return frozenset(asked)


def _sql(expression: Expression, column: Column) -> str:
    match expression:
        case And(parts):
            return "(" + " AND ".join(_sql(part, column) for part in parts) + ")"
        case Or(parts):
            if test := _any_of_texts(parts, column):
                return f"coalesce({test}, false)"
            return "(" + " OR ".join(_sql(part, column) for part in parts) + ")"
        case Not(part):
            return f"(NOT {_sql(part, column)})"
    return f"coalesce({_restriction(expression, column)}, false)"


def _restriction(expression: Expression, column: Column) -> str:
    match expression:
        case Comparison(left=left):
            kind = kind_of_operand(left)
            return _over(left, column, lambda value: holds(kind, value, expression), deep=expression.operator == ":")
        case Present(field):
            return _present(field, column)
        case IsNull(field):
            return _over(field, column, lambda value: f"{value} = 'null'", keep_null=True)
        case Anywhere(text):
            return sql_functions.anywhere(_varchar(column(ENTRY)), text)
        case Tokens(field=field):
            return sql_functions.search(_whole(field, column), expression)
        case LogName():
            return _over(("logName",), column, lambda value: sql_functions.log_name(value, expression))
        case Sample(field=field):
            return _over(field, column, lambda value: sql_functions.sampled(value, expression))
        case InNetwork(field=field):
            return _over(field, column, lambda value: sql_functions.in_network(value, expression))
    raise AssertionError(expression)


def _any_of_texts(parts: tuple[Expression, ...], column: Column) -> str | None:
    """`f = ("a" OR "b")` as one IN. None where the parts are not all of this form."""
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
    return _over(lefts.pop(), column, lambda value: is_one_of(value, ignore_case, texts))


def _over(
    left: Operand, column: Column, test: Callable[[str], str], *, deep: bool = False, keep_null: bool = False
) -> str:
    """`test` over the value of a field, or over one of its values if it is a list; `deep` looks into objects, too."""
    field = _field(left)

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
        return any_item(spread(at_keys(value, keys, ignore_case=True)), each)
    if not keys:
        in_list = any_item(f"json_extract({value}, '$[*]')", each)
        return f"CASE WHEN starts_with({value}, '[') THEN {in_list} ELSE {each(value)} END"
    through_lists = any_item(spread(at_keys(value, keys, ignore_case=False)), each)
    direct = each(f"json_extract({value}, {pointer(keys)})::VARCHAR")
    return f"CASE WHEN contains({value}, '[') THEN {through_lists} ELSE {direct} END"


def _present(field: FieldPath, column: Column) -> str:
    if kind_of(field) is not Kind.DYNAMIC:
        return f"{column(field)} IS NOT NULL"
    return f"len({_values(field, column)}) > 0"


def _whole(field: FieldPath, column: Column) -> str:
    """A field as one JSON value, its values gathered where it is reached through lists."""
    if field == ENTRY or kind_of(field) is not Kind.DYNAMIC:
        return _varchar(column(field))
    return f"to_json({_values(field, column)})::VARCHAR"


def _values(field: FieldPath, column: Column) -> str:
    read, keys = _where(field, keep_null=True)
    return at_keys(_varchar(column(read)), keys, ignore_case=field[0] == "protoPayload")


def _where(field: FieldPath, keep_null: bool) -> tuple[FieldPath, tuple[str, ...]]:
    """Which column to read for a JSON field, and the keys to follow in it.

    A column of its own is quick, but cannot tell null from absent; keys below it may lead through lists.
    """
    if field[0] == "protoPayload" or field[0] == "errorGroups":
        return field[:1], field[1:]
    length = (2 if field[0] == "jsonPayload" else 3) - keep_null
    return field[:length], field[length:]


def _field(left: Operand) -> FieldPath:
    while isinstance(left, Cast | Extract):
        left = left.of
    return left


def _varchar(sql: str) -> str:
    return f"({sql})::VARCHAR"
