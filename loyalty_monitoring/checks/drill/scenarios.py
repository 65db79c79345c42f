"""Read drills.yaml, and make the log lines of a drill."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from loyalty_monitoring.common.errors import UserError, nearest
from loyalty_monitoring.common.schema_check import check_schema
from loyalty_monitoring.common.yaml_documents import Document, load_yaml
from loyalty_monitoring.definitions.log_contract import Contract
from loyalty_monitoring.definitions.settings import Settings

Entry = dict[str, Any]

# The log that a drill writes to, so that `gcloud logging logs delete` finds its lines.
LOG = "loyalty-monitoring-drill"
_PLACEHOLDER = "DRILL"
_SPAN = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")
# Lines of one time are this far apart, so that all of them stay within a second, and so within a minute.
_APART = timedelta(microseconds=100)

# The labels that each type has: docs.cloud.google.com/logging/docs/api/v2/resource-list
_RESOURCE_LABELS: Mapping[str, tuple[str, ...]] = {
    "k8s_container": ("location", "cluster_name", "namespace_name", "pod_name", "container_name"),
    "cloud_run_revision": ("location", "service_name", "revision_name", "configuration_name"),
    "gce_instance": ("zone", "instance_id"),
}


@dataclass(frozen=True)
class DrillLines:
    """`count` lines of one event, `before` the drill's moment. `fields` still hold placeholders."""

    event: str
    logger: str
    severity: str
    before: timedelta
    count: int
    fields: Mapping[str, Any]


@dataclass(frozen=True)
class Scenario:
    """Lines that make an alert's condition true, and lines that end that; with an empty `recovery` it ends by
    itself.
    """

    alert: str
    fault: tuple[DrillLines, ...]
    recovery: tuple[DrillLines, ...]


@dataclass(frozen=True)
class Scenarios:
    """All drills by alert, and the alerts that can have none, with the reason."""

    by_alert: Mapping[str, Scenario]
    not_drillable: Mapping[str, str]

    def chosen(self, alerts: Sequence[str]) -> tuple[Scenario, ...]:
        """Return the drills of these alerts, of all without a name. Errors: UserError for an alert that has none."""
        for alert in alerts:
            if alert in self.not_drillable:
                raise UserError(
                    f"there can be no drill of {alert}: {self.not_drillable[alert]}; choose another --alert"
                )
            if alert not in self.by_alert:
                raise UserError(f"there is no drill of {alert!r}{nearest(alert, set(self.by_alert))}")
        return tuple(scenario for name, scenario in self.by_alert.items() if not alerts or name in alerts)


def load_scenarios(file: Path, contract: Contract) -> Scenarios:
    """Read drills.yaml. Errors: UserError with file, line, key."""
    document = load_yaml(file)
    check_schema("drills", document)
    by_alert = {
        alert: Scenario(
            alert,
            _all_lines(document, ("drills", alert, "fault"), data["fault"], contract),
            _all_lines(document, ("drills", alert, "recovery"), data.get("recovery", []), contract),
        )
        for alert, data in document.data["drills"].items()
    }
    return Scenarios(by_alert, document.data.get("not_drillable", {}))


def entries(lines: Sequence[DrillLines], drill: str, moment: datetime, settings: Settings) -> Iterator[Entry]:
    """Yield the LogEntry objects of a drill's lines, as the API takes them. The moment is cut to its second."""
    moment = moment.astimezone(UTC).replace(microsecond=0)
    number = 0
    for one in lines:
        for index in range(one.count):
            at = moment - one.before + index * _APART
            yield {
                "logName": f"projects/{settings.project}/logs/{LOG}",
                "resource": resource(settings),
                "timestamp": at.isoformat().replace("+00:00", "Z"),
                "severity": one.severity,
                # Cloud Logging drops an entry with the time and id of another one, so that nothing counts twice.
                "insertId": f"{drill}-{moment:%H%M%S}-{number}",
                "labels": {"python_logger": one.logger},
                "jsonPayload": {
                    "message": f"{one.event.replace('_', ' ')} (drill)",
                    "event": one.event,
                    "drill_id": drill,
                    **{key: _filled(value, drill, at) for key, value in one.fields.items()},
                },
            }
            number += 1


def resource(settings: Settings) -> dict[str, Any]:
    """Return the monitored resource of a drill's lines: one that no real line has."""
    labels = dict.fromkeys(_RESOURCE_LABELS[settings.resource_type], "drill")
    return {"type": settings.resource_type, "labels": {"project_id": settings.project, **labels}}


def _all_lines(
    document: Document, path: tuple[str | int, ...], data: Sequence[Mapping[str, Any]], contract: Contract
) -> tuple[DrillLines, ...]:
    return tuple(_lines(document, (*path, index), one, contract) for index, one in enumerate(data))


def _lines(document: Document, path: tuple[str | int, ...], data: Mapping[str, Any], contract: Contract) -> DrillLines:
    name = data["event"]
    event = contract.events.get(name)
    if event is None:
        raise UserError(
            f"unknown event {name!r}{nearest(name, set(contract.events))}", document.position((*path, "event"))
        )
    missing = sorted(set(event.fields) - set(data["fields"]))
    if missing:
        raise UserError(f"{name} needs the fields {', '.join(missing)}; add them", document.position((*path, "fields")))
    return DrillLines(
        event=name,
        logger=f"{contract.logger_root}.drill.{event.logger}",
        severity=data.get("severity", event.severity),
        before=_span(data.get("at", "0s")),
        count=data.get("count", 1),
        fields=data["fields"],
    )


def _filled(value: Any, drill: str, at: datetime) -> Any:
    if value == _PLACEHOLDER:
        return drill
    if isinstance(value, dict) and value.keys() == {"age"}:
        return (at - _span(str(value["age"]))).timestamp()
    return value


def _span(text: str) -> timedelta:
    found = _SPAN.fullmatch(text)
    if found is None:
        raise UserError(f"{text!r} is no length of time; write it like 27h or 1h30m")
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return timedelta(hours=hours, minutes=minutes, seconds=seconds)
