"""YAML files as JSON-like data that remembers where each value stands.

Only what JSON can say is accepted: no aliases, no tags, no duplicate or non-string keys. Files come from pull
requests, so every refusal names file, line and what to write instead.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from loyalty_monitoring.common.errors import Position, UserError

Path_ = tuple[str | int, ...]

_MAX_BYTES = 1_000_000
_MAX_DEPTH = 50
# A character beyond \uffff, as JSON escapes it; the backslashes before it are whole ones.
_PAIR = re.compile(r"(?<!\\)((?:\\\\)*)(\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})")
_SafeLoader: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Document:
    """A parsed file: `data` is JSON-like, `positions` maps each path to its place; `text` is all of it."""

    file: Path
    data: Any
    positions: Mapping[Path_, Position]
    text: str = ""

    def position(self, path: Path_) -> Position:
        """The place of `path`, or of its nearest ancestor that stands in the file."""
        while path and path not in self.positions:
            path = path[:-1]
        return self.positions.get(path, Position(self.file))


def load_yaml(file: Path) -> Document:
    """Read one YAML document. Errors: UserError with file and line, never a traceback."""
    documents = load_documents(file)
    if len(documents) > 1:
        raise UserError("holds more than one document; keep one, without `---` lines", documents[1].position(()))
    return documents[0]


def load_documents(file: Path) -> tuple[Document, ...]:
    """Read all YAML documents of a file, or its one of JSON; at least one. Errors: as for `load_yaml`."""
    try:
        if file.exists() and not file.is_file():  # a pipe or a device may never end
            raise UserError("is a folder, a pipe or a device; name a file", Position(file))
        raw = file.read_bytes()
    except OSError as error:
        raise UserError(
            f"cannot read this file ({error.strerror}); check its name and rights", Position(file)
        ) from error
    if len(raw) > _MAX_BYTES:
        raise UserError(f"is larger than {_MAX_BYTES:,} bytes; split it", Position(file))
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise UserError("is not UTF-8 text; save it as UTF-8", Position(file, line)) from error
    if file.suffix == ".json":
        text = _as_yaml(text)
    try:
        _refuse_aliases(text, file)
        nodes = list(yaml.compose_all(text, Loader=_SafeLoader))
    except yaml.YAMLError as error:
        raise _syntax_error(error, file) from error
    if not nodes:
        raise UserError("is empty; expected a mapping of keys to values", Position(file))
    return tuple(_document(node, file, text) for node in nodes)


def _as_yaml(json_text: str) -> str:
    """JSON without the two things that YAML does not take: tabs that indent, and characters written as two escapes."""

    def character(found: re.Match[str]) -> str:
        return found[1] + str(json.loads(f'"{found[2]}"'))

    return _PAIR.sub(character, json_text.replace("\t", " "))


def _document(node: Any, file: Path, text: str) -> Document:
    positions: dict[Path_, Position] = {}
    return Document(file, _value(node, (), file, positions), positions, text)


def _refuse_aliases(text: str, file: Path) -> None:
    # Aliases let a few lines of YAML expand to gigabytes; depth could exhaust the stack. Neither is ever needed.
    depth = 0
    for event in yaml.parse(text, Loader=_SafeLoader):
        mark = event.start_mark
        place = Position(file, mark.line + 1, mark.column + 1) if mark else Position(file)
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise UserError("anchors and aliases (& and *) are not supported; write the value out", place)
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _MAX_DEPTH:
                raise UserError(f"is nested deeper than {_MAX_DEPTH} levels; flatten it", place)
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _syntax_error(error: yaml.YAMLError, file: Path) -> UserError:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
    place = Position(file, mark.line + 1, mark.column + 1) if mark else Position(file)
    return UserError(f"is not valid YAML: {problem}; mend the syntax at this line", place)


def _value(node: Any, path: Path_, file: Path, positions: dict[Path_, Position]) -> Any:
    mark = node.start_mark
    here = Position(file, mark.line + 1, mark.column + 1)
    positions.setdefault(path, here)
    if isinstance(node, yaml.MappingNode):
        _refuse_tag(node, "tag:yaml.org,2002:map", here)
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key_mark = key_node.start_mark
            place = Position(file, key_mark.line + 1, key_mark.column + 1)
            if not isinstance(key_node, yaml.ScalarNode):
                raise UserError("a key must be a plain string", place)
            key = key_node.value
            if key in result:
                raise UserError(f"key {key!r} stands twice in one mapping; remove one of them", place)
            positions[(*path, key)] = place
            result[key] = _value(value_node, (*path, key), file, positions)
        return result
    if isinstance(node, yaml.SequenceNode):
        _refuse_tag(node, "tag:yaml.org,2002:seq", here)
        return [_value(item, (*path, index), file, positions) for index, item in enumerate(node.value)]
    return _scalar(node, here)


def _refuse_tag(node: Any, expected: str, place: Position) -> None:
    if node.tag != expected:
        raise UserError(f"the tag {node.tag!r} is not supported; write plain values", place)


def _scalar(node: Any, place: Position) -> Any:
    tag, text = node.tag.rpartition(":")[2], node.value
    if tag == "bool":
        # YAML 1.1 reads yes/no/on/off as booleans, JSON and the Google API do not: refuse to guess.
        if text not in ("true", "false"):
            raise UserError(f"{text!r} is ambiguous in YAML; write true or false, or put it in quotes", place)
        return text == "true"
    if tag == "null":
        raise UserError("has no value; give one, or remove the key", place)
    try:
        if tag == "int":
            return int(text)
        if tag == "float":
            number = float(text)
            if number != number or number in (float("inf"), float("-inf")):
                raise ValueError
            return number
    except ValueError as error:
        raise UserError(f"{text!r} is not a plain decimal number; write it so, or in quotes", place) from error
    if tag in ("str", "timestamp", "merge", "value"):
        return text
    raise UserError(f"the tag {node.tag!r} is not supported; write plain values", place)
