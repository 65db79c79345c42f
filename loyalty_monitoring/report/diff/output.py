"""The difference as Markdown for a pull request, and as JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from loyalty_monitoring.replay.quantities import NO_UNITS
from loyalty_monitoring.replay.result import Incident, Margin
from loyalty_monitoring.replay.timeline import margin_objects, margin_text
from loyalty_monitoring.report.diff.audiences import AudienceChange
from loyalty_monitoring.report.diff.changes import DefinitionChange, ParameterChange
from loyalty_monitoring.report.diff.compare import Difference, Replayed
from loyalty_monitoring.report.diff.incidents import IncidentChange

_KINDS = ("appears", "vanishes", "moves", "stays")
_PLURALS = {"appears": "appear", "vanishes": "vanish", "moves": "move", "stays": "stay as they are"}
# A comment on GitHub takes 65,536 characters.
_MOST_ROWS = 100
_MOST_NAMED = 10
_LONG = 20  # a longer table is folded


def as_markdown(old: str, new: str, differences: Sequence[Difference]) -> str:
    """Return Markdown for a reviewer, a part for each stack that differs: who is notified, the incidents that differ,
    the changes.
    """
    lines = [f"### Incidents of {_code(old)} and {_code(new)} on the same logs", ""]
    for difference in differences:
        if not _is_same(difference):
            # All stacks share what a comment can hold.
            lines += _lines(difference, max(1, _MOST_ROWS // len(differences)))
    same = [difference.stack for difference in differences if _is_same(difference)]
    if same:
        lines += [f"Nothing differs in {', '.join(same)}: nothing was replayed.", ""]
    return "\n".join(lines)


def as_json(old: str, new: str, differences: Sequence[Difference]) -> str:
    """Return the same for a machine: of one stack its object, of several {"old", "new", "stacks": [one object a
    stack]}.

    Times are RFC 3339 in UTC, `closed` is null while an incident is open; `window` is null where nothing was replayed.
    """
    stacks = [_object(old, new, difference) for difference in differences]
    found = stacks[0] if len(stacks) == 1 else {"old": old, "new": new, "stacks": stacks}
    return json.dumps(found, indent=2, ensure_ascii=False)


def _object(old: str, new: str, difference: Difference) -> dict[str, Any]:
    replayed = difference.replayed
    window = replayed and {"from": _rfc3339(replayed.window_from), "to": _rfc3339(replayed.window_to)}
    return {
        "stack": difference.stack,
        "old": old,
        "new": new,
        "new_stack": difference.is_new,
        "removed_stack": difference.is_gone,
        "replayed": replayed is not None,
        "replayed_as": replayed and replayed.replayed_as,
        "window": window,
        "entries": replayed.entries_read if replayed else 0,
        "incidents": [_incident_change(change, difference) for change in replayed.incidents] if replayed else [],
        "margins": margin_objects(replayed.margins) if replayed else {},
        "told": [
            {
                "who": one.who,
                "alerts": list(one.alerts),
                "old": one.old,
                "new": one.new,
                "no_longer": list(one.no_longer),
                "also": list(one.also),
                "elsewhere": list(one.elsewhere),
                "reaches_nobody": one.reaches_nobody,
            }
            for one in difference.audiences
        ],
        "settings": [_values(change) for change in difference.definitions.settings],
        "parameters": [_values(change) for change in difference.definitions.parameters],
        "definitions": [
            {"file": change.file, "what": list(change.what)} for change in difference.definitions.definitions
        ],
    }


def _values(change: ParameterChange) -> dict[str, str | None]:
    return {"name": change.name, "old": change.old, "new": change.new}


def _lines(difference: Difference, most_rows: int) -> Iterator[str]:
    state = " (new)" if difference.is_new else " (removed)" if difference.is_gone else ""
    yield f"#### Stack {difference.stack}{state}"
    yield ""
    if difference.audiences:
        yield "**Who is told changes:**"
        yield ""
        yield from map(_audience, difference.audiences)
        yield ""
    yield from _replay_lines(difference, most_rows)
    changed = _changed(difference)
    yield "Changed definitions: none." if not changed else "Changed definitions:"
    yield ""
    yield from _folded([f"- {line}" for line in changed], f"{len(changed)} changes")


def _is_same(difference: Difference) -> bool:
    return not difference.audiences and difference.replayed is None and not _changed(difference)


def _changed(difference: Difference) -> list[str]:
    return [
        *map(_setting, difference.definitions.settings),
        *map(_parameter, difference.definitions.parameters),
        *map(_definition, difference.definitions.definitions),
    ]


def _audience(change: AudienceChange) -> str:
    """Return whom an alert reaches no longer, and whom newly: in a list of eight, nobody sees the one that is gone."""
    alerts = f" ({', '.join(change.alerts)})" if change.alerts else ""
    if change.reaches_nobody:
        return f"- **{change.who}{alerts}: now {_plain(change.new)}; before: {_plain(change.old)}**"
    parts = {"no longer": change.no_longer, "now also": change.also, "at other addresses": change.elsewhere}
    told = "; ".join(f"{words} {_plain(', '.join(channels))}" for words, channels in parts.items() if channels)
    return f"- {change.who}{alerts}: {told}"


def _replay_lines(difference: Difference, most_rows: int) -> Iterator[str]:
    replayed = difference.replayed
    if replayed is None:
        yield "No alert policy, metric or parameter differs, so no incident can: nothing was replayed."
        yield ""
        return
    window = f"{_minute(replayed.window_from)} to {_minute(replayed.window_to)} UTC"
    yield f"{replayed.entries_read:,} log entries, {window}: {_counts(replayed.incidents)}."
    yield ""
    if replayed.replayed_as is not None:
        yield (
            f"The logs are of {replayed.replayed_as}, the stack is of {difference.resource_type}: replayed as if it "
            f"were of {replayed.replayed_as}, too."
        )
        yield ""
    if replayed.matched_nothing and replayed.entries_read:
        yield (
            "**No metric matched an entry, so nothing could open;** "
            f"`loyalty-monitoring replay --stack {difference.stack}` on these logs says why."
        )
        yield ""
    differing = [change for change in replayed.incidents if change.kind != "stays"]
    if differing:
        rung = sorted({change.incident.priority for change in differing})
        yield " ".join(f"{priority} reaches {_plain(difference.told[priority])}." for priority in rung)
        yield ""
        head = ["| | alert | labels | opened (UTC) | closed (UTC) | because of |", "|---|---|---|---|---|---|"]
        yield from _folded([_row(change, difference) for change in differing[:most_rows]], "The incidents", head)
        if len(differing) > most_rows:
            yield f"And {len(differing) - most_rows:,} more; `--format json` has all."
            yield ""
    yield from _unheard(difference, replayed)
    yield from _totals(replayed)


def _unheard(difference: Difference, replayed: Replayed) -> Iterator[str]:
    """Return which incidents of the new version nobody would be told of any more, also those that stay."""
    silent = {
        alert
        for one in difference.audiences
        if one.reaches_nobody
        for alert in one.alerts or (one.who.partition(" ")[0],)
    }
    found = [change.new for change in replayed.incidents if change.new is not None and change.new.policy in silent]
    if not found:
        return
    named = [f"{one.policy} at {_minute(one.opened)}" for one in found[:_MOST_NAMED]]
    more = f" and {len(found) - _MOST_NAMED:,} more" if len(found) > _MOST_NAMED else ""
    yield f"**Nobody would have been told of {len(found):,} of these incidents any more:** {', '.join(named)}{more}."
    yield ""


def _totals(replayed: Replayed) -> Iterator[str]:
    """Return the changes of each alert's incidents, and how near each came."""
    names = sorted(
        replayed.margins.keys() | replayed.old_margins.keys() | {one.incident.policy for one in replayed.incidents}
    )
    if not names:
        return
    head = ["| alert | appear | vanish | move | stay | margin |", "|---|---|---|---|---|---|"]
    rows = []
    for name in names:
        of_alert: list[str] = [change.kind for change in replayed.incidents if change.incident.policy == name]
        numbers = " | ".join(f"{of_alert.count(kind) or '–'}" for kind in _KINDS)
        rows.append(f"| {name} | {numbers} | {_margins(replayed, name)} |")
    yield from _folded(rows, "All alerts", head)


