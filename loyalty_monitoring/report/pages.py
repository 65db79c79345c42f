"""The pages of a report: their data for the drawing, and their HTML."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from loyalty_monitoring.definitions.model import AlertPolicy, Dashboard
from loyalty_monitoring.query_languages.promql.comparisons import Comparison
from loyalty_monitoring.replay.entries.match import Matches
from loyalty_monitoring.replay.result import Incident
from loyalty_monitoring.report.answer import Answer
from loyalty_monitoring.report.choices import Choices
from loyalty_monitoring.report.colours import places
from loyalty_monitoring.report.data_sets import DataSets, legend_names, texts
from loyalty_monitoring.report.evaluation import Panel, Span, looks_back
from loyalty_monitoring.report.logs import logs_panel
from loyalty_monitoring.report.markdown import html
from loyalty_monitoring.report.quantities import COUNT, quantity

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
    `units` are those of its thresholds, by their numbers.
    """

    policy: AlertPolicy
    panels: tuple[Panel, ...]
    incidents: tuple[Incident, ...]
    claims: tuple[str, ...]
    runbook: str
    margin: str
    units: Mapping[float, str]

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
        "began": span.began,
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


def colours_of(dashboards: Sequence[DrawnDashboard], policies: Sequence[DrawnPolicy]) -> Mapping[str, int]:
    """Return the place of each name of the report among its like; see colours.py."""
    answers = [panel.answer for drawn in policies for panel in drawn.panels]
    answers += [answer for drawn in dashboards for answer in drawn.answers]
    offered = (
        {variable.label: value}
        for drawn in dashboards
        for variable in drawn.sets.variables
        for value in drawn.choices.values.get(variable.name, ())
    )
    label_sets = chain((series.labels for answer in answers for series in answer.series), offered)
    return places(label_sets, (name for drawn in dashboards for name in legend_names(drawn.dashboard.body)))


def policy_data(drawn: DrawnPolicy, colours: Mapping[str, int]) -> Data:
    """Return the panels of one policy: a chart for each comparison, with the line that it is compared with."""
    return {"colours": dict(colours), **_panels(drawn)}


def _panels(drawn: DrawnPolicy) -> Data:
    return {
        "panels": [_panel(panel, number, drawn.units) for number, panel in enumerate(drawn.panels)],
        "queries": [panel.query for panel in drawn.panels],
        "looks_back": [looks_back(panel.query, panel.answer.step) for panel in drawn.panels],
        "answers": {"": [panel.answer.as_json() for panel in drawn.panels]},
    }


def dashboard_data(drawn: DrawnDashboard, policies: Sequence[DrawnPolicy], colours: Mapping[str, int]) -> Data:
    """Return the dashboard's own JSON with the answers of its queries, nothing chosen."""
    body = drawn.dashboard.body
    return {
        "colours": dict(colours),
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
        "looks_back": [
            looks_back(query.promql or "", answer.step)
            for query, answer in zip(drawn.sets.queries, drawn.answers, strict=True)
        ],
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
        "why": _why(incident, drawn),
        "href": f"{home}policies/{incident.policy}.html",
    }


def _why(incident: Incident, drawn: DrawnPolicy) -> str:
    """Return the value when the incident opened, with its threshold; where it says yes or no, the threshold inside."""
    compared = [panel.comparison for panel in drawn.panels if panel.comparison is not None]
    inside = [one for one in compared if one.role == "inside"]
    if inside:
        return _opens(inside[0], drawn.units.get(inside[0].threshold, COUNT))
    if not compared or any(one.role == "or" for one in compared):
        return ""
    unit = drawn.units.get(compared[0].threshold, COUNT)
    value, opens = quantity(incident.value, unit), _opens(compared[0], unit)
    just = incident.value != compared[0].threshold and value == quantity(compared[0].threshold, unit)
    return f"just {opens}" if just else f"{value}, {opens}"


def _opens(compared: Comparison, unit: str) -> str:
    return f"{_OPENS[compared.operator]} {quantity(compared.threshold, unit)}"


def _panel(panel: Panel, number: int, units: Mapping[float, str]) -> Data:
    compared = panel.comparison
    if compared is None:
        return {"title": "The condition's own value", "unit": COUNT, "queries": [number], "thresholds": []}
    unit = units.get(compared.threshold, COUNT)
    return {
        "title": _ROLES[compared.role],
        "unit": unit,
        "queries": [number],
        "thresholds": [{"value": compared.threshold, "label": _opens(compared, unit)}],
        "lowest": compared.operator.startswith("<"),
    }


def _alerts(dashboard: Any, policies: Sequence[DrawnPolicy]) -> dict[str, Data]:
    """Return the policies that alert charts name, each with its panels."""
    return {
        name: {"policy": drawn.policy.name, **_panels(drawn)}
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
