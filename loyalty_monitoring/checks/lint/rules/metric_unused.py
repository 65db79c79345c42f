"""metric-unused: a metric that nobody reads costs and says nothing.

Source: https://cloud.google.com/stackdriver/pricing
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from loyalty_monitoring.checks.lint.placeholders import has_placeholder
from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource, Rule, once
from loyalty_monitoring.query_languages.promql.cloud_monitoring import promql_name

# Whatever reads a metric names it somewhere in its text: in PromQL, in a filter, or quoted.
_IN_PROMQL = re.compile(r"logging_googleapis_com:user_[a-zA-Z0-9_:]+")
_IN_A_FILTER = re.compile(r"logging\.googleapis\.com/user/([a-zA-Z0-9_.,+!*'()%/${}\[\]-]*)")
_PART = re.compile(r"_(?:count|sum|bucket)\Z")


def check(metric: Resource, project: Project) -> Iterator[Problem]:
    name = metric.metric_name
    if not name or has_placeholder(name) or not (project.of("alert_policy") or project.of("dashboard")):
        return
    read = _read(project)
    if promql_name(name) not in read and None not in read:
        yield Problem(
            ("name",),
            f"metric {name!r} is read by no alert policy and no dashboard of these files",
            "chart it, alert on it, or remove it",
        )


@once
def _read(project: Project) -> set[str | None]:
    """Return the PromQL names of all metrics that are read, with and without a distribution's suffix; None for any
    name.
    """
    read: set[str | None] = set()
    for reader in (*project.of("alert_policy"), *project.of("dashboard")):
        if not reader.is_known:
            read.add(None)
        for text in _texts(reader.body):
            if "user" not in text:
                continue
            for name in _IN_PROMQL.findall(text):
                read |= {name, _PART.sub("", name)}
            for name in _IN_A_FILTER.findall(text):
                read |= {None} if has_placeholder(name) else {promql_name(name.rstrip(".,'"))}
                read |= {_PART.sub("", promql_name(name))}
    return read


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item)


RULE = Rule(
    "metric-unused", "log_metric", "warning", "No alert policy and no dashboard reads a log-based metric", check
)
