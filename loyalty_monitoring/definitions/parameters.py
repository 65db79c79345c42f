"""The thresholds and windows of parameters.yaml, with a stack's overrides."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

from loyalty_monitoring.common.errors import Found, Position, UserError, nearest, raise_all
from loyalty_monitoring.common.schema_check import check_schema
from loyalty_monitoring.common.yaml_documents import Document, load_yaml
from loyalty_monitoring.definitions.settings import Settings

_SECONDS = {"min": 60, "h": 3600}
# https://docs.cloud.google.com/logging/docs/logs-based-metrics/troubleshooting
ALLOWANCE = "arrival_allowance"  # which the program reads itself
_LONGEST_ARRIVAL = 600
_WORDS = {"min": "minute", "h": "hour"}


@dataclass(frozen=True)
class Parameter:
    """A value in its unit: `h` and `min` are durations, `ratio` is 0..1, `count` a whole number."""

    name: str
    value: float
    unit: str
    why: str

    @property
    def is_duration(self) -> bool:
        return self.unit in _SECONDS

    @property
    def number(self) -> int | float:
        """The value for a comparison: seconds of a duration, otherwise the value itself."""
        value = round(self.value * _SECONDS[self.unit]) if self.is_duration else self.value
        return int(value) if value == int(value) else value

    @property
    def range(self) -> str:
        """A duration as PromQL writes it: `26h`, `70m`."""
        seconds = int(self.number)
        return f"{seconds // 3600}h" if seconds % 3600 == 0 else f"{seconds // 60}m"

    @property
    def api_duration(self) -> str:
        """A duration as the Google API writes it in JSON: `1800s`."""
        return f"{self.number}s"

    @property
    def text(self) -> str:
        """The value as a sentence says it: `26 hours`, `5%`, `100`."""
        if self.unit == "ratio":
            return f"{self.value * 100:.6g}%"
        if self.is_duration:
            return f"{self.value:g} {_WORDS[self.unit]}{'' if self.value == 1 else 's'}"
        return f"{self.value:.15g}"

    def form(self, form: str) -> int | float | str:
        """Return the value in one of FORMS; a KeyError for a form that this unit does not have."""
        if form == "number":
            return self.number
        if form == "text":
            return self.text
        if self.is_duration and form == "range":
            return self.range
        if self.is_duration and form == "api_duration":
            return self.api_duration
        raise KeyError(form)


def load_parameters(
    file: Path, overrides: Mapping[str, object], places: Mapping[str, Position] = MappingProxyType({})
) -> dict[str, Parameter]:
    """Read parameters.yaml and put the stack's overrides in, each checked against its allowed range.

    `places` says where each override stands. Errors: UserError at the override's place, or in parameters.yaml.
    """
    document = load_yaml(file)
    check_schema("parameters", document)
    return chosen_parameters(document, overrides, places)


def chosen_parameters(
    document: Document, overrides: Mapping[str, object], places: Mapping[str, Position] = MappingProxyType({})
) -> dict[str, Parameter]:
    """Return the parameters of a document that keeps the schema, with the stack's overrides in their ranges."""
    plain = {name for name, entry in document.data.items() if "default" in entry}
    found = Found()
    found.errors += [_not_to_override(name, document, plain, places) for name in overrides if name not in plain]
    parameters: dict[str, Parameter] = {}

    def checked(name: str, entry: Mapping[str, Any]) -> Parameter:
        value = overrides.get(name, entry["default"])
        what = "the stack's override of" if name in overrides else "the default of"
        place = document.position((name, "range" if name in overrides else "default"))
        number = _checked(f"{what} {name!r}", value, entry, places.get(name) or place)
        return Parameter(name, number, entry["unit"], entry["why"])

    for name, entry in document.data.items():
        if name in plain and (one := found.tried(partial(checked, name, entry), None)) is not None:
            parameters[name] = one
    raise_all(found.errors)
    for name, entry in document.data.items():
        if "sum" in entry:
            parameters[name] = _sum(name, entry, parameters, document)
    return parameters


def _not_to_override(
    name: str, document: Document, plain: Collection[str], places: Mapping[str, Position]
) -> UserError:
    """Return the mistake of a stack that overrides what is a sum, or nothing."""
    if name in document.data:
        summands = " or ".join(map(repr, document.data[name]["sum"]))
        problem = f"which is a sum; override {summands} instead"
    else:
        problem = f"which {Path(document.file).name} does not declare{nearest(name, set(plain))}"
    return UserError(f"the stack overrides parameter {name!r}, {problem}", places.get(name))


def parameters_of(root: Path, settings: Settings) -> dict[str, Parameter]:
    """Return the parameters of a stack, its own values among them. Errors: those of `load_parameters`."""
    return load_parameters(root / "parameters.yaml", settings.parameter_overrides, settings.override_places)


def arrival_allowance(root: Path, overrides: Mapping[str, object]) -> int:
    """Return how late a point may be, in seconds: the parameter of that name, or else the 10 minutes that Google
    documents.
    """
    file = root / "parameters.yaml"
    return allowance_in(load_parameters(file, overrides) if file.is_file() else {})


def allowance_in(parameters: Mapping[str, Parameter]) -> int:
    """Return the same of parameters that are loaded."""
    return int(parameters[ALLOWANCE].number) if ALLOWANCE in parameters else _LONGEST_ARRIVAL


def _checked(what: str, value: object, entry: Mapping[str, Any], place: Position) -> float:
    low, high = entry["range"]
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        unit = "" if entry["unit"] == "count" else f" {entry['unit']}"
        raise UserError(
            f"{what} is {value!r}; expected a number from {low} to {high}{unit}; choose one in that range", place
        )
    whole_units = value * _SECONDS.get(entry["unit"], 60) / 60 if entry["unit"] != "ratio" else 0
    if whole_units != int(whole_units):
        step = "whole minutes" if entry["unit"] in _SECONDS else "whole numbers"
        raise UserError(f"{what} is {value!r}; only {step} are possible; round it", place)
    return value


def _sum(name: str, entry: Mapping[str, Any], parameters: Mapping[str, Parameter], document: Document) -> Parameter:
    """Add the parameters of `sum` and take away those of `less`; durations of different units become minutes."""
    parts, signs = [], []
    for key, sign in (("sum", 1), ("less", -1)):
        for index, part in enumerate(entry.get(key, [])):
            if part not in parameters:
                place = document.position((name, key, index))
                raise UserError(f"unknown parameter {part!r}{nearest(part, set(parameters))}", place)
            parts.append(parameters[part])
            signs.append(sign)
    place = document.position((name, "sum"))
    unit = parts[0].unit
    values = [part.value for part in parts]
    if any(part.unit != unit for part in parts):
        if not all(part.is_duration for part in parts):
            raise UserError(f"{name!r} adds different units; give its parts one unit", place)
        unit, values = "min", [part.number / _SECONDS["min"] for part in parts]
    value = sum(sign * one for sign, one in zip(signs, values, strict=True))
    if value <= 0 < len(entry.get("less", [])):
        raise UserError(f"{name!r} is {value:g}, which is not above 0; take less away, or add more", place)
    return Parameter(name, value, unit, entry["why"])
