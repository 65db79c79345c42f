"""A parsed filter, as plain frozen data."""

from __future__ import annotations

from dataclasses import dataclass

FUNCTIONS = ("starts_with", "ends_with", "has_substring", "one_of", "monitoring.regex.full_match")


@dataclass(frozen=True)
class Comparison:
    """A selector such as ("metric", "labels", "code") with a value, or with the values of a function.

    `metric.label.x` and `metric.labels.x` are the same. `operator` is one of = != : < <= > >=; with a function it is
    = or !=. `text` is the comparison as it is written. Values may hold template variables such as `${zone.value}`.
    """

    selector: tuple[str, ...]
    operator: str
    function: str | None
    values: tuple[str, ...]
    text: str


@dataclass(frozen=True)
class Variable:
    """`${name}`: a whole comparison, which a dashboard's template variable stands for."""

    name: str


@dataclass(frozen=True)
class Not:
    part: Expression


@dataclass(frozen=True)
class And:
    parts: tuple[Expression, ...]


@dataclass(frozen=True)
class Or:
    parts: tuple[Expression, ...]


Expression = Comparison | Variable | Not | And | Or
