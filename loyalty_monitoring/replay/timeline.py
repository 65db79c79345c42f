"""Print the result of a replay as a timeline or as JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

from loyalty_monitoring.definitions.model import PRIORITIES, Priority
from loyalty_monitoring.replay.quantities import COUNT, NO_POLICY_UNITS, NO_UNITS, NO_VALUE_UNITS, PolicyUnits, quantity
from loyalty_monitoring.replay.result import Incident, Margin, ReplayResult

_PIPED_WIDTH = 120
_NARROWEST_BAR, _WIDEST_BAR = 16, 48
_WIDEST_NAME = 56
_MOST_LINES = 8  # of one policy and priority; --format json has all
_COLOURS = {"P0": "bold red", "P1": "yellow", "P2": "cyan"}
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_TICKS = (*(n * _HOUR for n in (1, 2, 3, 6, 12)), *(n * _DAY for n in (1, 2, 7, 14, 28, 56, 112)))


def as_json(result: ReplayResult) -> str:
    """Return the result as one JSON object, see `as_object`."""
    return json.dumps(as_object(result), indent=2, ensure_ascii=False)


def as_object(result: ReplayResult) -> dict[str, Any]:
    """Return the result as a JSON object; times are RFC 3339 in UTC, `closed` is null while an incident is open.

    A value that JSON has no number for, such as the infinity of a division by zero, is a string: "Infinity". `late` and
    `closing` are there when they were chosen.
    """
    return {
        "window": {"from": rfc3339(result.window_from), "to": rfc3339(result.window_to)},
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
                "opened": rfc3339(incident.opened),
                "closed": incident.closed and rfc3339(incident.closed),
                "value": json_number(incident.value),
            }
            for incident in result.incidents
        ],
        **({"margins": margin_objects(result.margins)} if result.margins else {}),
        **({"late": result.late} if result.late else {}),
        **({"closing": result.closing} if result.closing != "delayed" else {}),
    }


def margin_objects(margins: Mapping[str, Margin]) -> dict[str, Any]:
    """Return the margins as JSON objects, by policy."""
    return {name: margin_object(margin) for name, margin in sorted(margins.items())}


def margin_object(margin: Margin) -> dict[str, Any]:
    """Return a margin as a JSON object; `value` and `at` are null where nothing was to be compared."""
    return {
        "operator": margin.operator,
        "threshold": json_number(margin.threshold),
        "value": None if margin.value is None else json_number(margin.value),
        "at": margin.at and rfc3339(margin.at),
        "labels": dict(margin.labels),
        "opened": margin.opened,
        "met_seconds": margin.met_seconds,
        "needed_seconds": margin.needed_seconds,
    }


def margin_text(margin: Margin, units: Mapping[float, str] = NO_UNITS) -> str:
    """Return how near it came, such as "peak 160 at Sat 07 Nov 17:43, threshold 100" or "nearest miss 80 at ...".

    `units` are those of the policy's numbers; without them values are plain numbers.
    """
    unit = units.get(margin.threshold, COUNT)
    threshold = f"threshold {quantity(margin.threshold, unit)}"
    if margin.value is None or margin.at is None:
        return f"nothing to compare, {threshold}"
    extreme = "lowest" if margin.operator.startswith("<") else "peak" if margin.operator.startswith(">") else "nearest"
    labels = "".join(f" {_plain(key)}={_plain(value)}" for key, value in sorted(margin.labels.items()))
    missed = "" if margin.opened else "met, but opened nothing: " if margin.is_met else "nearest miss, "
    text = f"{missed}{extreme} {quantity(margin.value, unit)}{labels}"
    text += f" at {_minute(margin.at)}, {threshold}"
    if margin.met_seconds is not None:
        met, needed = (_length(timedelta(seconds=one)) for one in (margin.met_seconds, margin.needed_seconds))
        text += f"; met for {met} at the most, opens after {needed}"
    return text


def json_number(value: float) -> float | str:
    """Return the value; a string where JSON has no number for it."""
    return value if math.isfinite(value) else json.dumps(value)


def print_text(
    result: ReplayResult,
    console: Console | None = None,
    units: PolicyUnits = NO_POLICY_UNITS,
    value_units: Mapping[str, str] = NO_VALUE_UNITS,
    stack: str = "",
) -> None:
    """Print the timeline, in colour and as wide as the terminal; plain and 120 columns wide where there is none."""
    console = console or Console(highlight=False)
    for line in lines(result, console.width if console.is_terminal else _PIPED_WIDTH, units, value_units, stack):
        console.print(line, soft_wrap=True)


def lines(
    result: ReplayResult,
    width: int = _PIPED_WIDTH,
    units: PolicyUnits = NO_POLICY_UNITS,
    value_units: Mapping[str, str] = NO_VALUE_UNITS,
    stack: str = "",
) -> Iterator[Text]:
    """Yield the timeline: what was read, per priority one line an incident with a bar over the window, the totals.

    `units` are those of each policy's numbers, in which margins are said, and `value_units` those of what it gives.
    `stack` is the one whose definitions were used, for the commands that are named.
    """
    used = result.entries_read - result.entries_rejected
    yield Text(
        f"{_minute(result.window_from)} to {_minute(result.window_to)} UTC   "
        f"{result.entries_read:,} entries read, {used:,} used, {result.entries_rejected:,} rejected"
    )
    for rejected in result.first_rejected:
        yield Text(f"  {rejected.file}:{rejected.line}: {_plain(rejected.reason)}", style="dim")
    if result.entries_rejected > len(result.first_rejected):
        yield Text(f"  and {result.entries_rejected - len(result.first_rejected):,} more", style="dim")
    yield from _elsewhere(result)
    if result.late:
        yield Text(f"Points arrive late: {result.late}", style="dim")
    if result.closing != "delayed":
        yield Text("Incidents close at the next evaluation", style="dim")
    yield Text()
    for priority in PRIORITIES:
        if priority in result.policies.values():
            yield from _priority(priority, result, width, value_units)
    yield Text()
    still_open = sum(incident.closed is None for incident in result.incidents)
    if result.incidents:
        yield Text(f"{_counted(result.incidents)}, {still_open:,} still open at the end")
    else:
        alone = len(result.policies) == 1
        asked = "the alert policy would not" if alone else f"none of the {len(result.policies)} alert policies would"
        yield Text(f"No incident: {asked} have opened one")
        if result.policies and all(_is_blind(result.margins.get(name)) for name in result.policies):
            whose = "the alert" if alone else "no alert"
            blind = f"{whose} had {'no' if alone else 'a'} value to judge, so it says nothing about how the system was"
            yield Text(blind, style="yellow")
    if result.margins:
        yield Text()
        yield Text("How near each alert came", style="bold")
        widest = max(map(len, result.margins))
        # What opened nothing first: its distance is the news.
        for name, margin in sorted(result.margins.items(), key=lambda item: (item[1].opened, item[0])):
            yield Text(f"    {name:<{widest}}  {margin_text(margin, units.get(name, NO_UNITS))}")
        yield Text()
    told = sorted(result.metrics if result.concerned is None else result.concerned)
    silent = [name for name in told if result.metrics[name].matched == 0]
    of = "" if len(told) == len(result.metrics) else " that the policies read"
    yield Text(f"{len(told) - len(silent)} of {len(told)} metrics{of} matched entries")
    for why in result.why_nothing_matched:
        yield Text(_plain(why), style="yellow")
    if result.why_nothing_matched or (result.entries_read and len(silent) == len(told)):
        of_stack = f" --stack {stack}" if stack else ""
        yield Text(f"`loyalty-monitoring match --explain --metric all{of_stack} FILE` says what each filter takes away")
    elif silent and result.entries_read:
        yield Text(f"Nothing matched: {', '.join(silent)}", style="yellow")


def _is_blind(margin: Margin | None) -> bool:
    return margin is not None and margin.value is None


def _elsewhere(result: ReplayResult) -> Iterator[Text]:
    """Return remarks about entries that are missing, or lie outside the window."""
    if result.entries_from is None or result.entries_to is None:
        if not result.entries_read:
            since = f"since {_minute(result.window_from)} UTC; --from chooses another time"
            yield Text(f"The log is empty: what follows is what the alerts make of silence {since}", style="yellow")
        return
    if result.entries_from > result.window_to or result.entries_to < result.window_from:
        entries = f"{_minute(result.entries_from)} to {_minute(result.entries_to)} UTC"
        yield Text(f"All entries are of another time: {entries}", style="yellow")


def _priority(priority: Priority, result: ReplayResult, width: int, value_units: Mapping[str, str]) -> Iterator[Text]:
    style = _COLOURS[priority]
    incidents = [incident for incident in result.incidents if incident.priority == priority]
    if not incidents:
        yield Text.assemble((priority, style), "  no incident")
        return
    # All priorities share their columns, so that one sees what happened at the same time.
    name = min(_WIDEST_NAME, max(cell_len(_name(incident)) for incident in result.incidents))
    widest = max(len(_value(incident, value_units)) for incident in result.incidents)
    before = len(_columns("", "", "", "", name, "".rjust(widest)))
    bar = min(_WIDEST_BAR, max(_NARROWEST_BAR, width - before))
    heading = f"{priority}  {_counted(incidents)}"
    yield Text.assemble((heading, style), f"{'value':>{before - len(heading) - 2}}  ", (_ruler(result, bar), "dim"))
    by_policy = groupby(sorted(incidents, key=lambda one: one.policy), key=lambda one: one.policy)
    groups = sorted((list(group) for _, group in by_policy), key=lambda group: group[0].opened)
    for group in groups:
        shown, hidden = group[:_MOST_LINES], group[_MOST_LINES:]
        for incident in shown:
            length = _length((incident.closed or result.window_to) - incident.opened)
            until = _until(incident)
            columns = _columns(
                _minute(incident.opened),
                until,
                length,
                _name(incident),
                name,
                _value(incident, value_units).rjust(widest),
            )
            yield Text.assemble(columns, (_bar([incident], result, bar), style))
        if hidden:
            more = set_cell_size(
                f"    ... and {len(hidden):,} more of {group[0].policy}; --format json has all", before
            )
            yield Text.assemble(more, (_bar(hidden, result, bar), style))


def _columns(opened: str, until: str, length: str, name: str, name_width: int, value: str) -> str:
    if cell_len(name) > name_width:
        name = set_cell_size(name, name_width - 1) + "…"
    return f"    {opened:<16}  {until:<12}  {length:>7}  {set_cell_size(name, name_width)}  {value:>7}  "


def _counted(incidents: Sequence[Incident]) -> str:
    return f"{len(incidents):,} incident{'' if len(incidents) == 1 else 's'}"


def _name(incident: Incident) -> str:
    labels = ", ".join(f"{_plain(key)}={_plain(value)}" for key, value in sorted(incident.labels.items()))
    return f"{incident.policy} {labels}".strip()


def _value(incident: Incident, value_units: Mapping[str, str]) -> str:
    return quantity(incident.value, value_units.get(incident.policy, COUNT))


def _until(incident: Incident) -> str:
    if incident.closed is None:
        return "still open"
    same_day = incident.closed.astimezone(UTC).date() == incident.opened.astimezone(UTC).date()
    return incident.closed.astimezone(UTC).strftime("to %H:%M" if same_day else "to %a %H:%M")


def _bar(incidents: Sequence[Incident], result: ReplayResult, width: int) -> str:
    bar = ["·"] * width
    for incident in incidents:
        first = _column(incident.opened, result, width)
        last = max(first, _column(incident.closed or result.window_to, result, width))
        bar[first : last + 1] = "█" * (last - first + 1)
    return "".join(bar)


def _ruler(result: ReplayResult, width: int) -> str:
    """Return the hours or days of the window over the bars, in the smallest steps that fit."""
    window = (result.window_to - result.window_from) or _HOUR
    for step in _TICKS:
        style = "%H:%M" if step < _DAY else "%a" if window <= 14 * _DAY else "%d %b"
        length = len(result.window_from.strftime(style))
        if width * (step / window) >= length + 1:
            break
    ruler = [" "] * width
    tick = result.window_from.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    while tick < result.window_to:
        at = _column(tick, result, width)
        if tick >= result.window_from and at + length <= width:
            midnight_of_several = step < _DAY < window and tick.hour == 0
            ruler[at : at + length] = f"{tick.strftime('%a' if midnight_of_several else style):<{length}}"
        tick += step
    return "".join(ruler).rstrip()


def _column(instant: datetime, result: ReplayResult, width: int) -> int:
    whole = (result.window_to - result.window_from).total_seconds() or 1.0
    share = (instant - result.window_from).total_seconds() / whole
    return min(width - 1, max(0, int(share * width)))


def _length(span: timedelta) -> str:
    minutes = int(span.total_seconds()) // 60
    days, hours = minutes // 1440, minutes // 60 % 24
    if days:
        return f"{days}d {hours}h"
    return f"{hours}h {minutes % 60:02}m" if hours else f"{minutes}m"


def _minute(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%a %d %b %H:%M")


def rfc3339(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _plain(text: str) -> str:
    """Return text from logs without control characters, which could rewrite the terminal."""
    return "".join(character if character.isprintable() else "?" for character in text)
