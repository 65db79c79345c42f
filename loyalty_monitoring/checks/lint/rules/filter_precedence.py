"""filter-precedence: OR binds tighter than AND here, unlike in most languages.

Source: https://docs.cloud.google.com/logging/docs/view/logging-query-language
"""

from __future__ import annotations

from collections.abc import Iterator

from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource, Rule, text
from loyalty_monitoring.query_languages.logging_filter.stray_operators import words


def check(metric: Resource, project: Project) -> Iterator[Problem]:
    if _is_mixed(text(metric.body.get("filter"))):
        yield Problem(
            ("filter",),
            "mixes AND and OR without parentheses: a OR b AND c is (a OR b) AND c here",
            "put parentheses around what belongs together",
        )


def _is_mixed(written: str) -> bool:
    """Return whether both words stand between the same two parentheses."""
    levels: list[set[str]] = [set()]
    for word in words(written):
        if word == "(":
            levels.append(set())
        elif word == ")":
            if len(levels) > 1:
                levels.pop()
        elif word in ("AND", "OR"):
            levels[-1].add(word)
            if len(levels[-1]) > 1:
                return True
    return False


RULE = Rule("filter-precedence", "log_metric", "warning", "A filter mixes AND and OR without parentheses", check)
