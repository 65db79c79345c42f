"""A parsed filter, as plain frozen data."""

from __future__ import annotations

from dataclasses import dataclass

FieldPath = tuple[str, ...]


@dataclass(frozen=True)
class Literal:
    """A value: `quoted` tells "5" from 5; `raw` is the text between the quotes as it was written."""

    text: str
    quoted: bool
    raw: str


@dataclass(frozen=True)
class Comparison:
    field: FieldPath
    operator: str
    value: Literal


@dataclass(frozen=True)
class Search:
    """A bare term: some value of the entry contains it."""

    text: str


@dataclass(frozen=True)
class Function:
    """`log_id`, `ip_in_net` or `SEARCH`; `field` is () where the function looks at the whole entry."""

    name: str
    field: FieldPath
    text: str


@dataclass(frozen=True)
class Not:
    part: Expression


@dataclass(frozen=True)
class And:
    parts: tuple[Expression, ...]


@dataclass(frozen=True)
class Or:
    parts: tuple[Expression, ...]


Expression = Comparison | Search | Function | Not | And | Or


@dataclass(frozen=True)
class Filter:
    """`expression` is None for the empty filter, which matches everything."""

    text: str
    expression: Expression | None
