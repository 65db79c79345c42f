"""dashboard-title: a chart says what it shows.

Source: https://docs.cloud.google.com/monitoring/api/ref_v3/rest/v1/projects.dashboards#widget (the title is optional)
"""

from __future__ import annotations

from collections.abc import Iterator

from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource, Rule
from loyalty_monitoring.checks.lint.widgets import charts


def check(dashboard: Resource, project: Project) -> Iterator[Problem]:
    for chart in charts(dashboard):
        title = chart.widget.body.get("title", "")
        if isinstance(title, str) and not title.strip():
            yield Problem(
                chart.path,
                f"the {chart.type} has no title",
                "write one beside it that says what is counted, over what time, and split by what",
            )


RULE = Rule("dashboard-title", "dashboard", "warning", "A chart has no title", check)
