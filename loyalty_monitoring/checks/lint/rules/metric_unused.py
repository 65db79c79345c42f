"""metric-unused: a metric that nobody reads costs and says nothing.

Source: https://cloud.google.com/stackdriver/pricing
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource, Rule, text
from loyalty_monitoring.definitions.model import promql_name

# Whatever reads a metric names it somewhere in its text: in PromQL, in a filter, or quoted.
_USER = "logging.googleapis.com/user/"


def check(metric: Resource, project: Project) -> Iterator[Problem]:
    readers = (*project.of("alert_policy"), *project.of("dashboard"))
    name = text(metric.body.get("name"))
    if not readers or not name:
        return
    read = project.memory.setdefault("metric-unused", "\n".join(_texts([reader.body for reader in readers])))
    in_promql = re.compile(rf"{re.escape(promql_name(name))}(?:_count|_sum|_bucket)?(?![a-zA-Z0-9_:])")
    in_filter = re.compile(rf"{re.escape(_USER + name)}(?![a-zA-Z0-9_./-])")
    if not in_promql.search(read) and not in_filter.search(read):
        yield Problem(
            ("name",),
            f"metric {name!r} is read by no alert policy and no dashboard of these files",
            "chart it, alert on it, or remove it",
        )


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item)


RULE = Rule(
    "metric-unused", "log_metric", "warning", "No alert policy and no dashboard reads a log-based metric", check
)
