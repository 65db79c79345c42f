"""dashboard-defaults: a dashboard does not write out what is the default anyway.

The API leaves defaults out of what it answers, and Terraform and Pulumi compare the dashboard as one JSON text. `name`
and `etag` belong to the API; an exported dashboard has them, hence they are found in our own only. Source:
https://docs.cloud.google.com/monitoring/api/ref_v3/rest/v1/projects.dashboards
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource, Rule
from loyalty_monitoring.common.yaml_documents import Path_

_ENUMERATIONS = ("ALIGN_NONE", "REDUCE_NONE", "METHOD_UNSPECIFIED")
# Alternatives to each other, where an empty one is kept, and the keys and values that an author chooses.
_KEPT = {"stringValue", "prometheusQuery", "timeSeriesQueryLanguage", "opsAnalyticsQuery", "labels"}


def check(dashboard: Resource, project: Project) -> Iterator[Problem]:
    found: dict[str, list[Path_]] = {}
    for path, value in _defaults(dashboard.body, ()):
        found.setdefault(f"{path[-1]}: {_words(value)}", []).append(path)
    for written, paths in found.items():
        yield Problem(
            paths[0],
            f"{written!r} is the default ({len(paths)} of them); left out by the API, it shows as a change for ever",
            "remove the key, here and wherever it has this value",
        )
    if project.is_ours:
        for key in ("name", "etag"):
            if key in dashboard.body:
                yield Problem((key,), f"{key} is the API's own and changes without us", "remove it")


def _defaults(body: Any, path: Path_) -> Iterator[tuple[Path_, Any]]:
    if isinstance(body, list):
        for index, item in enumerate(body):
            yield from _defaults(item, (*path, index))
    elif isinstance(body, dict):
        for key, value in body.items():
            if key in _KEPT:
                continue
            if value in ("", 0, False) or value == [] or _is_unset(value):
                yield (*path, key), value
            else:
                yield from _defaults(value, (*path, key))


def _is_unset(value: Any) -> bool:
    return isinstance(value, str) and (value in _ENUMERATIONS or value.endswith("_UNSPECIFIED"))


def _words(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value) if value != "" else '""'


RULE = Rule("dashboard-defaults", "dashboard", "warning", "A dashboard writes out values that are the default", check)
