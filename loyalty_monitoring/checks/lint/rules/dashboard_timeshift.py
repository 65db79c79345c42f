"""dashboard-timeshift: a chart is compared with itself some minutes or more ago, and only where it draws lines.

The recorded answers of the API are in GoogleCloudPlatform/k8s-config-connector, mockgcp/mockmonitoring/dashboard.go.
Source: https://docs.cloud.google.com/monitoring/api/ref_v3/rest/v1/projects.dashboards#xychart
"""

from __future__ import annotations

from collections.abc import Iterator

from loyalty_monitoring.checks.lint.conditions import seconds
from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource, Rule, at, items, said_by_the_reference
from loyalty_monitoring.checks.lint.widgets import charts

_NOT_LINES = ("STACKED_BAR", "STACKED_AREA", "HEATMAP")
_lengths = said_by_the_reference("dashboard-timeshift")


def check(dashboard: Resource, project: Project) -> Iterator[Problem]:
    yield from _lengths(dashboard, project)
    for chart in charts(dashboard):
        if not seconds(chart.body.get("timeshiftDuration")):
            continue
        for index, data_set in enumerate(items(chart.body.get("dataSets"))):
            if (plot_type := at(data_set, "plotType")) in _NOT_LINES:
                yield Problem(
                    (*chart.path, "dataSets", index, "plotType"),
                    f"the chart has a timeshiftDuration, which the API does not take with {plot_type}",
                    "write `plotType: LINE`, or remove timeshiftDuration",
                )


RULE = Rule(
    "dashboard-timeshift",
    "dashboard",
    "error",
    "A chart is compared with a time that is no whole minutes, or does not draw lines",
    check,
)
