"""dashboard-mql: no chart is written in MQL, which is withdrawn.

Since 22 July 2025 MQL has no support and no place in the console; existing charts are still drawn, and the API still
takes new ones, hence no error: https://docs.cloud.google.com/stackdriver/docs/deprecations/mql
"""

from __future__ import annotations

from collections.abc import Iterator

from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource, Rule
from loyalty_monitoring.checks.lint.widgets import queries


def check(dashboard: Resource, project: Project) -> Iterator[Problem]:
    for query in queries(dashboard):
        if query.body.get("timeSeriesQueryLanguage", "") != "":
            yield Problem(
                (*query.path, "timeSeriesQueryLanguage"),
                "the chart is written in MQL, which has had no support since July 2025",
                "write it in PromQL, as `prometheusQuery`, or as a `timeSeriesFilter`",
            )


RULE = Rule("dashboard-mql", "dashboard", "warning", "A chart is written in MQL, which is withdrawn", check)
