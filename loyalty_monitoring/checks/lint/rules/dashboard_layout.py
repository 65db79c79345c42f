"""dashboard-layout: headers and groups of widgets stand in a mosaic.

The recorded answers of the API ("sectionHeader is only allowed in MosaicLayout") are in
GoogleCloudPlatform/k8s-config-connector, mockgcp/mockmonitoring/dashboard.go.
Source: https://docs.cloud.google.com/monitoring/api/ref_v3/rest/v1/projects.dashboards#widget
"""

from __future__ import annotations

from collections.abc import Iterator

from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource, Rule
from loyalty_monitoring.checks.lint.widgets import GROUPS, widgets

_ONLY_IN_A_MOSAIC = ("sectionHeader", *GROUPS)


def check(dashboard: Resource, project: Project) -> Iterator[Problem]:
    for widget in widgets(dashboard):
        for name in _ONLY_IN_A_MOSAIC:
            if widget.path[0] != "mosaicLayout" and name in widget.body:
                yield Problem(
                    (*widget.path, name),
                    f"a {name} stands in a {widget.path[0]}; the API takes it only in a mosaicLayout",
                    "write the dashboard as a mosaicLayout, or remove it",
                )


RULE = Rule("dashboard-layout", "dashboard", "error", "A header or a group of widgets stands outside a mosaic", check)
