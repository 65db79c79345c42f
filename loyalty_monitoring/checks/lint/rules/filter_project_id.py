"""filter-project-id: a filter moves with its metric into other projects.

Source: https://docs.cloud.google.com/logging/docs/view/logging-query-language
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource, Rule, text

# The id in a log's or resource's name, or compared with the label that holds it.
_PROJECT = re.compile(
    r"projects/[a-z][a-z0-9-]{4,28}[a-z0-9]/|\bproject_id\s*(?:=~|=|:)\s*\"?[a-z][a-z0-9-]{4,28}[a-z0-9]\"?"
)


def check(metric: Resource, project: Project) -> Iterator[Problem]:
    found = _PROJECT.search(text(metric.body.get("filter")))
    if found:
        yield Problem(
            ("filter",),
            f"names a project: {found[0]}",
            'leave it out (a metric counts its own project), or match the log\'s name with log_id("...")',
        )


RULE = Rule("filter-project-id", "log_metric", "warning", "A filter names a project by its id", check)
