"""Print the findings of `contract check` as text or JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from rich.console import Console
from rich.text import Text

from loyalty_monitoring.checks.contract.findings import LEVELS, ContractFinding, ContractReport, Seen, findings
from loyalty_monitoring.common.errors import Position
from loyalty_monitoring.common.text import printable
from loyalty_monitoring.replay import lateness
from loyalty_monitoring.replay.lateness import as_object

_STYLES = {"error": "bold red", "warning": "yellow", "note": "cyan"}
_MOST_CHARTS = 3  # in a line of text; --format json has all
_NAME = 32


def as_json(report: ContractReport) -> str:
    """Return the report as one JSON object; times are RFC 3339 in UTC, null where there is none. It holds no text of a
    log that is longer than 60 characters.
    """
    return json.dumps(
        {
            "holds": report.holds,
            "window": {"from": _rfc3339(report.first), "to": _rfc3339(report.last)},
            "entries": {
                "read": report.read,
                "rejected": report.rejected,
                "first_rejected": [
                    {"file": one.file, "line": one.line, "reason": one.reason} for one in report.first_rejected
                ],
            },
            "events": [
                {
                    "event": event.name,
                    "state": event.state,
                    **_seen(event.valid, "valid"),
                    "problems": [
                        {
                            "subject": one.subject,
                            "problem": one.problem,
                            "expected": one.expected,
                            "found": one.found,
                            "entries": one.count,
                            "example": _place(one.example),
                        }
                        for one in event.problems
                    ],
                    "other_loggers": [
                        {"logger": one.logger, "entries": one.count, "example": _place(one.example)}
                        for one in event.near_misses
                    ],
                    "metrics": event.metrics,
                    "alerts": event.alerts,
                    "charts": event.charts,
                }
                for event in report.events
            ],
            "celery": {
                "tasks": [
                    {
                        "task": task.task,
                        **_seen(task.seen, "lines"),
                        "succeeded": task.succeeded,
                        "failed": task.failed,
                        "retried": task.retried,
                    }
                    for task in report.tasks
                ],
                "not_counted": [
                    {"reason": one.reason, "entries": one.count, "example": _place(one.example)}
                    for one in report.uncounted
                ],
            },
            "lateness": as_object(report.lateness),
            "unknown_events": [
                {"event": one.name, "entries": one.count, "example": _place(one.example)} for one in report.unknown
            ],
            "metrics_without_data": [
                {"metric": one.name, "events": one.events, "alerts": one.alerts, "charts": one.charts}
                for one in report.silent_metrics
            ],
            "findings": [
                {
                    "level": one.level,
                    "subject": one.subject,
                    "message": one.message,
                    "blind": one.blind,
                    "example": _place(one.example),
                    "alerts": one.alerts,
                    "charts": one.charts,
                }
                for one in findings(report)
            ],
        },
        indent=2,
        ensure_ascii=True,
    )


def print_text(report: ContractReport, console: Console | None = None) -> None:
    """Print the table and the findings, in colour where there is a terminal."""
    console = console or Console(highlight=False)
    for line in lines(report):
        console.print(line, soft_wrap=True)


def lines(report: ContractReport) -> Iterator[Text]:
    """Yield the files that were read, a line an event and task with its valid entries, and a line a finding."""
    used = report.read - report.rejected
    yield Text(f"{report.read:,} entries read, {used:,} used, {report.rejected:,} rejected")
    for one in report.first_rejected:
        yield Text(f"  {printable(one.file)}:{one.line}: {printable(one.reason)}", style="dim")
    if report.rejected > len(report.first_rejected):
        yield Text(f"  and {report.rejected - len(report.first_rejected):,} more", style="dim")
    yield Text()
    yield Text(f"{'event':<{_NAME}} {'valid':>10}  {'first':<16}  {'last':<16}", style="dim")
    for event in report.events:
        yield _row(event.name, event.valid, "" if event.state == "ok" else event.state)
    yield Text()
    if report.tasks:
        yield from _tasks(report)
    # Where it is too late is a finding, below.
    arrived = list(lateness.lines(report.lateness, timedelta.max))
    yield from map(Text, arrived)
    if arrived:
        yield Text()
    found = findings(report)
    for finding in found:
        yield from _told(finding)
    if report.silent_metrics:
        names = ", ".join(metric.api_name for metric in report.silent_metrics)
        yield Text(f"Metrics without data: {names}")
    counts = (sum(finding.level == level for finding in found) for level in LEVELS)
    yield Text(", ".join(_counted(count, level) for count, level in zip(counts, LEVELS, strict=True)))


def _tasks(report: ContractReport) -> Iterator[Text]:
    yield Text(f"{'Celery task':<{_NAME}} {'lines':>10}  {'first':<16}  {'last':<16}", style="dim")
    for task in report.tasks:
        counts = f"{task.succeeded:,} succeeded, {task.failed:,} failed, {task.retried:,} retried"
        yield _row(task.task, task.seen, counts)
    yield Text()


def _row(name: str, seen: Seen, counts: str) -> Text:
    return Text(
        f"{name:<{_NAME}} {seen.count:>10,}  {_minute(seen.first):<16}  {_minute(seen.last):<16}  {counts}".rstrip()
    )


def _told(finding: ContractFinding) -> Iterator[Text]:
    place = f"; first at {printable(str(finding.example))}" if finding.example else ""
    message = f"  {printable(finding.subject)}: {printable(finding.message)}{place}"
    yield Text.assemble((finding.level, _STYLES[finding.level]), message)
    if finding.alerts:
        yield Text(f"    {'blind alerts' if finding.blind else 'alerts that miss them'}: {', '.join(finding.alerts)}")
    if finding.charts:
        shown = [*finding.charts[:_MOST_CHARTS]]
        more = len(finding.charts) - len(shown)
        charts = "charts without it" if finding.blind else "charts that miss them"
        yield Text(f"    {charts}: {', '.join(shown)}" + (f", and {more} more" if more else ""), style="dim")


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _seen(seen: Seen, name: str) -> dict[str, Any]:
    return {name: seen.count, "first": _rfc3339(seen.first), "last": _rfc3339(seen.last)}


def _place(position: Position | None) -> dict[str, Any] | None:
    return None if position is None else {"file": str(position.file), "line": position.line}


def _minute(instant: datetime | None) -> str:
    return instant.astimezone(UTC).strftime("%a %d %b %H:%M") if instant else "-"


def _rfc3339(instant: datetime | None) -> str | None:
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z") if instant else None
