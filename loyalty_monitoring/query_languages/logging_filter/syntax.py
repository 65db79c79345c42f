"""A parsed filter, as plain frozen data. Everything in it was checked by the parser."""

from __future__ import annotations

from dataclasses import dataclass

from loyalty_monitoring.query_languages.logging_filter.log_entry import FieldPath


@dataclass(frozen=True)
class Cast:
    """`cast(operand, kind)`; `kind` is STRING, INT64, FLOAT64, BOOL, TIMESTAMP or DURATION."""

    operand: Operand
    kind: str


@dataclass(frozen=True)
class Extract:
    """`regexp_extract(operand, pattern)`: what the pattern's one group matches first."""

    operand: Operand
    pattern: str


Operand = FieldPath | Cast | Extract


@dataclass(frozen=True)
class Comparison:
    """`quoted` tells "5" from 5. For `=~` and `!~` the text is the RE2 pattern."""

    left: Operand
    operator: str
    text: str
    quoted: bool


@dataclass(frozen=True)
class Present:
    """`field:*`."""

    field: FieldPath


@dataclass(frozen=True)
class IsNull:
    """`field = NULL_VALUE`: the field is there and null."""

    field: FieldPath


@dataclass(frozen=True)
class Anywhere:
    """A bare term: some value of the entry has it."""

    text: str


@dataclass(frozen=True)
class Tokens:
    """`SEARCH`: every token and phrase, in lower case, stands in some text of the field; () is the whole entry."""

    field: FieldPath
    tokens: tuple[str, ...]
    phrases: tuple[str, ...]


@dataclass(frozen=True)
class LogName:
    """`log_id` and `source`: how logName begins and ends, in lower case."""

    begins: str
    ends: str


@dataclass(frozen=True)
class Sample:
    field: FieldPath
    fraction: float


@dataclass(frozen=True)
class InNetwork:
    """`ip_in_net`; `network` is an IPv4 or IPv6 network in CIDR form."""

    field: FieldPath
    network: str


@dataclass(frozen=True)
class Not:
    part: Expression


@dataclass(frozen=True)
class And:
    parts: tuple[Expression, ...]


@dataclass(frozen=True)
class Or:
    parts: tuple[Expression, ...]


Expression = Comparison | Present | IsNull | Anywhere | Tokens | LogName | Sample | InNetwork | Not | And | Or


@dataclass(frozen=True)
class Filter:
    """`expression` is None for the empty filter, which matches everything."""

    text: str
    expression: Expression | None
