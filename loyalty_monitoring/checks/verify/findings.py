"""Findings of the comparison with a deployment, as plain frozen data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from loyalty_monitoring.checks.verify.policy_states import PolicyState
from loyalty_monitoring.google_cloud.api_messages import Kind

Level = Literal["drift", "known", "note"]
LEVELS: tuple[Level, ...] = ("drift", "known", "note")


@dataclass(frozen=True)
class DriftFinding:
    """One difference. Drift: what is deployed does something else than the definition says, or nothing. Known: the API
    or the provider writes the same in other words. Note: nothing is wrong, but somebody should know.

    `name` is the definition's, or the display name of what is not defined. Texts may hold what others wrote.
    """

    level: Level
    kind: Kind
    name: str
    message: str
    remedy: str


@dataclass(frozen=True)
class Data:
    """The newest point of a metric, by the name of its file, and the alerts that see nothing for want of one."""

    metric: str
    last_point: datetime | None
    blind_alerts: tuple[str, ...]


@dataclass(frozen=True)
class Verification:
    """The findings, drift first, then in the order of the kinds and names."""

    project: str
    stack: str
    findings: tuple[DriftFinding, ...]
    data: tuple[Data, ...]
    policies: tuple[PolicyState, ...] = ()
    days: int = 7

    @property
    def holds(self) -> bool:
        """Whether nothing differs in substance, and every policy that was judged works."""
        drifts = any(finding.level == "drift" for finding in self.findings)
        return not drifts and all(one.works for one in self.policies)