def _margins(replayed: Replayed, name: str) -> str:
    """Return the new version's margin; the old one's before it, where it is another."""
    old = _margin(replayed.old_margins.get(name), replayed.old_units.get(name, NO_UNITS))
    new = _margin(replayed.margins.get(name), replayed.units.get(name, NO_UNITS))
    return " → ".join(dict.fromkeys((old, new)))


def _margin(margin: Margin | None, units: Mapping[float, str]) -> str:
    return "–" if margin is None else _plain(margin_text(margin, units))


def _folded(rows: Sequence[str], title: str, head: Sequence[str] = ()) -> Iterator[str]:
    """Yield the rows below their heading, folded behind a title when they are many."""
    if not rows:
        return
    long = len(rows) > _LONG
    if long:
        yield f"<details><summary>{title}: {len(rows)} rows</summary>"
        yield ""
    yield from head
    yield from rows
    yield ""
    if long:
        yield "</details>"
        yield ""


def _counts(changes: Sequence[IncidentChange]) -> str:
    if not changes:
        return "no incident with either"
    numbers = {kind: sum(change.kind == kind for change in changes) for kind in _KINDS}
    counted = [f"{number} {kind if number == 1 else _PLURALS[kind]}" for kind, number in numbers.items() if number]
    return ", ".join(counted)


