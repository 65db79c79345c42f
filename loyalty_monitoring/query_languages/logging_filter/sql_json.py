"""Small SQL expressions over JSON texts, as DuckDB holds them: canonical, of type VARCHAR, NULL where absent."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence

Test = Callable[[str], str]

_CONTROL = re.compile(r"[\x00-\x1f]")


def literal(text: str) -> str:
    """Return `text` as an SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def string_in_json(text: str) -> str | None:
    """Return the one JSON text of a string; None for control characters, which are not always written the same way."""
    return None if _CONTROL.search(text) else json.dumps(text, ensure_ascii=False)


def is_plain(text: str) -> bool:
    """Return whether a text looks in JSON as it is: no quote, backslash or control character."""
    return string_in_json(text) == f'"{text}"'


def folded(sql: str, *, like: str) -> str:
    """Return the text without letter case. Composed and decomposed letters are the same where `like`, the other side,
    has any.
    """
    return f"lower({sql})" if like.isascii() else f"lower(nfc_normalize({sql}))"


def is_string(value: str) -> str:
    return f"starts_with({value}, '\"')"


def is_number(value: str) -> str:
    # Of all JSON texts only numbers begin with a character from - to 9.
    return f"({value} >= '-' AND {value} < ':')"


def is_nested(value: str) -> str:
    return f"({value} >= '[' AND {value} < '\\' OR {value} >= '{{')"


def text_of(value: str) -> str:
    """Return the text of a JSON string, or the JSON text of a number, true or false."""
    return f"({value}->>'$')"


def pointer(keys: Sequence[str]) -> str:
    """Return an RFC 6901 JSON pointer, as an SQL literal."""
    return literal("".join("/" + key.replace("~", "~0").replace("/", "~1") for key in keys))


def any_item(items: str, test: Test) -> str:
    """Return whether one of a list of JSON values passes; false for NULL and the empty list."""
    return f"coalesce(list_bool_or(list_transform({items}, lambda i: coalesce({test('i::VARCHAR')}, false))), false)"


def leaves(value: str) -> str:
    """Return all values inside an object or a list, at any depth, that are neither; the value itself, if it
    is neither.
    """
    return (
        f"list_filter(list_append(json_extract({value}, '$..*'), {value}::JSON), "
        f"lambda n: NOT {is_nested('n::VARCHAR')})"
    )


def at_keys(items: str, keys: Sequence[str], *, ignore_case: bool) -> str:
    """Return the list of values that the keys lead to from a list of values, through the items of every list on the
    way.
    """
    for key in keys:
        items = spread(items)
        if ignore_case:
            found = f"list_filter(json_keys(o), lambda k: lower(k) = lower({literal(key)}))"
            escaped = "replace(replace(k, '~', '~0'), '/', '~1')"
            inside = f"list_transform({found}, lambda k: json_extract(o, '/' || {escaped}))"
        else:
            inside = f"[json_extract(o, {pointer([key])})]"
        items = f"flatten(list_transform({items}, lambda o: CASE WHEN starts_with(o, '{{') THEN {inside} ELSE [] END))"
        items = f"list_filter({items}, lambda p: p IS NOT NULL)"
    return items


def spread(items: str) -> str:
    """Return the values with each list replaced by its items."""
    return (
        f"flatten(list_transform({items}, "
        "lambda s: CASE WHEN starts_with(s, '[') THEN json_extract(s, '$[*]') ELSE [s] END))"
    )
