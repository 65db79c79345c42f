"""Replay the lines of a drill."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from loyalty_monitoring.checks.drill.evidence import ExpectedIncident
from loyalty_monitoring.checks.drill.scenarios import Entry
from loyalty_monitoring.common.temporary_folders import temporary_folder
from loyalty_monitoring.definitions.model import Definitions
from loyalty_monitoring.replay.run import replay

_WATCHED = timedelta(hours=26)  # long enough for an incident that nothing ends to close


def expected_incidents(
    definitions: Definitions,
    lines: Sequence[Entry],
    moment: datetime,
    chosen: Collection[str],
    left_aside: Collection[str],
) -> tuple[ExpectedIncident, ...]:
    """Return the incidents that are open at the moment of writing, or open later, those of the chosen alerts first.

    Lines may be dated back. Their points are not there before the lines are, so nothing opens before the moment. Alerts
    that are left aside open for want of lines, which has nothing to do with a drill.
    """
    evaluated = [policy.name for policy in definitions.alert_policies if policy.name not in left_aside]
    with temporary_folder() as folder:
        file = folder / "lines.jsonl"
        file.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
        # From the first line on; replay's own window.
        result = replay(definitions, [file], end=moment + _WATCHED, policies=evaluated)
    found = [
        ExpectedIncident(one.policy, one.labels, max(one.opened, moment), one.closed, one.value, one.policy in chosen)
        for one in result.incidents
        if one.closed is None or one.closed > moment
    ]
    return tuple(sorted(found, key=lambda one: (not one.chosen, one.policy, one.opened)))
