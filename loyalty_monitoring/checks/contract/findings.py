"""Findings of `contract check`, as plain frozen data, and their levels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from loyalty_monitoring.common.errors import Position, nearest
from loyalty_monitoring.replay.entries.counts import Rejected
from loyalty_monitoring.replay.lateness import Lateness, exceeding, too_late

Level = Literal["error", "warning", "note"]
LEVELS: tuple[Level, ...] = ("error", "warning", "note")


@dataclass(frozen=True)
class Seen:
    """Number of entries, and times of the first and the last; the times are None where there is no entry."""

    count: int
    first: datetime | None
    last: datetime | None


@dataclass(frozen=True)
class ContractProblem:
    """A requirement that entries of an event break: `subject` is resource.type, logger, severity, or a field.

    `found` is the JSON of the first such value, cut to what one can read; None where there is no value.
    """

    subject: str
    problem: Literal["missing", "wrong type", "wrong value"]
    expected: str
    found: str | None
    count: int
    example: Position


@dataclass(frozen=True)
class NearMiss:
    """Entries that carry an event's name, but whose logger is not one of the module's; None is no logger."""

    logger: str | None
    count: int
    example: Position


@dataclass(frozen=True)
class EventReport:
    """One event of the contract. `metrics`, `alerts` and `charts` see nothing of it where it is absent or broken."""

    name: str
    valid: Seen
    problems: tuple[ContractProblem, ...]
    near_misses: tuple[NearMiss, ...]
    metrics: tuple[str, ...]
    alerts: tuple[str, ...]
    charts: tuple[str, ...]

    @property
    def state(self) -> Literal["ok", "absent", "broken"]:
        if self.problems:
            return "broken"
        return "ok" if self.valid.count else "absent"


@dataclass(frozen=True)
class TaskReport:
    """Celery's own lines about a watched task. `charts` see nothing of it where no line says how a run ended."""

    task: str
    seen: Seen
    succeeded: int
    failed: int
    retried: int
    charts: tuple[str, ...]


@dataclass(frozen=True)
class UncountedLine:
    """Lines that look like Celery's, about a watched task, which no metric counts, and why."""

    reason: str
    count: int
    example: Position


@dataclass(frozen=True)
class UnknownEvent:
    """An event of the module's loggers that the contract does not have. `name` is JSON, cut to what one can read."""

    name: str
    count: int
    example: Position


@dataclass(frozen=True)
class UnreadLines:
    """Entries of text that begins like an event as JSON: nothing in them counts."""

    count: int
    example: Position


@dataclass(frozen=True)
class SilentMetric:
    """A metric that matched no entry, and who reads it. `fed` are its events of which there are valid entries.

    `name` is the definition's, `api_name` the metric's in the Logging API, with the stack's prefix.
    """

    name: str
    api_name: str
    events: tuple[str, ...]
    fed: tuple[str, ...]
    alerts: tuple[str, ...]
    charts: tuple[str, ...]


@dataclass(frozen=True)
class ContractReport:
    read: int
    rejected: int
    first_rejected: tuple[Rejected, ...]
    first: datetime | None
    last: datetime | None
    events: tuple[EventReport, ...]
    tasks: tuple[TaskReport, ...]
    uncounted: tuple[UncountedLine, ...]
    unknown: tuple[UnknownEvent, ...]
    silent_metrics: tuple[SilentMetric, ...]
    unread: UnreadLines | None = None
    lateness: tuple[Lateness, ...] = ()
    allowance: timedelta = timedelta()

    @property
    def holds(self) -> bool:
        """Whether every event that an alert needs is there, and unbroken."""
        return not any(finding.level == "error" for finding in findings(self))


@dataclass(frozen=True)
class ContractFinding:
    """One thing to mend. An error concerns an alert, a warning charts only, and a note may well be meant.

    `blind` is whether the alerts and charts see nothing of the subject at all; otherwise they miss these entries.
    """

    level: Level
    subject: str
    message: str
    example: Position | None = None
    alerts: tuple[str, ...] = ()
    charts: tuple[str, ...] = ()
    blind: bool = False


