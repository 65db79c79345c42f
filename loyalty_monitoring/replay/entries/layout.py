"""The fields of entries as rows of a table: which are stored once a kind of entry, and which with each entry."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from loyalty_monitoring.common.database import identifier
from loyalty_monitoring.query_languages.logging_filter import FieldPath
from loyalty_monitoring.replay.entries.fields import expression, leaves_of

# What tells kinds of entries apart. These fields are long and repeat themselves, so they are stored once a kind, and a
# filter is decided once a kind where it depends on nothing else. The choice matters to speed and memory only.
KIND_FIELDS: tuple[FieldPath, ...] = (
    ("resource", "type"),
    ("resource", "labels"),
    ("severity",),
    ("labels", "python_logger"),
    ("jsonPayload", "event"),
)
TYPE: FieldPath = ("resource", "type")
LOGGER: FieldPath = ("labels", "python_logger")
INSTANT, KIND, PLACE = '"@time"', '"@kind"', '"@place"'  # no field that is read as a column can have these names
ALWAYS: frozenset[FieldPath] = frozenset({("timestamp",), ("severity",), ("resource", "type"), ("resource", "labels")})


@dataclass(frozen=True)
class Layout:
    """The fields to read, and which of them are stored once a kind of entry, which with each entry."""

    leaves: frozenset[FieldPath]
    of_kind: tuple[FieldPath, ...]
    of_entry: tuple[FieldPath, ...]
    with_places: bool = False
    evaluable: bool = False
    with_batches: bool = False


def layout_of(fields: frozenset[FieldPath]) -> Layout:
    leaves = leaves_of(fields | ALWAYS)
    of_kind = tuple(path for path in KIND_FIELDS if any(path[:length] in leaves for length in range(len(path) + 1)))
    stored = leaves - set(of_kind) - (ALWAYS - fields)
    return Layout(leaves, of_kind, tuple(sorted(stored)))


def stored(paths: Iterable[FieldPath]) -> list[str]:
    return [identifier(json.dumps(path)) for path in paths]


def keys(layout: Layout) -> list[str]:
    return [f'"@{index}"' for index in range(len(layout.of_kind))]


def key_columns(accessors: Mapping[FieldPath, str], layout: Layout) -> str:
    """Return the fields of the kind, one column each."""
    named = zip(layout.of_kind, keys(layout), strict=True)
    return "".join(f", {expression(accessors, path)} AS {key}" for path, key in named)


def selected(accessors: Mapping[FieldPath, str], layout: Layout, kind: str, place: str, batch: str) -> str:
    """Return a row of `entry_rows`; the fields of a kind that is known are not stored again."""
    of_kind = [f"CASE WHEN {kind} IS NULL THEN {key} END" for key in keys(layout)]
    places = [place] * layout.with_places + [batch] * layout.with_batches
    return ", ".join([INSTANT, kind, *places, *of_kind, *(accessors[leaf] for leaf in layout.of_entry)])


def same_kind(layout: Layout, keys: Iterable[str]) -> str:
    columns = zip(stored(layout.of_kind), keys, strict=True)
    return " AND ".join(f"kinds.{column} IS NOT DISTINCT FROM {key}" for column, key in columns)
