"""Read `api_reference.yaml`: what the API's reference says of its messages beyond the types of their fields."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from loyalty_monitoring.common.yaml_documents import load_yaml

FILE = Path(__file__).with_name("api_reference.yaml")


@dataclass(frozen=True)
class Bounds:
    """The bounds of one field. Numbers are inclusive, apart from `above`; durations are in seconds; None is none."""

    characters: int | None = None
    bytes: int | None = None
    least: int | None = None
    most: int | None = None
    range: tuple[float, float] | None = None
    above: float | None = None
    seconds: tuple[float, float] | None = None
    multiple: int | None = None
    or_zero: bool = False
    pattern: re.Pattern[str] | None = None
    words: str = ""
    texts: tuple[str, ...] = ()
    labels: bool = False
    ascending: bool = False
    newer: frozenset[str] = frozenset()
    rule: str = ""
    remedy: str = ""


@dataclass(frozen=True)
class MessageReference:
    """The API's reference of one message. `newer` fields are known to the API and not to Google's classes."""

    source: str = ""
    required: tuple[str, ...] = ()
    one_of: tuple[str, ...] = ()
    newer: frozenset[str] = frozenset()
    fields: Mapping[str, Bounds] | None = None

    def bounds(self, field: str) -> Bounds | None:
        return (self.fields or {}).get(field)


@cache
def references() -> dict[str, MessageReference]:
    """Return the references by the full name of the message, such as google.monitoring.v3.AlertPolicy."""
    return {name: _message(of_one) for name, of_one in load_yaml(FILE).data.items()}


def _message(data: Mapping[str, Any]) -> MessageReference:
    return MessageReference(
        source=data["source"],
        required=tuple(data.get("required", ())),
        one_of=tuple(data.get("one_of", ())),
        newer=frozenset(data.get("newer", ())),
        fields={field: _bounds(bounds) for field, bounds in data.get("fields", {}).items()},
    )


def _bounds(data: Mapping[str, Any]) -> Bounds:
    values = dict(data)
    if "pattern" in values:
        values["pattern"] = re.compile(values["pattern"])
    if "seconds" in values:
        least, *most = values["seconds"]
        values["seconds"] = (least, most[0] if most else float("inf"))
    if "range" in values:
        values["range"] = tuple(values["range"])
    return Bounds(**{**values, "texts": tuple(values.get("texts", ())), "newer": frozenset(values.get("newer", ()))})
