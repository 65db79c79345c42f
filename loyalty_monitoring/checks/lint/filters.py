"""Filters of the Logging query language, as far as rules look at them.

Source: https://docs.cloud.google.com/logging/docs/view/logging-query-language
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource, at, items
from loyalty_monitoring.query_languages.logging_filter import (
    Filter,
    FilterError,
    NeverMatches,
    NotSupported,
    parse_filter,
)
from loyalty_monitoring.query_languages.logging_filter.syntax import And, Comparison, Expression


@dataclass(frozen=True)
class FilterProblem:
    """A filter that is none ("syntax"), or that cannot match ("types"); `remedy` says what to write."""

    kind: Literal["syntax", "types"]
    message: str
    remedy: str


@lru_cache(maxsize=4_096)
def read_filter(text: str) -> Filter | FilterProblem | None:
    """Return the parsed filter, or what is wrong with it; None where our parser knows less than Cloud Logging."""
    try:
        return parse_filter(text)
    except NotSupported:
        return None
    except FilterError as error:
        line = error.position.line if error.position else 1
        kind: Literal["syntax", "types"] = "types" if isinstance(error, NeverMatches) else "syntax"
        return FilterProblem(kind, f"line {line} of the filter: {error.problem}", error.remedy or "correct it there")


def problems_of_log_matches(
    policy: Resource, project: Project, checks: Sequence[Callable[[Resource, Project], Iterator[Problem]]]
) -> Iterator[Problem]:
    """Apply rules for the filter of a log-based metric to the filters that a policy matches log entries with."""
    for index, condition in enumerate(items(policy.body.get("conditions"))):
        matched = at(condition, "conditionMatchedLog")
        if not isinstance(matched, dict):
            continue
        path = ("conditions", index, "conditionMatchedLog")
        like_a_metric = Resource("log_metric", matched, policy.document, (*policy.root, *path))
        for check in checks:
            for problem in check(like_a_metric, project):
                yield Problem((*path, *problem.path), problem.message, problem.remedy)


def required_comparisons(expression: Expression | None) -> Iterator[Comparison]:
    """Yield the comparisons that every matching entry must pass."""
    if isinstance(expression, Comparison):
        yield expression
    elif isinstance(expression, And):
        for part in expression.parts:
            yield from required_comparisons(part)
