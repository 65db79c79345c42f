"""promql-future: a condition reads ahead of the instant at which it is evaluated.

Source: https://prometheus.io/docs/prometheus/latest/querying/basics/#offset-modifier (a negative offset looks forward)
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from loyalty_monitoring.checks.lint.conditions import promql_conditions
from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource, Rule
from loyalty_monitoring.query_languages.promql.expressions import reads


def check(policy: Resource, project: Project) -> Iterator[Problem]:
    for condition in promql_conditions(policy):
        if condition.expression is None:
            continue
        ahead = min((read.offset for read in reads(condition.expression)), default=timedelta())
        if ahead < timedelta():
            yield Problem(
                (*condition.path, "query"),
                f"reads {-ahead.total_seconds():g} s ahead of its evaluation, where nothing has happened yet: over a "
                "log of the past it fires, on Google Cloud never",
                "look back instead: `offset` without a minus",
            )


RULE = Rule(
    "promql-future",
    "alert_policy",
    "error",
    "A condition reads ahead of its evaluation, where no points can be yet",
    check,
)
