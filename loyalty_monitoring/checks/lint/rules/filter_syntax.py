"""filter-syntax: the filter is in the Logging query language.

Source: https://docs.cloud.google.com/logging/docs/view/logging-query-language
"""

from __future__ import annotations

from collections.abc import Iterator

from loyalty_monitoring.checks.lint.filters import FilterProblem, read_filter
from loyalty_monitoring.checks.lint.placeholders import has_placeholder
from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource, Rule, text


def check(metric: Resource, project: Project) -> Iterator[Problem]:
    written = text(metric.body.get("filter"))
    read = read_filter(written)
    if isinstance(read, FilterProblem) and read.kind == "syntax" and not has_placeholder(written):
        yield Problem(("filter",), read.message, read.remedy)


RULE = Rule("filter-syntax", "log_metric", "error", "The filter of a metric cannot be read", check)
