"""Replay beside what fired, for a person and for a machine."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from rich.console import Console
from rich.text import Text

from loyalty_monitoring.checks.fired.findings import Alone, IncidentComparison
from loyalty_monitoring.common.text import printable

_MOST_OTHERS = 5


def as_json(comparison: IncidentComparison) -> str:
    """Return the comparison as one JSON object, see `as_object`."""
    return json.dumps(as_object(comparison), indent=2, ensure_ascii=False)


def as_object(comparison: IncidentComparison) -> dict[str, Any]:
    """Return the comparison as a JSON object; times are RFC 3339 in UTC, lengths are seconds, null is what is not
    known.
    """
    return {
        "window": {"from": _rfc3339(comparison.window_from), "to": _rfc3339(comparison.window_to)},
        "alike": [
            {
                "policy": one.policy,
                "labels": dict(one.labels),
                "opened": _rfc3339(one.opened),
                "opened_later_s": _seconds(one.opened_later),
                "closed_later_s": _seconds(one.closed_later),
            }
            for one in comparison.alike
        ],
        "only_in_replay": [_alone(one) for one in comparison.only_in_replay],
        "only_in_fired": [_alone(one) for one in comparison.only_in_fired],
    }


def print_text(comparison: IncidentComparison, console: Console | None = None) -> None:
    """Print both, incident by incident, and the totals; coloured for a person."""
    console = console or Console(highlight=False)
    for line in lines(comparison):
        console.print(line, soft_wrap=True)


def print_differences(comparison: IncidentComparison, console: Console | None = None) -> None:
    """Print what is in one of the two only, and the totals."""
    console = console or Console(highlight=False)
    for line in _differences(comparison):
        console.print(line, soft_wrap=True)


def lines(comparison: IncidentComparison) -> Iterator[Text]:
    """Yield the pairs, the incidents only in the replay, those only in what fired, and one line of totals."""
    window = f"{_day(comparison.window_from)} to {_day(comparison.window_to)} UTC"
    yield Text(f"{window}   replay beside what fired")
    if comparison.alike:
        yield Text()
        yield Text.assemble(("Alike", "bold"), "   by the replay, and how much later it fired")
        width = max(len(_named(one.policy, one.labels)) for one in comparison.alike)
        for one in comparison.alike:
            later = f"opened {_later(one.opened_later)}, closed {_later(one.closed_later)}"
            yield Text(f"  {_day(one.opened)}  {_named(one.policy, one.labels):<{width}}  {later}")
    yield from _differences(comparison)


def _differences(comparison: IncidentComparison) -> Iterator[Text]:
    yield from _alone_lines("Only in the replay", comparison.only_in_replay)
    yield from _alone_lines("Only in what fired", comparison.only_in_fired)
    yield Text()
    if comparison.others:
        count = sum(comparison.others.values())
        names = [printable(name) for name in comparison.others]
        more = f" and {len(names) - _MOST_OTHERS} more" if len(names) > _MOST_OTHERS else ""
        incidents = "1 incident" if count == 1 else f"{count:,} incidents"
        yield Text(
            f"Left aside: {incidents} of policies that are not defined here: {', '.join(names[:_MOST_OTHERS])}{more}"
        )
    if not comparison.read:
        yield Text("Nothing fired in this window, as far as is known", style="yellow")
    yield Text(totals(comparison))


def totals(comparison: IncidentComparison) -> str:
    """Return one line: how many incidents are alike, and how many are not."""
    return (
        f"{len(comparison.alike):,} alike, {len(comparison.only_in_replay):,} only in the replay, "
        f"{len(comparison.only_in_fired):,} only in what fired"
    )


def _alone_lines(heading: str, alone: Sequence[Alone]) -> Iterator[Text]:
    if not alone:
        return
    yield Text()
    yield Text(heading, style="bold red")
    for one in alone:
        opened = _day(one.opened) if one.opened else f"{'before':<16}"
        closed = f"to {_day(one.closed)}" if one.closed else "still open"
        yield Text(f"  {opened}  {closed:<19}  {_named(one.policy, one.labels)}")
        yield Text(f"    {printable(one.reason)}", style="dim")


def _named(policy: str, labels: Mapping[str, str]) -> str:
    pairs = ", ".join(f"{printable(key)}={printable(value)}" for key, value in sorted(labels.items()))
    return f"{policy} {pairs}".strip()


def _alone(one: Alone) -> dict[str, Any]:
    return {
        "policy": one.policy,
        "labels": dict(one.labels),
        "opened": one.opened and _rfc3339(one.opened),
        "closed": one.closed and _rfc3339(one.closed),
        "reason": one.reason,
    }


def _later(span: timedelta | None) -> str:
    if span is None:
        return "-"
    seconds = round(span.total_seconds())
    sign = "+" if seconds >= 0 else "-"
    minutes, rest = divmod(abs(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return sign + (f"{hours} h {minutes:02} min" if hours else f"{minutes}:{rest:02} min")


def _seconds(span: timedelta | None) -> float | None:
    if span is None:
        return None
    seconds = round(span.total_seconds(), 3)
    return int(seconds) if seconds == int(seconds) else seconds


def _rfc3339(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _day(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%a %d %b %H:%M")
