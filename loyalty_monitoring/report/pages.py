"""The pages of a report: their data for the drawing, and their HTML."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from loyalty_monitoring.definitions.model import AlertPolicy, Dashboard
from loyalty_monitoring.replay.entries.match import Matches
from loyalty_monitoring.replay.result import Incident
from loyalty_monitoring.report.answer import Answer
from loyalty_monitoring.report.choices import Choices
from loyalty_monitoring.report.data_sets import DataSets, texts
from loyalty_monitoring.report.evaluation import Panel, Span
from loyalty_monitoring.report.logs import logs_panel
from loyalty_monitoring.report.markdown import html

Data = dict[str, Any]

_ROLES = {
    "": "What the condition compares",
    "and": "and, at the same time",
    "or": "or",
    "unless": "unless",
    "inside": "Inside: what is judged as yes or no",
}
_OPENS = {">": "above", ">=": "at or above", "<": "below", "<=": "at or below", "==": "at", "!=": "anywhere but at"}


@dataclass(frozen=True)
class DrawnPolicy:
    """A policy with what its pages show.

    `claims` are those of its cases, `runbook` is Markdown, `margin` is how near it came, "" where it compares nothing.
    """

    policy: AlertPolicy
    panels: tuple[Panel, ...]
    incidents: tuple[Incident, ...]
    claims: tuple[str, ...]
    runbook: str
    margin: str

    @property
    def title(self) -> str:
        return str(self.policy.body["displayName"])

    @property
    def sentence(self) -> str:
        """The first paragraph of the policy's documentation: when it opens."""
        return str(self.policy.body["documentation"]["content"]).split("\n\n", 1)[0]


@dataclass(frozen=True)
class DrawnDashboard:
    """A dashboard with the answers of its queries. `chosen` names the file of a choice's answers."""

    dashboard: Dashboard
    sets: DataSets
    choices: Choices
    answers: tuple[Answer, ...]
    chosen: Mapping[str, str]
    logs: Mapping[str, Matches]

    @property
    def title(self) -> str:
        return str(self.dashboard.body.get("displayName", self.dashboard.name))


def page_data(page: str, title: str, span: Span, policies: Sequence[DrawnPolicy], home: str) -> Data:
    """Return the JSON embedded in every page. `home` is the relative path to the site's folder, "" or "../"."""
    return {
        "page": page,
        "title": title,
        "window": {"from": span.first, "to": span.last},
        "policies": {
            drawn.policy.name: {
                "title": drawn.title,
                "priority": drawn.policy.priority,
                "sentence": drawn.sentence,
                "href": f"{home}policies/{drawn.policy.name}.html",
            }
            for drawn in policies
        },
        "incidents": sorted(
            (_incident(one, drawn, home) for drawn in policies for one in drawn.incidents),
            key=lambda incident: (incident["opened"], incident["policy"]),
        ),
    }


def policy_data(drawn: DrawnPolicy) -> Data:
    """Return the panels of one policy: a chart for each comparison, with the line that it is compared with."""
    return {
        "panels": [_panel(panel, number) for number, panel in enumerate(drawn.panels)],
        "queries": [panel.query for panel in drawn.panels],
        "answers": {"": [panel.answer.as_json() for panel in drawn.panels]},
    }


def dashboard_data(drawn: DrawnDashboard, policies: Sequence[DrawnPolicy]) -> Data:
    """Return the dashboard's own JSON with the answers of its queries, nothing chosen."""
    body = drawn.dashboard.body
    return {
        "dashboard": body,
        "variables": [
            {
                "name": variable.name,
                "label": variable.label,
                "values": list(drawn.choices.values.get(variable.name, ())),
                "left_out": drawn.choices.left_out.get(variable.name, 0),
            }
            for variable in drawn.sets.variables
        ],
        "parents": drawn.choices.parents,
        "queries": [query.text for query in drawn.sets.queries],
        "filters": [{"path": list(path), "query": number} for path, number in drawn.sets.places],
        "uses": [list(query.uses) for query in drawn.sets.queries],
        "answers": {"": [answer.as_json() for answer in drawn.answers]},
        "choices": dict(drawn.chosen),
        "alerts": _alerts(body, policies),
        "incident_lists": _incident_lists(body, policies),
        "texts": {text: html(text) for text in texts(body)},
        "logs": {text: logs_panel(matches) for text, matches in drawn.logs.items()},
    }


def data_script(data: Data | list[Any]) -> str:
    """Return JSON that may stand inside a script element: nothing in it can end the element or start another."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


def _incident(incident: Incident, drawn: DrawnPolicy, home: str) -> Data:
    return {
        "policy": incident.policy,
        "title": drawn.title,
        "priority": incident.priority,
        "labels": dict(incident.labels),
        "opened": int(incident.opened.timestamp()),
        "closed": None if incident.closed is None else int(incident.closed.timestamp()),
        "href": f"{home}policies/{incident.policy}.html",
    }


def _panel(panel: Panel, number: int) -> Data:
    compared = panel.comparison
    if compared is None:
        return {"title": "The condition's own value", "unit": "1", "queries": [number], "thresholds": []}
    limit = f"{compared.threshold:,.10g}"
    label = f"{_OPENS[compared.operator]} {limit}"
    return {
        "title": _ROLES[compared.role],
        "unit": "1",
        "queries": [number],
        "thresholds": [{"value": compared.threshold, "label": label}],
    }


def _alerts(dashboard: Any, policies: Sequence[DrawnPolicy]) -> dict[str, Data]:
    """Return the policies that alert charts name, each with its panels."""
    return {
        name: {"policy": drawn.policy.name, **policy_data(drawn)}
        for name in sorted(_named(dashboard, "alertChart", "name"))
        if (drawn := _by_name(name, policies)) is not None
    }


def _incident_lists(dashboard: Any, policies: Sequence[DrawnPolicy]) -> dict[str, str]:
    return {
        name: drawn.policy.name
        for name in sorted(_named(dashboard, "incidentList", "policyNames"))
        if (drawn := _by_name(name, policies)) is not None
    }


def _by_name(name: str, policies: Sequence[DrawnPolicy]) -> DrawnPolicy | None:
    """Return the policies by the file's name, which stands for the id before a deployment, as in `render`."""
    last = name.rpartition("/")[2]
    return next((drawn for drawn in policies if drawn.policy.name == last), None)


def _named(value: Any, widget: str, key: str) -> set[str]:
    if isinstance(value, list):
        return set().union(*(_named(item, widget, key) for item in value))
    if not isinstance(value, dict):
        return set()
    body = value.get(widget)
    there = body.get(key) if isinstance(body, dict) else None
    names = there if isinstance(there, list) else [there]
    own = {name for name in names if isinstance(name, str)}
    return own.union(*(_named(item, widget, key) for item in value.values()))
