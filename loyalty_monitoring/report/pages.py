"""The pages of a report: their data for the drawing, and their HTML."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from loyalty_monitoring.definitions.model import AlertPolicy, Dashboard
from loyalty_monitoring.query_languages.promql.comparisons import Comparison, comparisons
from loyalty_monitoring.query_languages.promql.expressions import parsed
from loyalty_monitoring.replay.entries.match import Matches
from loyalty_monitoring.replay.quantities import COUNT, quantity
from loyalty_monitoring.replay.result import Incident
from loyalty_monitoring.report.answer import Answer
from loyalty_monitoring.report.choices import Choices
from loyalty_monitoring.report.data_sets import DataSets, texts
from loyalty_monitoring.report.evaluation import Panel, Span, looks_back
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
class JudgedPolicy:
    """A policy with what was judged, which all pages may show; without its charts.

    `claims` are those of its cases, `runbook` is Markdown, `margin` is how near it came, "" where it compares nothing.
    `units` are those of its thresholds, by their numbers, `audience` is whom it reaches, in words.
    """

    policy: AlertPolicy
    incidents: tuple[Incident, ...]
    claims: tuple[str, ...]
    runbook: str
    margin: str
    units: Mapping[float, str]
    audience: str

    @property
    def title(self) -> str:
        return str(self.policy.body["displayName"])

    @property
    def sentence(self) -> str:
        """The first paragraph of the policy's documentation: when it opens."""
        return str(self.policy.body["documentation"]["content"]).split("\n\n", 1)[0]

    @cached_property
    def compared(self) -> list[Comparison]:
        """The comparisons of the policy's condition."""
        return comparisons(parsed(self.policy.query))


@dataclass(frozen=True)
class DrawnDashboard:
    """A dashboard with the answers of its queries. `chosen` names the file of a choice's answers.

    `alerts` are the panels of the policies that it shows, by their names.
    """

    dashboard: Dashboard
    sets: DataSets
    choices: Choices
    answers: tuple[Answer, ...]
    chosen: Mapping[str, str]
    logs: Mapping[str, Matches]
    alerts: Mapping[str, Sequence[Panel]]


def title_of(dashboard: Dashboard) -> str:
    return str(dashboard.body.get("displayName", dashboard.name))


def page_data(page: str, title: str, span: Span, policies: Sequence[JudgedPolicy], home: str) -> Data:
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


def policy_data(judged: JudgedPolicy, panels: Sequence[Panel], colours: Mapping[str, int]) -> Data:
    """Return the panels of one policy: a chart for each comparison, with the line that it is compared with."""
    return {"colours": dict(colours), **_panels(judged, panels)}


def _panels(judged: JudgedPolicy, panels: Sequence[Panel]) -> Data:
    return {
        "panels": [_panel(panel, number, judged.units) for number, panel in enumerate(panels)],
        "queries": [panel.query for panel in panels],
        "looks_back": [looks_back(panel.query, panel.answer.step) for panel in panels],
        "answers": {"": [panel.answer.as_json() for panel in panels]},
    }


def dashboard_data(drawn: DrawnDashboard, policies: Sequence[JudgedPolicy], colours: Mapping[str, int]) -> Data:
    """Return the dashboard's own JSON with the answers of its queries, nothing chosen."""
    body = drawn.dashboard.body
    return {
        "colours": dict(colours),
        "name": drawn.dashboard.name,
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
        "alerts": {
            name: {"policy": judged.policy.name, **_panels(judged, drawn.alerts[judged.policy.name])}
            for name, judged in charted_policies(body, policies).items()
        },
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


def charted_policies(dashboard: Any, policies: Sequence[JudgedPolicy]) -> dict[str, JudgedPolicy]:
    """Return the policies that alert charts of a dashboard name, by these names."""
    return {
        name: found
        for name in sorted(_named(dashboard, "alertChart", "name"))
        if (found := _by_name(name, policies)) is not None
    }


def _incident(incident: Incident, drawn: JudgedPolicy, home: str) -> Data:
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


def _why(incident: Incident, drawn: JudgedPolicy) -> str:
    """Return the value when the incident opened, with its threshold; where it says yes or no, the threshold inside."""
    compared = drawn.compared
    inside = [one for one in compared if one.role == "inside"]
    if inside:
        return _opens(inside[0], drawn.units.get(inside[0].threshold, COUNT))
    if not compared or any(one.role == "or" for one in compared):
        return ""
    unit = drawn.units.get(compared[0].threshold, COUNT)
    value, opens = quantity(incident.value, unit), _opens(compared[0], unit)
    if compared[0].operator == "==":
        return value  # which is the threshold
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


def _incident_lists(dashboard: Any, policies: Sequence[JudgedPolicy]) -> dict[str, str]:
    return {
        name: drawn.policy.name
        for name in sorted(_named(dashboard, "incidentList", "policyNames"))
        if (drawn := _by_name(name, policies)) is not None
    }


def _by_name(name: str, policies: Sequence[JudgedPolicy]) -> JudgedPolicy | None:
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
