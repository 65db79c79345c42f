"""Print the findings of `verify` as text or JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import groupby

from rich.console import Console
from rich.text import Text

from loyalty_monitoring.checks.verify.findings import LEVELS, Level, Verification
from loyalty_monitoring.common.text import printable

_STYLES = {"drift": "bold red", "known": "dim", "note": "cyan"}
_COUNTED: dict[Level, tuple[str, str]] = {
    "drift": ("drift", "drifts"),
    "known": ("known difference", "known differences"),
    "note": ("note", "notes"),
}


def as_json(verification: Verification) -> str:
    """Return one JSON object; times are RFC 3339 in UTC, null where a metric has no point."""
    return json.dumps(
        {
            "project": verification.project,
            "stack": verification.stack,
            "findings": [
                {
                    "level": finding.level,
                    "kind": finding.kind,
                    "name": finding.name,
                    "message": finding.message,
                    "remedy": finding.remedy,
                }
                for finding in verification.findings
            ],
            "data": [
                {
                    "metric": newest.metric,
                    "last_point": _rfc3339(newest.last_point),
                    "blind_alerts": list(newest.blind_alerts),
                }
                for newest in verification.data
            ],
            "policies": [
                {
                    "policy": one.policy or None,
                    "title": one.title,
                    "severity": one.severity or None,
                    "can_fire": one.can_fire,
                    "metrics": list(one.metrics),
                    "without_points": list(one.silent),
                    "matched": _rfc3339(one.matched),
                    "opened": _rfc3339(one.opened),
                    "opened_known": one.opened_known,
                    "reaches": list(one.reaches),
                    "troubles": [{"message": each.message, "remedy": each.remedy} for each in one.troubles],
                }
                for one in verification.policies
            ],
        },
        indent=2,
    )


def print_text(verification: Verification) -> None:
    """Print the findings with their remedies, the newest point of each metric, and a summary; coloured for a person."""
    console = Console(highlight=False, soft_wrap=True)
    for line in _lines(verification):
        console.print(line)


def _lines(verification: Verification) -> Iterator[Text]:
    # A remedy stands once, below all that it mends.
    for remedy, findings in groupby(verification.findings, lambda finding: finding.remedy):
        for finding in findings:
            what = f"  {finding.kind.replace('_', ' ')} {printable(finding.name)}: {printable(finding.message)}"
            yield Text.assemble((finding.level, _STYLES[finding.level]), what)
        yield Text(f"    {printable(remedy)}", style="dim")
    if verification.findings:
        yield Text()
    yield Text(f"{'metric':<34} newest point (UTC)", style="bold")
    for newest in verification.data:
        blind = f"   blind alerts: {', '.join(newest.blind_alerts)}" if newest.blind_alerts else ""
        yield Text(f"{newest.metric:<34} {_minute(newest.last_point)}{blind}")
    yield from _verdicts(verification)
    counts = {level: sum(finding.level == level for finding in verification.findings) for level in LEVELS}
    totals = ", ".join(f"{count:,} {_COUNTED[level][count != 1]}" for level, count in counts.items())
    yield Text(f"project {verification.project}, stack {verification.stack}: {totals}")


def _verdicts(verification: Verification) -> Iterator[Text]:
    """Yield a line a policy, and below it what keeps it from working."""
    if not verification.policies:
        return
    width = max(len(printable(one.policy or one.title)) for one in verification.policies)
    days = f"in {verification.days} d"
    yield Text()
    yield Text(
        f"{'alert policy':<{width}}  {'can fire':<8}  {f'matched {days}':<16}  {f'opened {days}':<16}  reaches", "bold"
    )
    for one in verification.policies:
        fires = Text("yes" if one.can_fire else "no", style="" if one.can_fire else "bold red")
        opened = _minute(one.opened) if one.opened else "never" if one.opened_known else "not known"
        reaches = printable(", ".join(one.reaches)) or "nobody"
        name = f"{printable(one.policy or one.title):<{width}}  "
        yield Text.assemble(name, fires, f"{'':<{8 - len(fires)}}  {_minute(one.matched):<16}  {opened:<16}  {reaches}")
        for trouble in one.troubles:
            yield Text(f"    {printable(trouble.message)}", style="red")
            yield Text(f"      {printable(trouble.remedy)}", style="dim")


def _minute(instant: datetime | None) -> str:
    return instant.astimezone(UTC).strftime("%a %d %b %H:%M") if instant else "-"


def _rfc3339(instant: datetime | None) -> str | None:
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z") if instant else None
