"""filter-lower-case: operators are upper-case; in lower case they are search terms.

Source: https://docs.cloud.google.com/logging/docs/view/logging-query-language
"""

from __future__ import annotations

from collections.abc import Iterator

from loyalty_monitoring.checks.lint.filters import words
from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource, Rule, text

_OPERATORS = frozenset(["AND", "OR", "NOT"])


def check(metric: Resource, project: Project) -> Iterator[Problem]:
    found = {word for word in words(text(metric.body.get("filter"))) if word.upper() in _OPERATORS - {word}}
    for word in sorted(found):
        yield Problem(
            ("filter",),
            f"{word!r} is a word to search for, not an operator",
            f'write {word.upper()}; to search for the word, write "{word}"',
        )


RULE = Rule("filter-lower-case", "log_metric", "warning", "A filter has and, or, not in lower case, as words", check)
