"""promql-offset-echo: a number is compared with more than one moment of its own past.

What was unusual once is, one offset later, what the usual is compared with.

Source: https://prometheus.io/docs/prometheus/latest/querying/basics/#offset-modifier
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from loyalty_monitoring.checks.lint.conditions import promql_conditions
from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource, Rule
from loyalty_monitoring.query_languages.promql.expressions import metric_name, nodes, operation, reads

_COMPARES = (">", "<", ">=", "<=", "==", "!=", "-", "/")


def check(policy: Resource, project: Project) -> Iterator[Problem]:
    for condition in promql_conditions(policy):
        if condition.expression is None:
            continue
        for node in nodes(condition.expression):
            apart = _one_offset_apart(node)
            if apart is not None:
                hours = f"{apart.total_seconds() / 3600:.3g} h"
                yield Problem(
                    (*condition.path, "query"),
                    f"compares a metric with itself {hours} before: what is unusual now is what the usual is compared "
                    f"with {hours} later, and it fires again",
                    "compare with several moments, such as the avg of `offset 1w`, `2w` and `3w`, or ask for a least "
                    "number as well: `and ... > 10`",
                )
                break


def _one_offset_apart(node: Any) -> timedelta | None:
    """Return the distance at which an operation reads the same metric, if each side reads it at one moment."""
    found = operation(node)
    if found is None or found[0] not in _COMPARES:
        return None
    sides: list[dict[str | None, set[timedelta]]] = []
    for side in found[1:]:
        offsets: dict[str | None, set[timedelta]] = {}
        for read in reads(side):
            offsets.setdefault(metric_name(read.selector), set()).add(read.offset)
        sides.append(offsets)
    for name in sides[0].keys() & sides[1].keys():
        left, right = sides[0][name], sides[1][name]
        if name is not None and len(left) == len(right) == 1 and left != right:
            return abs(next(iter(left)) - next(iter(right)))
    return None


RULE = Rule(
    "promql-offset-echo",
    "alert_policy",
    "warning",
    "A metric is compared with one moment of its past, so the alert fires again one offset later",
    check,
)
