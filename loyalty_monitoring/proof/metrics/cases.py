"""The cases of tests/cases/metrics/*.yaml: log lines, and everything that each of them counts.

A line names all that it counts, so what it does not name must not count it, whichever file that metric stands in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loyalty_monitoring.common.errors import Position, UserError, nearest
from loyalty_monitoring.common.schema_check import check_schema
from loyalty_monitoring.common.yaml_documents import Document, Path_, load_yaml
from loyalty_monitoring.definitions.log_contract import Contract

LogLine = Mapping[str, Any]

_INFINITY = float("inf")
# How a line can differ from another, by the key that says so; fields and loggers are told apart further.
_KINDS = {"severity": "other_severity", "resource_type": "other_resource", "event": "other_event"}


@dataclass(frozen=True)
class Counted:
    """The point that one metric makes of one line: 1 with these labels; `bucket` is None when any will do."""

    labels: Mapping[str, str]
    total: float | None
    bucket: tuple[float, float] | None


@dataclass(frozen=True)
class MetricLine:
    """One log line. `differs` names the kinds in which it is unlike the line that it varies, which `alike` count."""

    claim: str
    log: LogLine
    counts: Mapping[str, Counted]
    differs: frozenset[str]
    alike: frozenset[str]
    position: Position


@dataclass(frozen=True)
class MetricFacts:
    """Claims of a case file about a metric as a whole."""

    is_distribution: bool
    unit: str
    not_applicable: Mapping[str, str]
    position: Position


@dataclass(frozen=True)
class MetricCases:
    """The lines of all files, and the facts by metric."""

    facts: Mapping[str, MetricFacts]
    lines: tuple[MetricLine, ...]


def load_metric_cases(folder: Path, contract: Contract, resource_type: str = "k8s_container") -> MetricCases:
    """Read every case file of the folder. Errors: UserError with file, line, key.

    Lines come from a monitored resource of `resource_type`, where they do not name another; `contract` says which
    loggers are the module's.
    """
    facts: dict[str, MetricFacts] = {}
    lines: list[MetricLine] = []
    for file in sorted(folder.glob("*.yaml")):
        document = load_yaml(file)
        check_schema("metric_cases", document)
        for metric, entry in document.data["metrics"].items():
            place = document.position(("metrics", metric))
            if metric in facts:
                raise UserError(f"{metric} stands in {facts[metric].position.file} as well; remove one", place)
            facts[metric] = MetricFacts(
                entry["type"] == "distribution", entry["unit"], entry.get("not_applicable", {}), place
            )
        for index in range(len(document.data["lines"])):
            lines += _lines(document, ("lines", index), f"{contract.logger_root}.", resource_type)
    _check(facts, lines)
    return MetricCases(facts, tuple(lines))


def entry(log: LogLine, timestamp: str) -> dict[str, Any]:
    """Return the LogEntry of a line, as `gcloud logging read --format=json` prints it."""
    found: dict[str, Any] = {
        "timestamp": timestamp,
        "insertId": timestamp,
        "logName": "projects/demo/logs/stdout",
        "resource": {"type": log["resource_type"], "labels": {"project_id": "demo"}},
    }
    if "severity" in log:
        found["severity"] = log["severity"]
    if "logger" in log:
        found["labels"] = {"python_logger": log["logger"]}
    if "text" in log:
        return {**found, "textPayload": log["text"]}
    payload = {key: log[key] for key in ("message", "event") if key in log}
    return {**found, "jsonPayload": {"message": "as logged", **payload, **log.get("fields", {})}}


def _check(facts: Mapping[str, MetricFacts], lines: Sequence[MetricLine]) -> None:
    claims: dict[str, Position] = {}
    for line in lines:
        if line.claim in claims:
            first = claims[line.claim]
            raise UserError(f"the claim {line.claim!r} stands in {first} as well; say what differs", line.position)
        claims[line.claim] = line.position
        for metric, counted in line.counts.items():
            if metric not in facts:
                raise UserError(f"no case file has the metric {metric!r}{nearest(metric, set(facts))}", line.position)
            if facts[metric].is_distribution != (counted.total is not None):
                remedy = "give its sum" if facts[metric].is_distribution else "a counter has no sum; remove it"
                raise UserError(f"{metric} is counted in a way that does not fit its type; {remedy}", line.position)


def _lines(document: Document, path: Path_, module: str, resource_type: str) -> Iterator[MetricLine]:
    """Yield the line, and its variations."""
    data = document.data["lines"][path[1]]
    claim, counts = data["claim"], _counts(data["counts"])
    log = {"resource_type": resource_type, **data["log"]}
    yield MetricLine(claim, log, counts, frozenset(), frozenset(counts), document.position(path))
    for change in data.get("each_field", []):
        place = document.position((*path, "each_field"))
        for field, value in log.get("fields", {}).items():
            changed = {"without": [field]} if change == "missing" else {"fields": {field: _retyped(value)}}
            yield _varied(claim, log, counts, changed, place, module)
    for index, changed in enumerate(data.get("but", [])):
        yield _varied(claim, log, counts, changed, document.position((*path, "but", index)), module)


def _varied(
    claim: str,
    log: LogLine,
    counts: Mapping[str, Counted],
    changed: Mapping[str, Any],
    place: Position,
    module: str,
) -> MetricLine:
    what = {key: value for key, value in changed.items() if key not in ("claim", "counts", "without", "fields")}
    without = changed.get("without", [])
    known = {*log, *log.get("fields", {})} - {"fields"}
    for name in without:
        if name not in known:
            raise UserError(f"the line has no {name!r} to leave out{nearest(name, known)}", place)
    varied = {key: value for key, value in {**log, **what}.items() if key not in without}
    fields = {**log.get("fields", {}), **changed.get("fields", {})}
    varied["fields"] = {key: value for key, value in fields.items() if key not in without}
    claimed = changed.get("counts", {})
    return MetricLine(
        claim=changed.get("claim") or _claim(claim, changed),
        log=varied,
        counts=counts if claimed == "same" else _counts(claimed),
        differs=frozenset(_kinds(log, changed, module)),
        alike=frozenset(counts),
        position=place,
    )


def _counts(claimed: Mapping[str, Any]) -> dict[str, Counted]:
    return {
        metric: Counted(counted.get("labels", {}), counted.get("sum"), _bucket(counted))
        for metric, counted in claimed.items()
    }


def _bucket(counted: Mapping[str, Any]) -> tuple[float, float] | None:
    if "bucket" not in counted:
        return None
    return counted["bucket"].get("from", -_INFINITY), counted["bucket"].get("below", _INFINITY)


def _retyped(value: Any) -> Any:
    """Return the value as text, if it is none; text as a number."""
    if isinstance(value, str):
        return 17
    return str(value).lower()


def _kinds(log: LogLine, changed: Mapping[str, Any], module: str) -> Iterator[str]:
    yield from (kind for key, kind in _KINDS.items() if key in changed)
    if "logger" in changed:
        yield "other_logger" if str(changed["logger"]).startswith(module) else "other_module"
    if "without" in changed:
        yield "missing_field"
    for field, value in changed.get("fields", {}).items():
        yield "other_value" if _json_type(value) == _json_type(log.get("fields", {}).get(field)) else "other_type"
    yield from ("other_text" for key in ("message", "text") if key in changed)


def _json_type(value: Any) -> str:
    return "number" if type(value) in (int, float) else type(value).__name__


def _claim(claim: str, changed: Mapping[str, Any]) -> str:
    changes = [
        f"{key} {changed[key]}" for key in ("severity", "resource_type", "event", "message", "text") if key in changed
    ]
    if "logger" in changed:
        changes.append(f"logger {changed['logger']}")
    changes += [f"{field} {value!r}" for field, value in changed.get("fields", {}).items()]
    words = [f"with {' and '.join(changes)}"] if changes else []
    words += [f"without {' and '.join(changed['without'])}"] if "without" in changed else []
    return f"{claim}, {'also' if changed.get('counts') else 'but not'} {' and '.join(words)}"
