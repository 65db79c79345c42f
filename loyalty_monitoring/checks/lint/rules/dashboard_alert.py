"""dashboard-alert: every alert of the files can be seen on one of their dashboards.

An `alertChart` names the whole policy, an `incidentList` the policy without its project, or none for all of them:
https://docs.cloud.google.com/monitoring/api/ref_v3/rest/v1/projects.dashboards#incidentlist. A policy has no
name before it is deployed; then it is judged only where no dashboard names a policy that is not among the files.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from loyalty_monitoring.checks.lint.conditions import promql_conditions
from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource, Rule, at, items, once, text
from loyalty_monitoring.checks.lint.widgets import promql_queries, queries, widgets
from loyalty_monitoring.query_languages.promql.expressions import metric_name, selectors


@dataclass(frozen=True)
class _Shown:
    """Policies and metrics that the dashboards show; `strangers` if they name policies that are not among the files."""

    anything: bool
    policies: set[str]
    strangers: bool
    metrics: set[str]


def check(policy: Resource, project: Project) -> Iterator[Problem]:
    read = _metrics(one.expression for one in promql_conditions(policy))
    if not read or not project.of("dashboard"):
        return
    shown = _shown(project)
    if shown.anything or read & shown.metrics or _name(policy) in shown.policies:
        return
    if shown.strangers and not policy.body.get("name"):
        return
    yield Problem(
        ("displayName",),
        "no dashboard of these files shows this alert or a metric that it reads",
        "add a tile with an alertChart of the policy, so that its history can be seen beside the others",
    )


def _name(policy: Resource) -> str:
    return text(policy.body.get("name")).rpartition("/")[2] or policy.document.file.stem


def _named(dashboard: Resource) -> Iterator[str]:
    """Yield the last parts of the policies' names; "" for a list of all incidents."""
    for widget in widgets(dashboard):
        if name := text(at(widget.body, "alertChart", "name")):
            yield name.rpartition("/")[2]
        if (incidents := at(widget.body, "incidentList")) is not None:
            names = items(at(incidents, "policyNames"))
            yield from (text(name).rpartition("/")[2] for name in names or [""])


@once
def _shown(project: Project) -> _Shown:
    dashboards = project.of("dashboard")
    named = {name for dashboard in dashboards for name in _named(dashboard)}
    # A filter or MQL is not taken apart: a dashboard with one may show anything, like one that is not known yet.
    written = (query.body.get("prometheusQuery") for dashboard in dashboards for query in queries(dashboard))
    return _Shown(
        "" in named or not all(map(text, written)) or not all(dashboard.is_known for dashboard in dashboards),
        named,
        bool(named - {_name(policy) for policy in project.of("alert_policy")}),
        _metrics(query.expression for dashboard in dashboards for query in promql_queries(dashboard)),
    )


def _metrics(expressions: Iterator[Any]) -> set[str]:
    found = (selectors(one) for one in expressions if one is not None)
    return {str(metric_name(selector)) for of_one in found for selector in of_one}


RULE = Rule("dashboard-alert", "alert_policy", "warning", "No dashboard shows an alert", check)
