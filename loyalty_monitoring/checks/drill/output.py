"""Print the plan of a drill, its evidence, and what an interruption leaves, as text or JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from loyalty_monitoring.checks.drill.evidence import DrillEvidence, DrillPlan, ExpectedIncident, IncidentEvidence
from loyalty_monitoring.checks.drill.scenarios import LOG
from loyalty_monitoring.checks.drill.watching import Drill
from loyalty_monitoring.common.atomic_files import made_folder, write_together
from loyalty_monitoring.common.text import printable


def plan_as_text(plan: DrillPlan, timeout: float) -> str:
    """Return the lines to write, the incidents that replay expects, and who will be notified."""
    names = ", ".join(policy.name for policy in plan.alerts)
    lines = [
        f"Drill {plan.drill} of {names}",
        f"  project   {plan.settings.project}, stack {plan.settings.stack}",
        f"  writes    {plan.lines:,} log lines to the log {LOG}; they stay there",
        f"  watches   for at most {timeout / 60:.0f} min",
        "By replay, these incidents open:",
    ]
    too = "   (not asked for, but the same lines make it true)"
    lines += [f"  {_named(one)}{'' if one.chosen else too}" for one in plan.expected]
    lines.append("These will be notified:")
    for policy, channels in plan.notified.items():
        lines.append(f"  {printable(policy)}: {printable(', '.join(channels)) or 'nobody'}")
    lines += [f"warning: {printable(one)}" for one in plan.warnings]
    return "\n".join(lines)


def evidence_as_text(evidence: DrillEvidence) -> str:
    """Return a dated table: each moment in the project beside that of the replay."""
    return "\n".join(_lines(evidence))


def _lines(evidence: DrillEvidence) -> Iterator[str]:
    yield f"Drill {evidence.drill}, {evidence.written:%Y-%m-%d}, project {evidence.project}, stack {evidence.stack}"
    yield f"  {evidence.lines:,} lines; the fault's at {_time(evidence.written)}, " + (
        f"those that end it at {_time(evidence.recovered)} UTC" if evidence.recovered else "none that end it, UTC"
    )
    yield ""
    yield f"{'':<44}{'project':>12}{'replay':>12}   later by"
    for point in evidence.points:
        yield _row(f"point of {point.metric}", point.visible, point.minute)
    for one in evidence.incidents:
        expected = one.expected
        yield ""
        yield _named(expected) + ("" if expected.chosen else "   (not asked for)")
        yield _row("  opened", one.opened, expected.opened)
        value = "-" if one.value is None else _number(one.value)
        yield f"{'  value':<44}{value:>12}{_number(expected.value):>12}"
        labels = "-" if one.labels is None else _labels(one.labels) or "none"
        yield f"  labels in the project: {labels}"
        yield _row("  closed", one.closed, expected.closed)
        after, by_replay = _after(one.closed, evidence), _after(expected.closed, evidence)
        yield f"{'  after the fault ended':<44}{after:>12}{by_replay:>12}"
    yield ""
    for failure in evidence.failures:
        yield f"warning: {printable(failure)}"
    chosen = [one for one in evidence.incidents if one.expected.chosen]
    opened = sum(one.opened is not None for one in chosen)
    closed = sum(one.closed is not None for one in chosen)
    watched = (evidence.ended - evidence.written).total_seconds() / 60
    yield f"{opened} of {len(chosen)} incidents opened, {closed} closed within {watched:.0f} min"


def as_object(evidence: DrillEvidence) -> dict[str, Any]:
    """Return the table as a JSON object; times are RFC 3339 in UTC, lengths are seconds, null is what was not seen."""
    return {
        "drill": evidence.drill,
        "project": evidence.project,
        "stack": evidence.stack,
        "written": _rfc3339(evidence.written),
        "recovered": _rfc3339(evidence.recovered),
        "ended": _rfc3339(evidence.ended),
        "lines": evidence.lines,
        "complete": evidence.is_complete,
        "points": [
            {
                "metric": one.metric,
                "minute_ended": _rfc3339(one.minute),
                "visible": _rfc3339(one.visible),
                "late_s": _seconds(one.visible, one.minute),
            }
            for one in evidence.points
        ],
        "incidents": [_incident(one, evidence) for one in evidence.incidents],
        "failures": list(evidence.failures),
    }


def _incident(one: IncidentEvidence, evidence: DrillEvidence) -> dict[str, Any]:
    expected = one.expected
    return {
        "policy": expected.policy,
        "chosen": expected.chosen,
        "labels": dict(expected.labels),
        "replay": {
            "opened": _rfc3339(expected.opened),
            "closed": _rfc3339(expected.closed),
            "value": _json_number(expected.value),
        },
        "project": {
            "opened": _rfc3339(one.opened),
            "closed": _rfc3339(one.closed),
            "value": _json_number(one.value),
            "labels": None if one.labels is None else dict(one.labels),
        },
        "opened_later_s": _seconds(one.opened, expected.opened),
        "closed_later_s": _seconds(one.closed, expected.closed),
        "closed_after_fault_s": _seconds(one.closed, evidence.fault_ended),
    }


def write_evidence(evidence: DrillEvidence, folder: Path) -> list[Path]:
    """Write drill.json, and entries.jsonl and alerts.json, which `fired` reads. Errors: UserError."""
    entries = [*evidence.entries, *evidence.violations]
    texts = {
        "drill.json": json.dumps(as_object(evidence), indent=2, ensure_ascii=False) + "\n",
        "entries.jsonl": "".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in entries),
        "alerts.json": json.dumps({"alerts": list(evidence.alerts)}, indent=2, ensure_ascii=False) + "\n",
    }
    with made_folder(folder):
        write_together({folder / name: text for name, text in texts.items()})
    return [folder / name for name in texts]


def still_running(drill: Drill) -> str:
    """Say what a drill leaves in the project when it is interrupted."""
    plan = drill.plan
    if drill.written is None:
        return f"{plan.drill} wrote no line; nothing is running in {plan.settings.project}"
    lines = [
        f"{plan.drill} wrote {len(drill.lines):,} lines to {plan.settings.project}, and no longer watches them. "
        f"{'Those that end the fault are written' if drill.recovered else 'Those that end the fault are not written'}."
    ]
    for one in plan.expected:
        seen = drill.seen(one)
        ends = f"by replay it closes at {_day(one.closed)} UTC at the latest" if one.closed else "it closes by itself"
        if seen is None:
            lines.append(f"  {_named(one)}: not seen to open yet, and may open still; {ends}")
        elif seen.closed is None:
            lines.append(f"  {_named(one)}: open since {_day(seen.opened)} UTC; {ends}")
        else:
            lines.append(f"  {_named(one)}: closed at {_day(seen.closed)} UTC")
    lines.append(f"To delete the lines: gcloud logging logs delete {LOG} --project {plan.settings.project}")
    return "\n".join(lines)


def _row(name: str, project: datetime | None, replay: datetime | None) -> str:
    later = "-" if project is None or replay is None else _span(project - replay)
    return f"{printable(name):<44}{_time(project):>12}{_time(replay):>12}   {later}"


def _named(one: ExpectedIncident) -> str:
    return f"{one.policy} {_labels(one.labels)}".strip()


def _labels(labels: Mapping[str, str]) -> str:
    return ", ".join(f"{printable(key)}={printable(value)}" for key, value in sorted(labels.items()))


def _after(closed: datetime | None, evidence: DrillEvidence) -> str:
    return "-" if closed is None else _span(closed - evidence.fault_ended)


def _span(span: timedelta) -> str:
    seconds = round(span.total_seconds())
    minutes, rest = divmod(abs(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    sign = "-" if seconds < 0 else ""
    return sign + (f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02} min")


def _number(value: float) -> str:
    return f"{value:,.6g}"


def _json_number(value: float | None) -> float | str | None:
    return value if value is None or math.isfinite(value) else json.dumps(value)


def _seconds(later: datetime | None, earlier: datetime | None) -> float | None:
    if later is None or earlier is None:
        return None
    return round((later - earlier).total_seconds(), 3)


def _time(instant: datetime | None) -> str:
    return instant.astimezone(UTC).strftime("%H:%M:%S") if instant else "-"


def _day(instant: datetime | None) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%d %H:%M") if instant else "-"


def _rfc3339(instant: datetime | None) -> str | None:
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z") if instant else None
