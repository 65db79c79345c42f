"""dashboard-widgets: a dashboard has at most 100 widgets.

It was 40 until May 2025. Headers and groups are not counted here: nothing says whether they count, and they may not.
Sources: https://cloud.google.com/monitoring/docs/release-notes#May_02_2025 and
https://github.com/GoogleCloudPlatform/monitoring-dashboard-samples/issues/1004
"""

from __future__ import annotations

from collections.abc import Iterator

from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource, Rule
from loyalty_monitoring.checks.lint.widgets import GROUPS, widgets

_MOST = 100
_NOT_COUNTED = {"sectionHeader", "blank", *GROUPS}


def check(dashboard: Resource, project: Project) -> Iterator[Problem]:
    counted = [widget for widget in widgets(dashboard) if not _NOT_COUNTED & widget.body.keys()]
    if len(counted) > _MOST:
        yield Problem(
            counted[_MOST].path,
            f"the dashboard has {len(counted)} widgets, without headers and groups; at most {_MOST} are taken",
            "split the dashboard; this is the first widget too many",
        )


RULE = Rule("dashboard-widgets", "dashboard", "error", "A dashboard has more than 100 widgets", check)
