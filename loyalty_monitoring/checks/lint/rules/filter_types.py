"""filter-types: a value that its field cannot have, a field that no entry has, two values at once.

Source: https://docs.cloud.google.com/logging/docs/view/logging-query-language
"""

from __future__ import annotations

from collections.abc import Iterator

from loyalty_monitoring.checks.lint.filters import FilterProblem, read_filter, required_comparisons
from loyalty_monitoring.checks.lint.placeholders import has_placeholder
from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource, Rule, text
from loyalty_monitoring.query_languages.logging_filter import FieldPath, Filter

# Fields that hold one value; a payload's may hold a list, and any of its items matches.
_SINGLE: tuple[FieldPath, ...] = (("resource", "type"), ("severity",), ("logName",), ("insertId",))


def check(metric: Resource, project: Project) -> Iterator[Problem]:
    written = text(metric.body.get("filter"))
    if has_placeholder(written):
        return
    read = read_filter(written)
    if isinstance(read, FilterProblem) and read.kind == "types":
        yield Problem(("filter",), read.message, read.remedy)
    if not isinstance(read, Filter):
        return
    wanted: dict[FieldPath, set[str]] = {}
    for one in required_comparisons(read.expression):
        if one.operator == "=" and one.left in _SINGLE:
            wanted.setdefault(one.left, set()).add(one.text.casefold())
    for field, values in wanted.items():
        if len(values) > 1:
            name = ".".join(field)
            yield Problem(
                ("filter",),
                f"{name} cannot be {' and '.join(sorted(values))} at once",
                f'write {name} = ("a" OR "b") for one of several',
            )


RULE = Rule("filter-types", "log_metric", "error", "The filter of a metric can never match", check)
