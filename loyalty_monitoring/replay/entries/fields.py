"""Fields of log entries as columns: which JSON values to read, and how to reach any field from them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from loyalty_monitoring.common.database import identifier, quoted
from loyalty_monitoring.query_languages.logging_filter import FieldPath

ENTRY: FieldPath = ()

# What is always read, because an entry is judged by it.
TOP_LEVEL = ("labels", "textPayload", "jsonPayload", "protoPayload")


def leaves_of(fields: frozenset[FieldPath]) -> frozenset[FieldPath]:
    """Return the fields to read, none inside another.

    A field whose name an SQL type cannot spell (column names ignore case) is reached through the one it stands in.
    """
    wanted = {_spellable(path, fields) for path in fields}
    return frozenset(path for path in wanted if not any(path[:length] in wanted for length in range(len(path))))


def _spellable(path: FieldPath, fields: frozenset[FieldPath]) -> FieldPath:
    for length in range(1, len(path) + 1):
        head, key = path[: length - 1], path[length - 1]
        siblings = {other[length - 1] for other in fields if len(other) >= length and other[: length - 1] == head}
        siblings |= set(TOP_LEVEL) if length == 1 else set()
        same = [sibling for sibling in siblings if sibling.casefold() == key.casefold()]
        if len(same) > 1 or not key.isascii() or not key.replace("_", "a").replace("-", "a").isalnum():
            return head
    return path


def expression(leaves: Mapping[FieldPath, str], path: FieldPath) -> str:
    for length in range(len(path) + 1):
        if (leaf := leaves.get(path[:length])) is not None:
            rest = path[length:]
            return f"json_extract({leaf}, {quoted(pointer(rest))})" if rest else leaf
    raise KeyError(path)


def pointer(path: FieldPath) -> str:
    """Return an RFC 6901 JSON pointer."""
    return "".join("/" + key.replace("~", "~0").replace("/", "~1") for key in path)


Tree = dict[str, "Tree | None"]


def tree_of(leaves: Iterable[FieldPath]) -> Tree:
    """Return the leaves as nested keys, None for a leaf, with all that is needed to judge an entry."""
    tree: Tree = {}
    for leaf in sorted(leaves):
        node = tree
        for key in leaf[:-1]:
            child = node.setdefault(key, {})
            assert child is not None
            node = child
        node[leaf[-1]] = None
    for key in TOP_LEVEL:
        tree.setdefault(key, None)
    return tree


def sql_type(tree: Tree | None) -> str:
    if tree is None:
        return "JSON"
    return "STRUCT(" + ", ".join(f"{identifier(key)} {sql_type(child)}" for key, child in tree.items()) + ")"


def structure(tree: Tree) -> str:
    def filled(node: Tree | None) -> object:
        return "JSON" if node is None else {key: filled(child) for key, child in node.items()}

    return json.dumps(filled(tree))


def access(leaf: FieldPath) -> str:
    return identifier(leaf[0]) + "".join(f"[{quoted(key)}]" for key in leaf[1:])
