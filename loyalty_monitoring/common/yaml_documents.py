"""YAML files as JSON-like data that remembers where each value stands.

Our own files say only what JSON can say: no aliases, no tags, no duplicate or non-string keys, no null. Files come from
pull requests, so every refusal names file, line and what to write instead. Files of other people are read as their
tools write them: null, aliases and `yes` are taken, and what cannot be read is remembered with its place.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from loyalty_monitoring.common.errors import Position, UserError

Path_ = tuple[str | int, ...]

_MAX_BYTES = 1_000_000
# What an export of ten thousand resources may have.
_MAX_FOREIGN_BYTES = 64_000_000
_MAX_DEPTH = 50
# A few lines with aliases can expand to gigabytes.
_MAX_EXPANDED = 200_000
# A character beyond \uffff, as JSON escapes it; the backslashes before it are whole ones.
_PAIR = re.compile(r"(?<!\\)((?:\\\\)*)(\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})")
_EXPONENT = re.compile(r"-?\d+(?:\.\d+)?[eE][+-]?\d+")
_TRUTH = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
_MAP, _LIST = "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"
_SafeLoader: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class YamlProblem:
    """A part of a file that could not be read, and its path in the file's data."""

    path: Path_
    message: str
    position: Position


@dataclass(frozen=True)
class Document:
    """A parsed file: `data` is JSON-like, `positions` maps each path to its place; `text` is all of it.

    `problems` are those of a file of other people, whose data is there nevertheless.
    """

    file: Path
    data: Any
    positions: Mapping[Path_, Position]
    text: str = ""
    problems: tuple[YamlProblem, ...] = ()

    def position(self, path: Path_) -> Position:
        """Return the place of `path`, or of its nearest ancestor that stands in the file."""
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
    text = read_text(file, _MAX_BYTES)
    return tuple(_documents(text, file, foreign=False))


def load_foreign_documents(file: Path, text: str | None = None) -> tuple[Document, ...]:
    """Read what other people's tools wrote: YAML of any number of documents, or JSON values one after the other.

    `text` is the file's content, where it has been read already. Errors: UserError for what is no YAML or JSON, is too
    large, or could keep us busy for ever.
    """
    text = read_text(file, _MAX_FOREIGN_BYTES) if text is None else text
    try:
        return tuple(_documents(text, file, foreign=True))
    except UserError:
        values = _json_values(text)
        if len(values) < 2:
            raise
        return tuple(document for value in values for document in _documents(value.text, file, True, value))


def read_text(file: Path, most: int = _MAX_FOREIGN_BYTES) -> str:
    """Return the text of a file of at most that many bytes, without a byte-order mark. Errors: UserError."""
    try:
        if file.exists() and not file.is_file():  # a pipe or a device may never end
            raise UserError("is a folder, a pipe or a device; name a file", Position(file))
        raw = file.read_bytes()
    except OSError as error:
        raise UserError(
            f"cannot read this file ({error.strerror}); check its name and rights", Position(file)
        ) from error
    if len(raw) > most:
        raise UserError(f"is larger than {most:,} bytes; split it", Position(file))
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise UserError("is not UTF-8 text; save it as UTF-8", Position(file, line)) from error


@dataclass(frozen=True)
class _Part:
    """A part of a text, and the line and column before its first character, counted from 0."""

    text: str
    line: int = 0
    column: int = 0


_WHOLE = _Part("")


def _json_values(text: str) -> list[_Part]:
    """Return the JSON values that a text consists of; none if it is anything else."""
    decoder, values, start = json.JSONDecoder(), list[_Part](), 0
    line, line_start = 0, 0
    while (found := re.compile(r"\s*").match(text, start)) is not None and found.end() < len(text):
        line += text.count("\n", start, found.end())
        line_start = text.rfind("\n", 0, found.end()) + 1
        try:
            _, end = decoder.raw_decode(text, found.end())
        except (ValueError, RecursionError):
            return []
        values.append(_Part(text[found.end() : end], line, found.end() - line_start))
        line += text.count("\n", found.end(), end)
        start = end
    return values


def _documents(text: str, file: Path, foreign: bool, part: _Part = _WHOLE) -> Iterator[Document]:
    if is_json := file.suffix == ".json" or bool(part.text):
        text = _as_yaml(text)
    found = 0
    try:
        events = yaml.parse(text, Loader=_SafeLoader)
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                found += 1
                reader = _Reader(events, file, foreign, is_json, part)
                data = reader.value(next(events), ())
                yield Document(file, data, reader.positions, text, tuple(reader.problems))
    except yaml.YAMLError as error:
        raise _syntax_error(error, file) from error
    if not found:
        raise UserError("is empty; expected a mapping of keys to values", Position(file))


def _as_yaml(json_text: str) -> str:
    """Return JSON without the two things that YAML does not take: tabs that indent, and characters written as two
    escapes.
    """

    def character(found: re.Match[str]) -> str:
        return found[1] + str(json.loads(f'"{found[2]}"'))

    return _PAIR.sub(character, json_text.replace("\t", " "))


def _syntax_error(error: yaml.YAMLError, file: Path) -> UserError:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
    place = Position(file, mark.line + 1, mark.column + 1) if mark else Position(file)
    return UserError(f"is not valid YAML: {problem}; mend the syntax at this line", place)


@lru_cache(maxsize=8_192)
def _implicit_tag(text: str) -> str:
    """Return the tag of a plain scalar in YAML 1.1: bool, null, int, float, timestamp, merge, value or str."""
    resolvers = yaml.SafeLoader.yaml_implicit_resolvers
    for tag, pattern in (*resolvers.get(text[:1], ()), *resolvers.get(None, ())):
        if pattern.match(text):
            return str(tag).rpartition(":")[2]
    return "str"


