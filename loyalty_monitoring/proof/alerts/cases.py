"""The cases of tests/cases/*.yaml: which log lines come when, and which incidents must open and close."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from loyalty_monitoring.common.errors import Position, UserError, nearest
from loyalty_monitoring.common.schema_check import check_schema
from loyalty_monitoring.common.yaml_documents import Document, Path_, load_yaml
from loyalty_monitoring.definitions.contract_pages import severity_of
from loyalty_monitoring.definitions.log_contract import Contract, load_contract
from loyalty_monitoring.proof.shorthands import Shorthand, fields_of, load_shorthands
from loyalty_monitoring.replay.incidents import Closing

Entry = dict[str, Any]

_SHORTHANDS = "shorthands.yaml"
# What a log line says beside its shorthand.
_KEYS = frozenset(
    [
        "event",
        "fields",
        "without",
        "at",
        "every",
        "from",
        "until",
        "jitter",
        "count",
        "within",
        "logger",
        "severity",
        "resource_type",
        "worker",
    ]
)

_MOST_LINES = 100_000  # of one `every`: more is a slip
_OFFSET = re.compile(r"(-)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s)?")


@dataclass(frozen=True)
class CaseSpan:
    """Two offsets from the case's start: not before, not after."""

    not_before: timedelta
    not_after: timedelta


@dataclass(frozen=True)
class ExpectedIncident:
    """`closes` is None when the incident must still be open at the end; `value` None when any will do."""

    labels: Mapping[str, str]
    opens: CaseSpan
    closes: CaseSpan | None
    value: float | None


@dataclass(frozen=True)
class CaseLines:
    """One line of a case's `logs`: what is written, and the offsets at which it is."""

    payload: Mapping[str, Any]
    offsets: tuple[timedelta, ...]
    logger: str
    severity: str
    resource_type: str
    worker: str


@dataclass(frozen=True)
class Case:
    """`time_of_day` and `month_end` say when it may start; offsets count from there, `until` is where watching ends.

    `latest` leaves out arrivals at which points can be later, `only_closing` the other reading of closing.
    """

    alert: str
    claim: str
    kinds: tuple[str, ...]
    time_of_day: timedelta
    month_end: bool
    parameters: Mapping[str, float]
    lines: tuple[CaseLines, ...]
    until: timedelta
    incidents: tuple[ExpectedIncident, ...]
    position: Position
    latest: timedelta | None = None
    only_closing: Closing | None = None


@dataclass(frozen=True)
class CaseFile:
    """All cases of one alert, and the kinds that cannot exist for it, each with its reason."""

    alert: str
    cases: tuple[Case, ...]
    not_applicable: Mapping[str, str]
    file: Path


@dataclass(frozen=True)
class _Known:
    """The names that the lines of a case can refer to."""

    contract: Contract
    shorthands: Mapping[str, Shorthand]
    resource_type: str


def load_case_files(folder: Path, contract: Contract, resource_type: str = "k8s_container") -> tuple[CaseFile, ...]:
    """Read every case file, ordered by alert. Errors: UserError with file, line, key.

    Lines come from a monitored resource of `resource_type`, where they do not name another.
    """
    known = _Known(contract, load_shorthands(folder / _SHORTHANDS, contract), resource_type)
    files = sorted(file for file in folder.glob("*.yaml") if file.name != _SHORTHANDS)
    return tuple(_case_file(file, known) for file in files)


def claims_of(root: Path) -> dict[str, tuple[str, ...]]:
    """Return the claims of all cases of a project, by alert policy. Errors: UserError with file, line, key."""
    files = load_case_files(root / "tests" / "cases", load_contract(root / "log_events.yaml"))
    return {file.alert: tuple(case.claim for case in file.cases) for file in files}


def offset(text: str) -> timedelta:
    """Return a time such as 1h5m or 59.999s (the schema has checked its form)."""
    match = _OFFSET.fullmatch(text)
    if match is None:
        raise ValueError(text)
    sign, days, hours, minutes, seconds = match.groups()
    length = timedelta(
        days=int(days or 0), hours=int(hours or 0), minutes=int(minutes or 0), seconds=float(seconds or 0)
    )
    return -length if sign else length


def entries(case: Case, start: datetime) -> Iterator[Entry]:
    """Yield the LogEntry objects of a case that starts then, as `gcloud logging read --format=json` prints them."""
    for number, lines in enumerate(case.lines):
        for index, after in enumerate(lines.offsets):
            at = start + after
            yield {
                "timestamp": at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
                "severity": lines.severity,
                "insertId": f"{number}-{index}-{at.timestamp():.6f}",
                "logName": "projects/demo/logs/stdout",
                "resource": {
                    "type": lines.resource_type,
                    "labels": {
                        "project_id": "demo",
                        "namespace_name": "default",
                        "pod_name": lines.worker,
                        "container_name": "worker",
                        "cluster_name": "c1",
                        "location": "europe-west1",
                    },
                },
                "labels": {"python_logger": lines.logger},
                "jsonPayload": {key: _moment(value, start, at) for key, value in lines.payload.items()},
            }


