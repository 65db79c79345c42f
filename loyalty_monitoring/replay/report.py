"""What a replay found, for a person (a timeline) and for a machine (JSON)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import groupby

from rich.console import Console
from rich.text import Text

from loyalty_monitoring.model import PRIORITIES
from loyalty_monitoring.replay.result import Incident, ReplayResult

_BAR = 48
_WIDEST_NAME = 56
_MOST_LINES = 8  # of one policy and priority; --format json has all
_COLOURS = {"P0": "bold red", "P1": "yellow", "P2": "cyan"}


def as_json(result: ReplayResult) -> str:
    """The result as one JSON object; times are RFC 3339 in UTC, `closed` is null while an incident is open."""
    return json.dumps(
        {
            "window": {"from": _rfc3339(result.window_from), "to": _rfc3339(result.window_to)},
            "entries": {"read": result.entries_read, "rejected": result.entries_rejected},
            "metrics": {
                name: {"matched": metric.matched, "series": metric.series, "points": metric.points}
                for name, metric in sorted(result.metrics.items())
            },
            "incidents": [
                {
                    "policy": incident.policy,
                    "priority": incident.priority,
                    "labels": dict(incident.labels),
                    "opened": _rfc3339(incident.opened),
                    "closed": incident.closed and _rfc3339(incident.closed),
                    "value": incident.value,
                }
                for incident in result.incidents
            ],
        },
        indent=2,
        ensure_ascii=False,
    )


def print_text(result: ReplayResult, console: Console | None = None) -> None:
    """A timeline: per priority one line an incident, with a bar over the window, and what was counted."""
    console = console or Console(highlight=False, soft_wrap=True)
    for line in lines(result):
        console.print(line, soft_wrap=True)


def lines(result: ReplayResult) -> Iterator[Text]:
    """The lines of the timeline."""
    used = result.entries_read - result.entries_rejected
    yield Text(
        f"{_minute(result.window_from)} to {_minute(result.window_to)} UTC   "
        f"{result.entries_read:,} entries read, {used:,} used, {result.entries_rejected:,} rejected"
    )
    for rejected in result.first_rejected:
        yield Text(f"  {rejected.file}:{rejected.line}: {_plain(rejected.reason)}", style="dim")
    if result.entries_rejected > len(result.first_rejected):
        yield Text(f"  and {result.entries_rejected - len(result.first_rejected):,} more", style="dim")
    yield Text()
    width = min(_WIDEST_NAME, max((len(_name(incident)) for incident in result.incidents), default=0))
    for priority in PRIORITIES:
        incidents = [incident for incident in result.incidents if incident.priority == priority]
        style = _COLOURS[priority]
        if not incidents:
            yield Text.assemble((priority, style), "  no incident")
            continue
        count = f"{len(incidents):,} incident{'' if len(incidents) == 1 else 's'}"
        yield Text.assemble((priority, style), f"  {count:<{width + 32}}", (_ruler(result), "dim"))
        by_policy = groupby(sorted(incidents, key=lambda one: one.policy), key=lambda one: one.policy)
        groups = sorted((list(group) for _, group in by_policy), key=lambda group: group[0].opened)
        for group in groups:
            for incident in group[:_MOST_LINES]:
                yield _line(incident, result, style, width)
            if len(group) > _MOST_LINES:
                yield Text(f"    ... and {len(group) - _MOST_LINES:,} more of {group[0].policy}; --format json has all")
    yield Text()
    silent = sorted(name for name, metric in result.metrics.items() if metric.matched == 0)
    yield Text(f"{len(result.metrics) - len(silent)} of {len(result.metrics)} metrics matched entries")
    if silent:
        yield Text(f"Nothing matched: {', '.join(silent)}", style="yellow")


def _name(incident: Incident) -> str:
    labels = ", ".join(f"{_plain(key)}={_plain(value)}" for key, value in sorted(incident.labels.items()))
    return f"{incident.policy} {labels}".strip()


def _line(incident: Incident, result: ReplayResult, style: str, width: int) -> Text:
    length = _length((incident.closed or result.window_to) - incident.opened)
    until = f"for {length}" if incident.closed else f"open, {length}"
    return Text.assemble(
        f"    {_minute(incident.opened)}  {until:<12} {_name(incident)[:width]:<{width}} ",
        (_bar(incident, result), style),
    )


def _bar(incident: Incident, result: ReplayResult) -> str:
    first = _column(incident.opened, result)
    last = max(first, _column(incident.closed or result.window_to, result))
    return "·" * first + "█" * (last - first + 1) + "·" * (_BAR - 1 - last)


def _ruler(result: ReplayResult) -> str:
    """The days of the window over the bars, as many as fit."""
    ruler = [" "] * (_BAR + 3)
    day = result.window_from.replace(hour=0, minute=0, second=0, microsecond=0)
    free = 0
    while day < result.window_to:
        at = _column(max(day, result.window_from), result)
        if at >= free:
            ruler[at : at + 3] = day.strftime("%a")
            free = at + 4
        day += timedelta(days=1)
    return "".join(ruler)[:_BAR].rstrip()


def _column(instant: datetime, result: ReplayResult) -> int:
    whole = (result.window_to - result.window_from).total_seconds() or 1.0
    share = (instant - result.window_from).total_seconds() / whole
    return min(_BAR - 1, max(0, int(share * _BAR)))


def _length(span: timedelta) -> str:
    minutes = int(span.total_seconds()) // 60
    days, hours = minutes // 1440, minutes // 60 % 24
    if days:
        return f"{days}d {hours}h"
    return f"{hours}h {minutes % 60:02}m" if hours else f"{minutes}m"


def _minute(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%a %d %b %H:%M")


def _rfc3339(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _plain(text: str) -> str:
    """Text from logs without control characters, which could rewrite the terminal."""
    return "".join(character if character.isprintable() else "?" for character in text)
