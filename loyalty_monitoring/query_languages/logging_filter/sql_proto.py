"""Fields of a protoPayload as SQL: where a path leads by the `@type` of each entry, and comparisons by that type.

An entry's type is only known when it is read, so that a path is followed once for each type that has it, and the SQL
chooses. What an Any holds is traversed; its `value` is not named:
cloud.google.com/logging/docs/view/troubleshoot-lql
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from loyalty_monitoring.query_languages.logging_filter import literals, proto_types
from loyalty_monitoring.query_languages.logging_filter.log_entry import Kind
from loyalty_monitoring.query_languages.logging_filter.proto_types import ANY, STRUCT, FieldType
from loyalty_monitoring.query_languages.logging_filter.sql_json import (
    Test,
    any_item,
    at_keys,
    is_string,
    literal,
    pointer,
    spread,
    text_of,
)
from loyalty_monitoring.query_languages.logging_filter.sql_values import holds, is_one_of
from loyalty_monitoring.query_languages.logging_filter.syntax import Comparison

_ORDERING = ("<", "<=", ">", ">=")
_INTEGER = r"[+-]?[0-9]{1,19}"


@dataclass(frozen=True)
class Reached:
    """Values of one type that a path leads to: one JSON text, NULL where there is none, or with `many` a list of them.

    `type` is None where no descriptor tells it.
    """

    type: FieldType | None
    sql: str
    many: bool = False

    def where(self, condition: Test) -> Reached:
        """Return only the values that pass."""
        if self.many:
            return Reached(self.type, f"list_filter({self.sql}, lambda w: {condition('w')})", True)
        return Reached(self.type, f"CASE WHEN {condition(self.sql)} THEN {self.sql} END")

    def at(self, kind: FieldType, keys: Sequence[str], *, is_list: bool = False) -> Reached:
        """Return the values below these very keys."""
        if not self.many:
            value = f"json_extract({self.sql}, {pointer(keys)})::VARCHAR"
            if not is_list:
                return Reached(kind, value)
            return Reached(kind, f"CASE WHEN {value} IS NULL THEN [] ELSE {spread(f'[{value}::JSON]')} END", True)
        inside = f"list_transform({self.sql}, lambda x: json_extract(x, {pointer(keys)}))"
        inside = f"list_filter({inside}, lambda y: y IS NOT NULL)"
        return Reached(kind, spread(inside) if is_list else inside, True)

    def passes(self, test: Test) -> str:
        """Return whether one of the values passes, never NULL."""
        if self.many:
            return any_item(spread(self.sql), test)
        return f"coalesce({test(self.sql)}, false)"

    def values(self) -> str:
        """Return the values as a list."""
        return self.sql if self.many else f"CASE WHEN {self.sql} IS NULL THEN [] ELSE [{self.sql}::JSON] END"


def reached(payload: str, keys: Sequence[str]) -> list[Reached]:
    """Return where the keys lead from a protoPayload, the JSON text `payload`: once for each type that has
    such a path.
    """
    return _below_open(Reached(ANY, payload), tuple(keys))


def _below(start: Reached, keys: tuple[str, ...]) -> list[Reached]:
    kind = start.type
    if not keys or kind is None:
        return [start]
    if kind.kind is Kind.DYNAMIC:
        return _below_open(start, keys)
    if kind.message is None or (field := proto_types.field(kind.message, keys[0])) is None:
        return []
    below = [field.name, *keys[1 : 1 + field.is_map]]
    return _below(start.at(field.type, below, is_list=field.is_list), keys[len(below) :])


def _below_open(start: Reached, keys: tuple[str, ...]) -> list[Reached]:
    """Follow keys through an Any, or through a Struct, in which services write an `@type`, too."""
    if not keys:
        return [start]
    if keys == ("@type",):
        return [start.at(FieldType(Kind.TEXT), keys)]
    assert start.type is not None
    known = [name for name in proto_types.messages() if _leads_somewhere(FieldType(Kind.OBJECT, name), keys)]
    found = []
    for name in known:
        inside = start.where(lambda value, name=name: f"{_type_of(value)} = {_quoted(name)}")  # type: ignore[misc]
        found += _below(Reached(FieldType(Kind.OBJECT, name), inside.sql, inside.many), keys)
    if start.type.open_any:
        wrapped = ", ".join(map(_quoted, proto_types.well_known()))
        inside = start.where(lambda value: f"{_type_of(value)} IN ({wrapped})").at(STRUCT, ["value"])
        found.append(_below_unknown(inside, STRUCT, keys))
        known += proto_types.well_known()
    listed = ", ".join(map(_quoted, known))
    others = start.where(lambda value: f"coalesce({_type_of(value)}, '') NOT IN ({listed})") if known else start
    found.append(_below_unknown(others, None if start.type.open_any else STRUCT, keys))
    return found


def _below_unknown(start: Reached, kind: FieldType | None, keys: tuple[str, ...]) -> Reached:
    value = start.sql if start.many else f"[{start.sql}::JSON]"
    return Reached(kind, at_keys(value, keys, ignore_case=True), True)


def _leads_somewhere(kind: FieldType, keys: tuple[str, ...]) -> bool:
    if not keys or kind.kind is Kind.DYNAMIC:
        return True
    if kind.message is None or (field := proto_types.field(kind.message, keys[0])) is None:
        return False
    return _leads_somewhere(field.type, keys[1 + field.is_map :])


def _type_of(value: str) -> str:
    return f"json_extract_string({value}, '/@type')"


def _quoted(name: str) -> str:
    return literal(proto_types.PREFIX + name)


# Comparisons --------------------------------------------------------------------------------------------------------


def typed_holds(kind: FieldType | None, value: str, comparison: Comparison, *, doubt: bool) -> str:
    """Return the comparison for the JSON text `value`; `doubt` is the answer where it depends on a type that is not
    known.
    """
    if kind is None:
        unsure = _depends_on_type(value, comparison)
        plain = _open(value, comparison)
        return plain if unsure is None else f"CASE WHEN {unsure} THEN {str(doubt).lower()} ELSE {plain} END"
    match kind.kind:
        case Kind.DYNAMIC:
            return _open(value, comparison)
        case Kind.OBJECT:
            return "false"
        case Kind.ENUM:
            return _enum(kind, value, comparison)
        case Kind.INT32 | Kind.INT64:
            return _integer(value, comparison)
    if comparison.operator in ("=~", "!~"):
        return holds(Kind.TEXT, value, comparison) if kind.kind is Kind.TEXT else "false"
    return holds(kind.kind, value, comparison) if _converts(kind.kind, comparison.text) else "false"


def _open(value: str, comparison: Comparison) -> str:
    """Return a JSON value of no known message. JSON writes 64-bit integers as texts, which are ordered as what they
    are.
    """
    plain = holds(Kind.DYNAMIC, value, comparison)
    if comparison.operator not in _ORDERING or comparison.quoted or literals.number(comparison.text) is None:
        return plain
    is_integer = f"{is_string(value)} AND regexp_full_match({text_of(value)}, {literal(_INTEGER)})"
    return f"CASE WHEN {is_integer} THEN {_integer(value, comparison)} ELSE {plain} END"


def _depends_on_type(value: str, comparison: Comparison) -> str | None:
    """Return where a text of an unknown message may be an integer, a time or an enumeration, and would answer
    otherwise.
    """
    operator, text = comparison.operator, comparison.text
    if operator in _ORDERING:
        return is_string(value)
    if operator == ":" and literals.number(text) is not None:
        return (
            f"{is_string(value)} AND regexp_full_match({text_of(value)}, {literal(_INTEGER)}) "
            f"AND contains({text_of(value)}, {literal(text)}) AND {text_of(value)} <> {literal(text)}"
        )
    for kind in (Kind.TIME, Kind.DURATION):
        if operator in ("=", "!=", ":") and _converts(kind, text):
            equal = Comparison(comparison.left, "=", text, True)
            same_text = holds(Kind.TEXT, value, equal)
            return f"{is_string(value)} AND coalesce({holds(kind, value, equal)}, false) AND NOT {same_text}"
    return None


def _integer(value: str, comparison: Comparison) -> str:
    operator = "=" if comparison.operator == ":" else comparison.operator
    number = literals.number(comparison.text)
    if number is None or operator in ("=~", "!~"):
        return "false"
    try:
        return f"TRY_CAST({text_of(value)} AS HUGEINT) {operator} {literals.integer(comparison.text, 128)}"
    except ValueError:
        return f"TRY_CAST({text_of(value)} AS DOUBLE) {operator} '{number!r}'::DOUBLE"


def _enum(kind: FieldType, value: str, comparison: Comparison) -> str:
    """Compare an enumeration by number, as protocol buffers order it; JSON has the name."""
    operator, text = comparison.operator, comparison.text
    if operator in ("=~", "!~"):
        return holds(Kind.TEXT, value, comparison)
    numbers = {name.upper(): number for name, number in kind.enum}
    number = literals.number(text)
    wanted = numbers.get(text.upper(), number)
    if wanted is None:
        return "false"
    tests = {
        "=": wanted.__eq__,
        ":": wanted.__eq__,
        "!=": wanted.__ne__,
        "<": wanted.__gt__,
        "<=": wanted.__ge__,
        ">": wanted.__lt__,
        ">=": wanted.__le__,
    }
    names = tuple(f'"{name}"' for name, number in kind.enum if tests[operator](number) is True)
    return is_one_of(value, False, names) if names else "false"


def _converts(kind: Kind, text: str) -> bool:
    try:
        match kind:
            case Kind.NUMBER:
                return literals.number(text) is not None
            case Kind.BOOLEAN:
                literals.boolean(text)
            case Kind.TIME:
                literals.time(text)
            case Kind.DURATION:
                literals.duration(text)
    except ValueError:
        return False
    return True
