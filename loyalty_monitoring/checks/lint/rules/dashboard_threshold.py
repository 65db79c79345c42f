"""dashboard-threshold: a line in a chart has no colour or direction, a scorecard's threshold no axis.

Source: https://docs.cloud.google.com/monitoring/api/ref_v3/rest/v1/projects.dashboards#threshold
"""

from __future__ import annotations

from collections.abc import Iterator

from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource, Rule, at, items, text
from loyalty_monitoring.checks.lint.widgets import charts

_REFUSED = {"xyChart": ("color", "direction"), "scorecard": ("targetAxis",)}
_REMEDY = {
    "xyChart": "remove it; a line in a chart has a label and a value, and the colour belongs to scorecards",
    "scorecard": "remove it; a scorecard has one value and no axes",
}


def check(dashboard: Resource, project: Project) -> Iterator[Problem]:
    for chart in charts(dashboard):
        for index, threshold in enumerate(items(chart.body.get("thresholds"))):
            for key in _REFUSED.get(chart.type, ()):
                value = text(at(threshold, key))
                if value and not value.endswith("_UNSPECIFIED"):
                    yield Problem(
                        (*chart.path, "thresholds", index, key),
                        f"the threshold has {key} {value}, which is not allowed in the {chart.type}",
                        _REMEDY[chart.type],
                    )


RULE = Rule(
    "dashboard-threshold",
    "dashboard",
    "error",
    "A threshold has a colour or direction in a chart, or an axis in a scorecard",
    check,
)