@dataclass
class _Reader:
    """Turns the events of one document into data, and remembers where each value stands.

    Straight from the events, without nodes in between: depth and aliases are looked after on the way, before either
    could exhaust anything.
    """

    events: Iterator[Any]
    file: Path
    foreign: bool
    is_json: bool
    part: _Part
    positions: dict[Path_, Position] = field(default_factory=dict)
    problems: list[YamlProblem] = field(default_factory=list)
    anchors: dict[str, tuple[Any, int]] = field(default_factory=dict)
    depth: int = 0
    values: int = 0
    expanded: int = 0

    def value(self, event: Any, path: Path_) -> Any:
        here = self.place(event.start_mark)
        self.positions.setdefault(path, here)
        self.values += 1
        if event.anchor is not None and not self.foreign:
            raise UserError("anchors and aliases (& and *) are not supported; write the value out", here)
        if isinstance(event, yaml.AliasEvent):
            return self.alias(str(event.anchor), here)
        before = self.values
        if isinstance(event, yaml.ScalarEvent):
            data = self.scalar(event, path, here)
        else:
            self.depth += 1
            if self.depth > _MAX_DEPTH:
                raise UserError(f"is nested deeper than {_MAX_DEPTH} levels; flatten it", here)
            is_mapping = isinstance(event, yaml.MappingStartEvent)
            if event.tag not in (None, "!", _MAP if is_mapping else _LIST):
                self.refuse(path, f"the tag {event.tag!r} is not supported; write plain values", here)
            data = self.mapping(path) if is_mapping else self.sequence(path)
            self.depth -= 1
        if event.anchor is not None:
            self.anchors[event.anchor] = (data, self.values - before)
        return data

    def alias(self, name: str, here: Position) -> Any:
        if name not in self.anchors:
            raise UserError(f"of its anchors and aliases, *{name} has no value before it; write the value out", here)
        data, values = self.anchors[name]
        self.values += values
        self.expanded += values
        if self.expanded > _MAX_EXPANDED:
            raise UserError(
                f"its anchors and aliases expand to more than {_MAX_EXPANDED:,} values; write the values out", here
            )
        return data

    def sequence(self, path: Path_) -> list[Any]:
        result: list[Any] = []
        for event in self.events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            result.append(self.value(event, (*path, len(result))))
        return result

    def mapping(self, path: Path_) -> dict[str, Any]:
        result: dict[str, Any] = {}
        merged: list[Any] = []
        for event in self.events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            place = self.place(event.start_mark)
            if not isinstance(event, yaml.ScalarEvent):
                self.refuse(path, "a key must be a plain string; write one", place)
                self.value(event, path)
                self.value(next(self.events), path)
                continue
            key = event.value
            if self.foreign and key == "<<" and event.implicit[0]:
                merged.append(self.value(next(self.events), (*path, key)))
                continue
            if key in result:
                self.refuse((*path, key), f"key {key!r} stands twice in one mapping; remove one of them", place)
            self.positions[(*path, key)] = place
            result[key] = self.value(next(self.events), (*path, key))
        for below in merged:
            self.merge(below, path, result)
        return result

    def merge(self, below: Any, path: Path_, result: dict[str, Any]) -> None:
        """Add what `<<: *anchor` names; what the mapping says itself stays (yaml.org/type/merge.html)."""
        for one in below if isinstance(below, list) else [below]:
            if not isinstance(one, dict):
                place = self.positions.get((*path, "<<"), Position(self.file))
                self.refuse(path, "`<<` takes a mapping, or a list of them", place)
                continue
            for key, value in one.items():
                result.setdefault(key, value)

    def scalar(self, event: Any, path: Path_, place: Position) -> Any:
        text = event.value
        if event.tag is not None and event.tag != "!":
            tag = event.tag.rpartition(":")[2]
        else:
            tag = _implicit_tag(text) if event.implicit[0] else "str"
        if tag == "bool":
            # YAML 1.1 reads yes/no/on/off as booleans, JSON and the Google API do not: refuse to guess.
            if text not in ("true", "false") and not self.foreign:
                raise UserError(f"{text!r} is ambiguous in YAML; write true or false, or put it in quotes", place)
            return _TRUTH[text.lower()]
        if tag == "null":
            if not self.foreign:
                raise UserError("has no value; give one, or remove the key", place)
            return None
        try:
            if tag == "int":
                return int(text)
            if tag == "float":
                number = float(text)
                if number != number or number in (float("inf"), float("-inf")):
                    raise ValueError
                return number
        except ValueError:
            self.refuse(path, f"{text!r} is not a plain decimal number; write it so, or in quotes", place)
            return text
        if tag in ("str", "timestamp", "merge", "value"):
            # YAML 1.1 takes 1e5 for a text, JSON for a number.
            is_number = self.is_json and event.implicit[0] and _EXPONENT.fullmatch(text)
            return float(text) if is_number else text
        self.refuse(path, f"the tag {event.tag!r} is not supported; write plain values", place)
        return text

    def refuse(self, path: Path_, message: str, place: Position) -> None:
        if not self.foreign:
            raise UserError(message, place)
        self.problems.append(YamlProblem(path, message, place))

    def place(self, mark: Any) -> Position:
        column = mark.column + 1 + (self.part.column if mark.line == 0 else 0)
        return Position(self.file, mark.line + 1 + self.part.line, column)
