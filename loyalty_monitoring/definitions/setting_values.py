"""Reads the values of settings with their types: text, numbers, addresses, priorities."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlsplit

from loyalty_monitoring.common.errors import Position, UserError, nearest
from loyalty_monitoring.common.yaml_documents import Path_
from loyalty_monitoring.definitions.model import PRIORITIES, Priority

SECRETS_KEY = "channelSecrets"

Locate = Callable[[Path_], Position]

URL = (r"https://[^\s/@]+(?:/\S*)?", "an https:// address without user name and password")


@dataclass(frozen=True)
class Reader:
    """Typed access to values, with errors that stand at the value's place. Keys are without `namespace`."""

    values: Mapping[str, Any]
    locate: Locate
    namespace: str

    def at(self, path: Path_) -> Any:
        value: Any = self.values
        for key in path:
            value = value[key]
        return value

    def mapping(self, path: Path_) -> Mapping[str, Any]:
        value = self.at(path)
        if not isinstance(value, dict):
            raise self.error(path, "must be a mapping of names to values; indent them below it")
        return value

    def string(self, path: Path_) -> str:
        value = self.at(path)
        if isinstance(value, dict) and set(value) == {"secure"}:
            raise self.error(
                path, f"is a secret; secrets belong under {self.namespace}:{SECRETS_KEY}, set this one in plain text"
            )
        if not isinstance(value, str):
            raise self.error(path, "must be text; put it in quotes")
        return value

    def text(self, key: str, pattern: str, expected: str) -> str:
        value = self.string((key,))
        if not re.fullmatch(pattern, value):
            raise self.error((key,), f"is {value!r}; expected {expected}")
        return value

    def one_of(self, key: str, known: tuple[str, ...]) -> str:
        value = self.string((key,))
        if value not in known:
            raise self.error((key,), f"is {value!r}{nearest(value, known)}")
        return value

    def url(self, key: str) -> str:
        value = self.text(key, *URL)
        parts = urlsplit(value)
        if parts.query or parts.fragment:
            raise self.error((key,), f"is {value!r}; expected the address of a folder, without ? and #")
        return value.rstrip("/")

    def numbers(self, key: str) -> dict[str, int | float]:
        return {name: self.number((key, name)) for name in self.mapping((key,))}

    def number(self, path: Path_) -> int | float:
        value = self.at(path)
        # `pulumi config set --path` writes whole numbers as numbers, but 0.4 as text.
        if isinstance(value, str) and re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", value):
            return float(value) if "." in value else int(value)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.error(path, f"is {value!r}; expected a number in the unit that parameters.yaml gives")
        return value

    def boolean(self, key: str) -> bool:
        value = self.values[key]
        # `pulumi config set` writes text, and the CLI hands over text.
        if value not in (True, False, "true", "false") or isinstance(value, int | float) is not isinstance(value, bool):
            raise self.error((key,), f"is {value!r}; expected true or false")
        return value in (True, "true")

    def priorities(self, path: Path_) -> tuple[Priority, ...]:
        value = self.at(path)
        if not isinstance(value, list):
            raise self.error(path, "must be a list of priorities, such as [P0, P1]")
        for index, item in enumerate(value):
            if item not in PRIORITIES:
                raise self.error((*path, index), f"is {item!r}{nearest(str(item), PRIORITIES)}")
        if len(set(value)) != len(value):
            raise self.error(path, "names a priority twice; remove one")
        return cast("tuple[Priority, ...]", tuple(sorted(value)))

    def error(self, path: Path_, problem: str) -> UserError:
        return UserError(f"{self.namespace}:{'.'.join(str(part) for part in path)} {problem}", self.locate(path))