def _row(change: IncidentChange, difference: Difference) -> str:
    incident = change.incident
    labels = " ".join(_code(f"{name}={value}") for name, value in sorted(incident.labels.items())) or "–"
    because = "; ".join(map(_brief, difference.definitions.of_policy.get(incident.policy, ()))) or "–"
    opened, closed = _moved(change, "opened"), _moved(change, "closed")
    return f"| {change.kind} | {incident.policy} ({incident.priority}) | {labels} | {opened} | {closed} | {because} |"


def _moved(change: IncidentChange, which: str) -> str:
    times = [_time(getattr(incident, which)) for incident in (change.old, change.new) if incident is not None]
    return " → ".join(dict.fromkeys(times))


def _brief(change: DefinitionChange | ParameterChange) -> str:
    return _parameter(change) if isinstance(change, ParameterChange) else change.file


def _setting(change: ParameterChange) -> str:
    return f"setting `{change.name}`: {_code(change.old or ' ')} → {_code(change.new or ' ')}"


def _parameter(change: ParameterChange) -> str:
    return f"`{change.name}`: {change.old or 'not there'} → {change.new or 'not there'}"


def _definition(change: DefinitionChange) -> str:
    return f"{change.file}: {', '.join(change.what)}"


def _incident_change(change: IncidentChange, difference: Difference) -> dict[str, Any]:
    incident = change.incident
    return {
        "kind": change.kind,
        "policy": incident.policy,
        "priority": incident.priority,
        "labels": dict(incident.labels),
        "old": _times(change.old),
        "new": _times(change.new),
        "because": [_brief(one) for one in difference.definitions.of_policy.get(incident.policy, ())]
        if change.kind != "stays"
        else [],
    }


def _times(incident: Incident | None) -> dict[str, str | None] | None:
    if incident is None:
        return None
    closed = None if incident.closed is None else _rfc3339(incident.closed)
    return {"opened": _rfc3339(incident.opened), "closed": closed}


def _code(text: str) -> str:
    """Return a name of the logs as code in a table's cell: no character of it ends the code, the cell or the line."""
    plain = re.sub(r"[`|\r\n]|[^\S ]", " ", "".join(sign if sign.isprintable() else " " for sign in text))
    return f"`{plain or ' '}`"


def _plain(text: str) -> str:
    """Return a title of ours, or a label from logs: it cannot become markup, and ends neither a cell nor a line."""
    printable = "".join(sign if sign.isprintable() else " " for sign in text)
    return re.sub(r"([\\`*_{}\[\]<>#|~&@])", r"\\\1", printable)


def _time(instant: datetime | None) -> str:
    return "open at the end" if instant is None else _minute(instant)


def _minute(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%d %H:%M")


def _rfc3339(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")