def findings(report: ContractReport) -> list[ContractFinding]:
    """Return all findings, the gravest first, then what an entry shows, then in the order of the contract.

    In a log of minutes most events are absent, which is no news; what is wrong with an entry is.
    """
    found = [
        *_of_events(report),
        *_of_celery(report),
        *_of_unknown(report),
        *_of_unread(report),
        *_of_metrics(report),
        *_of_lateness(report),
    ]
    return sorted(found, key=lambda finding: (LEVELS.index(finding.level), finding.example is None))


def _of_lateness(report: ContractReport) -> Iterator[ContractFinding]:
    for one in exceeding(report.lateness, report.allowance):
        yield ContractFinding("warning", one.event, too_late(one, report.allowance))


def _of_events(report: ContractReport) -> Iterator[ContractFinding]:
    typed = _mistyped(report)
    for event in report.events:
        level: Level = "error" if event.alerts else "warning"
        for problem in event.problems:
            message = f"{_entries(problem.count)} {_told(problem)}; expected {problem.expected}"
            blind = not event.valid.count
            yield ContractFinding(level, event.name, message, problem.example, event.alerts, event.charts, blind)
        if event.state == "absent":
            message = "no entry keeps the contract"
            if event.name in typed:
                message += f"; did the module write {typed[event.name]}?"
            yield ContractFinding(level, event.name, message, None, event.alerts, event.charts, blind=True)
        for miss in event.near_misses:
            by = "have no logger" if miss.logger is None else f"come from the logger {miss.logger}"
            message = f"{_entries(miss.count)} with this event's name {by}, and do not count"
            yield ContractFinding("note", event.name, message, miss.example)


def _told(problem: ContractProblem) -> str:
    subject = problem.subject
    match problem.problem:
        case "missing":
            return f"without {subject}"
        case "wrong type":
            return f"with {subject} of the wrong type: {problem.found}"
        case _:
            return f"with a wrong {subject}: {problem.found}"


def _mistyped(report: ContractReport) -> dict[str, str]:
    """Return, for an event without entries, the unknown event name that looks most like its own."""
    from difflib import get_close_matches

    names = [event.name for event in report.events]
    found: dict[str, str] = {}
    for unknown in report.unknown:
        for name in get_close_matches(unknown.name.strip('"'), names, n=1, cutoff=0.75):
            found.setdefault(name, unknown.name)
    return found


def _of_celery(report: ContractReport) -> Iterator[ContractFinding]:
    for task in report.tasks:
        if not task.succeeded + task.failed:
            message = "no line of Celery says how a run of this task ended"
            yield ContractFinding("warning", task.task, message, None, (), task.charts, blind=True)
    for line in report.uncounted:
        message = f"{_entries(line.count)} like Celery's own do not count: {line.reason}"
        yield ContractFinding("note", "celery", message, line.example)


def _of_unknown(report: ContractReport) -> Iterator[ContractFinding]:
    typed, known = _mistyped(report), {event.name for event in report.events}
    for unknown in report.unknown:
        near = unknown.name in typed.values()
        hint = nearest(unknown.name.strip('"'), known) if near else ""
        message = f"{_entries(unknown.count)} of the module's loggers with this event, which the contract does not have"
        yield ContractFinding("warning" if near else "note", unknown.name, message + hint, unknown.example)


def _of_unread(report: ContractReport) -> Iterator[ContractFinding]:
    if report.unread is not None:
        message = (
            f"{_entries(report.unread.count)} of text that begins like an event as JSON, and does not count: cut off, "
            "or from a logging agent that does not read JSON"
        )
        yield ContractFinding("warning", "textPayload", message, report.unread.example)


def _of_metrics(report: ContractReport) -> Iterator[ContractFinding]:
    """Yield metrics that are silent though their events are there; the others are told with their events."""
    for metric in report.silent_metrics:
        if metric.fed:
            message = f"matches nothing, though there are valid entries of {', '.join(metric.fed)}"
            yield ContractFinding("note", f"metric {metric.api_name}", message)


def _entries(count: int) -> str:
    return f"{count:,} {'entry' if count == 1 else 'entries'}"
