"""Name the alerts that drills.yaml forgets, and the drills of alerts that are gone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from loyalty_monitoring.checks.drill.scenarios import load_scenarios
from loyalty_monitoring.common.errors import UserError
from loyalty_monitoring.definitions.log_contract import Contract
from loyalty_monitoring.definitions.model import AlertPolicy


def drill_problems(root: Path, contract: Contract, policies: Sequence[AlertPolicy]) -> list[str]:
    """Return sentences, each with the file and what to do; none for a project that has no drills.yaml."""
    file = root / "drills.yaml"
    if not file.exists():
        return []
    try:
        scenarios = load_scenarios(file, contract)
    except UserError as error:
        return [str(error)]
    drilled = [*scenarios.by_alert, *scenarios.not_drillable]
    alerts = [policy.name for policy in policies]
    return [
        *(
            f"{file}: has no drill of {alert}; write the lines that make it true under drills, or under not_drillable "
            "the reason why none can"
            for alert in alerts
            if alert not in drilled
        ),
        *(
            f"{file}: drills {alert!r}, which is no alert; rename it or remove it"
            for alert in drilled
            if alert not in alerts
        ),
    ]
