"""Metric, resource type and labels that a Monitoring filter names, as far as rules look at them.

A filter that does not parse, one that a template still completes for instance, says nothing.

Source: https://docs.cloud.google.com/monitoring/api/v3/filters
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from loyalty_monitoring.checks.lint.placeholders import has_placeholder
from loyalty_monitoring.query_languages.monitoring_filter import (
    And,
    Comparison,
    Expression,
    MonitoringFilterError,
    Not,
    Or,
    Selection,
    parse_monitoring_filter,
)

_USER = "logging.googleapis.com/user/"


@dataclass(frozen=True)
class LabelName:
    """A label of the metric or of the resource: `of` is "metric" or "resource"."""

    of: str
    name: str


def log_based_metric(filter_: str) -> str | None:
    """Return the name of the one user-defined log-based metric that a filter selects, without its prefix; None for
    others.
    """
    type_ = _type(filter_, "metric")
    if type_ is None or not type_.startswith(_USER) or has_placeholder(type_):
        return None
    return type_.removeprefix(_USER)


def resource_type(filter_: str) -> str | None:
    """Return the one resource type that a filter selects; None where it selects several or is not known yet."""
    type_ = _type(filter_, "resource")
    return None if type_ is None or has_placeholder(type_) else type_


def labels_in(filter_: str) -> list[LabelName]:
    """Return the labels that a filter names; each once, in their order."""
    found = [
        LabelName(compared.selector[0], compared.selector[2])
        for compared, _ in _comparisons(filter_)
        if len(compared.selector) == 3 and compared.selector[0] in ("metric", "resource")
        if compared.selector[1] == "labels"
    ]
    return list(dict.fromkeys(one for one in found if not has_placeholder(one.name)))


def labels_in_field(field: str) -> list[LabelName]:
    """Return the label that a field to group by names, which is spelled like the left side of a comparison."""
    return labels_in(f"{field} = x")


def names_type(filter_: str, of: str) -> bool:
    """Return whether a filter says `metric.type` or `resource.type` (`of`), or what stands for both; True for one that
    does not parse.
    """
    try:
        expression = parse_monitoring_filter(filter_)
    except MonitoringFilterError:
        return True
    return any(
        isinstance(one, Selection) or (isinstance(one, Comparison) and one.selector == (of, "type"))
        for one, _ in _terms(expression)
    )


def _type(filter_: str, of: str) -> str | None:
    found: set[str | None] = set()
    for compared, negated in _comparisons(filter_):
        if compared.selector == (of, "type") and not negated and compared.operator != "!=":
            exact = compared.operator == "=" and compared.function in (None, "one_of") and len(compared.values) == 1
            found.add(compared.values[0] if exact else None)
    return found.pop() if len(found) == 1 else None


def _comparisons(filter_: str) -> Iterator[tuple[Comparison, bool]]:
    try:
        expression = parse_monitoring_filter(filter_)
    except MonitoringFilterError:
        return
    yield from ((one, negated) for one, negated in _terms(expression) if isinstance(one, Comparison))


def _terms(expression: Expression | None, negated: bool = False) -> Iterator[tuple[Expression, bool]]:
    """Yield what is neither AND, OR nor NOT, each with whether it is negated."""
    match expression:
        case None:
            return
        case And(parts) | Or(parts):
            for part in parts:
                yield from _terms(part, negated)
        case Not(part):
            yield from _terms(part, not negated)
        case _:
            yield expression, negated
