"""A filter as alternatives, each of which is a list of terms that hold together: (a AND b) OR (a AND NOT c)."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain, product

from loyalty_monitoring.query_languages.monitoring_filter.syntax import (
    And,
    Comparison,
    Expression,
    Not,
    Or,
    Selection,
    Variable,
)

_MOST = 64


class TooManyAlternatives(ValueError):
    """A filter that would be more alternatives than a query should have."""


@dataclass(frozen=True)
class Term:
    """A comparison, a variable or a selection, or with `negated` that it does not hold."""

    of: Comparison | Variable | Selection
    negated: bool = False


def alternatives(expression: Expression | None) -> list[tuple[Term, ...]]:
    """Return the alternatives; one without terms for an empty filter. Errors: TooManyAlternatives beyond 64."""
    if expression is None:
        return [()]
    return [tuple(dict.fromkeys(terms)) for terms in dict.fromkeys(_of(expression, negated=False))]


def _of(expression: Expression, *, negated: bool) -> list[tuple[Term, ...]]:
    match expression:
        case Not(part):
            return _of(part, negated=not negated)
        case And(parts) | Or(parts):
            found = [_of(part, negated=negated) for part in parts]
            if isinstance(expression, Or) is not negated:
                return _few(list(chain.from_iterable(found)))
            joined: list[tuple[Term, ...]] = [()]
            for one in found:
                joined = _few([(*left, *right) for left, right in product(joined, one)])
            return joined
    return [(Term(expression, negated),)]


def _few(found: list[tuple[Term, ...]]) -> list[tuple[Term, ...]]:
    if len(found) > _MOST:
        raise TooManyAlternatives(f"the filter has more than {_MOST} alternatives; write fewer")
    return found
