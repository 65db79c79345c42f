"""filter-lower-case: operators are AND, OR and NOT; in lower case, and as && and ||, they are search terms.

Source: https://docs.cloud.google.com/logging/docs/view/logging-query-language
"""

from __future__ import annotations

from collections.abc import Iterator

from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource, Rule, text
from loyalty_monitoring.query_languages.logging_filter.stray_operators import stray_operators


def check(metric: Resource, project: Project) -> Iterator[Problem]:
    for stray in stray_operators(text(metric.body.get("filter"))):
        yield Problem(("filter",), stray.message, stray.remedy)


RULE = Rule("filter-lower-case", "log_metric", "warning", "A filter has and, or, not, && or || as words", check)
