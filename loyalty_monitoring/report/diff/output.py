"""The difference as Markdown for a pull request, and as JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from loyalty_monitoring.replay.result import Incident
from loyalty_monitoring.report.diff.changes import DefinitionChange, ParameterChange
from loyalty_monitoring.report.diff.compare import Difference
from loyalty_monitoring.report.diff.incidents import IncidentChange

_KINDS = ("appears", "vanishes", "moves", "stays")
_PLURALS = {"appears": "appear", "vanishes": "vanish", "moves": "move", "stays": "stay as they are"}
# A comment on GitHub takes 65,536 characters.
_MOST_ROWS = 100


def as_markdown(difference: Difference) -> str:
    """For a person who reviews: the incidents that differ first, then what was changed."""
    return "\n".join(_lines(difference))


def as_json(difference: Difference) -> str:
    """The same for a machine; times are RFC 3339 in UTC, `closed` is null while an incident is open."""
    return json.dumps(
        {
            "old": difference.old,
            "new": difference.new,
            "window": {"from": _rfc3339(difference.window_from), "to": _rfc3339(difference.window_to)},
            "entries": difference.entries_read,
            "incidents": [_incident_change(change, difference) for change in difference.incidents],
            "parameters": [
                {"name": change.name, "old": change.old, "new": change.new}
                for change in difference.definitions.parameters
            ],
            "definitions": [
                {"file": change.file, "what": list(change.what)} for change in difference.definitions.definitions
            ],
        },
        indent=2,
        ensure_ascii=False,
    )


def _lines(difference: Difference) -> Iterator[str]:
    window = f"{_minute(difference.window_from)} to {_minute(difference.window_to)} UTC"
    yield f"### Incidents of {_code(difference.old)} and {_code(difference.new)} on the same logs"
    yield ""
    yield f"{difference.entries_read:,} log entries, {window}: {_counts(difference.incidents)}."
    yield ""
    differing = [change for change in difference.incidents if change.kind != "stays"]
    if differing:
        yield "| | alert | labels | opened (UTC) | closed (UTC) | because of |"
        yield "|---|---|---|---|---|---|"
        for change in differing[:_MOST_ROWS]:
            yield _row(change, difference)
        yield ""
        if len(differing) > _MOST_ROWS:
            yield f"And {len(differing) - _MOST_ROWS:,} more; `--format json` has all."
            yield ""
    yield "#### Changed definitions"
    yield ""
    changed = [
        *map(_parameter, difference.definitions.parameters),
        *map(_definition, difference.definitions.definitions),
    ]
    for line in changed or ["None."]:
        yield f"- {line}" if changed else line


def _counts(changes: Sequence[IncidentChange]) -> str:
    if not changes:
        return "no incident with either"
    numbers = {kind: sum(change.kind == kind for change in changes) for kind in _KINDS}
    said = [f"{number} {kind if number == 1 else _PLURALS[kind]}" for kind, number in numbers.items() if number]
    return ", ".join(said)


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
    """Names come from logs: inside the code, no sign of theirs ends it, the cell or the line."""
    plain = re.sub(r"[`|\r\n]|[^\S ]", " ", "".join(sign if sign.isprintable() else " " for sign in text))
    return f"`{plain or ' '}`"


def _time(instant: datetime | None) -> str:
    return "open at the end" if instant is None else _minute(instant)


def _minute(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%d %H:%M")


def _rfc3339(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")