def _moment(value: Any, start: datetime, at: datetime) -> Any:
    if isinstance(value, dict):
        return (start + offset(value["time"]) if "time" in value else at - offset(value["age"])).timestamp()
    return value


def _case_file(file: Path, known: _Known) -> CaseFile:
    document = load_yaml(file)
    check_schema("cases", document)
    data = document.data
    if data["alert"] != file.stem:
        raise UserError(
            f"proves {data['alert']!r}, but is named {file.stem!r}; rename one", document.position(("alert",))
        )
    cases = tuple(_case(document, index, known) for index in range(len(data["cases"])))
    claims = [case.claim for case in cases]
    for case in cases:
        if claims.count(case.claim) > 1:
            raise UserError(f"the claim {case.claim!r} stands twice; say what differs", case.position)
    return CaseFile(file.stem, cases, data.get("not_applicable", {}), file)


def _case(document: Document, index: int, known: _Known) -> Case:
    data = document.data["cases"][index]
    starts = data.get("starts", {})
    time = starts.get("time", "00:00").split(":")
    return Case(
        alert=document.data["alert"],
        claim=data["claim"],
        kinds=tuple(data["kinds"]),
        time_of_day=timedelta(hours=int(time[0]), minutes=int(time[1])),
        month_end=starts.get("month_end", False),
        parameters=data.get("parameters", {}),
        lines=tuple(_lines(document, ("cases", index, "logs", number), known) for number in range(len(data["logs"]))),
        until=offset(data["until"]),
        incidents=tuple(_incident(incident) for incident in data["incidents"]),
        position=document.position(("cases", index)),
        latest=offset(data["late"]["at_most"]) if "late" in data else None,
        only_closing="delayed" if "only_delayed_closing" in data else None,
    )


def _incident(data: Mapping[str, Any]) -> ExpectedIncident:
    closes = data.get("closes")
    return ExpectedIncident(
        data.get("labels", {}), _span(data["opens"]), _span(closes) if closes else None, data.get("value")
    )


def _span(data: list[str]) -> CaseSpan:
    return CaseSpan(offset(data[0]), offset(data[1]))


def _lines(document: Document, path: Path_, known: _Known) -> CaseLines:
    contract, shorthands, data = known.contract, known.shorthands, document.data
    for part in path:
        data = data[part]
    place = document.position(path)
    for key in data:
        if key not in _KEYS and key not in shorthands:
            meant = nearest(key, {*_KEYS, *shorthands})
            raise UserError(f"unknown key {key!r}{meant}", document.position((*path, key)))
    name, payload = _payload(data, place, shorthands)
    if name not in contract.events:
        raise UserError(f"unknown event {name!r}{nearest(name, set(contract.events))}", place)
    event = contract.events[name]
    missing = set(event.fields) - set(payload) - set(data.get("without", []))
    if missing:
        raise UserError(
            f"{name} needs the fields {', '.join(sorted(missing))}; give them, or name them in `without`", place
        )
    return CaseLines(
        payload={"message": name.replace("_", " "), "event": name, **payload},
        offsets=tuple(_offsets(data, place)),
        logger=data.get("logger", f"{contract.logger_root}.services.{event.logger}"),
        severity=data.get("severity", severity_of(contract, event, payload)),
        resource_type=data.get("resource_type", known.resource_type),
        worker=data.get("worker", "worker-0"),
    )


def _payload(
    data: Mapping[str, Any], place: Position, shorthands: Mapping[str, Shorthand]
) -> tuple[str, dict[str, Any]]:
    """Return the event's name and its fields: what a shorthand stands for, then what `fields` change."""
    what = [key for key in ("event", *shorthands) if key in data]
    if len(what) != 1:
        raise UserError(f"log lines say exactly one of {', '.join(('event', *shorthands))}; write one", place)
    (key,) = what
    name, fields = data.get("event", ""), {}
    if key in shorthands:
        name, fields = shorthands[key].event.name, fields_of(shorthands[key], data[key], place)
    fields |= data.get("fields", {})
    for left_out in data.get("without", []):
        fields.pop(left_out, None)
    return name, fields


def _offsets(data: Mapping[str, Any], place: Position) -> Iterator[timedelta]:
    if ("at" in data) == ("every" in data):
        raise UserError("log lines say either `at` or `every` with `from` and `until`; write one", place)
    count, within = data.get("count", 1), offset(data.get("within", "0s"))
    for at in _times(data, place):
        for number in range(count):
            yield at + within * number / count


def _times(data: Mapping[str, Any], place: Position) -> Iterator[timedelta]:
    if "at" in data:
        yield from map(offset, [data["at"]] if isinstance(data["at"], str) else data["at"])
        return
    if "from" not in data or "until" not in data:
        raise UserError("`every` needs `from` and `until`; add them", place)
    step, at, end = offset(data["every"]), offset(data["from"]), offset(data["until"])
    if step <= timedelta(0):
        raise UserError("`every` must be longer than nothing; write such as 15m", place)
    if (end - at) / step > _MOST_LINES:
        raise UserError(f"`every` gives more than {_MOST_LINES:,} lines; write a longer one", place)
    late, jitter = False, offset(data.get("jitter", "0s"))
    while at <= end:
        yield at + (jitter if late else timedelta(0))
        late, at = not late, at + step
