"""Look at a project, and decide whether alerts can be drilled there. Nothing is written."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from loyalty_monitoring.checks.drill.evidence import DrillPlan, ExpectedIncident
from loyalty_monitoring.checks.drill.project import Access, Clock, drill_lines, one_call, told
from loyalty_monitoring.checks.drill.replayed import expected_incidents
from loyalty_monitoring.checks.drill.safety import notified, readers_of_others, refusals
from loyalty_monitoring.checks.drill.scenarios import Entry, Scenario, Scenarios, entries
from loyalty_monitoring.checks.verify.compare import match_policies
from loyalty_monitoring.checks.verify.run import expected_resources
from loyalty_monitoring.common.database import Progress
from loyalty_monitoring.common.errors import UserError
from loyalty_monitoring.definitions.metric_usage import series_in_queries
from loyalty_monitoring.definitions.model import Body, Definitions, LogMetric
from loyalty_monitoring.definitions.settings import Settings
from loyalty_monitoring.google_cloud.deployed import Deployed, read
from loyalty_monitoring.google_cloud.fired_incidents import FiredIncident, last_part

_HISTORY = timedelta(hours=25)  # as far as a condition over a log-based metric can look back
_UNDER_WAY = timedelta(minutes=10)
_LATER = timedelta(minutes=1)


def plan(
    settings: Settings,
    definitions: Definitions,
    scenarios: Scenarios,
    alerts: Sequence[str],
    access: Access,
    clock: Clock,
    progress: Progress | None = None,
) -> DrillPlan:
    """Return the drill of these alerts, of all without a name. Errors: UserError with everything that speaks against
    it.
    """
    if not settings.drill:
        raise UserError(
            f"the stack {settings.stack} must not be drilled, since a drill writes false log lines and notifies the "
            f"stack's channels; allow it on a scratch project: pulumi config set drill true --stack {settings.stack}"
        )
    chosen = scenarios.chosen(alerts)
    names = [scenario.alert for scenario in chosen]
    now, begun = clock.now(), time.monotonic()

    def limit() -> float:
        return one_call(access.timeout - (time.monotonic() - begun))

    drill = f"drill-{now:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
    policies = tuple(policy for policy in definitions.alert_policies if policy.name in names)
    metrics = tuple(
        metric
        for metric in definitions.log_metrics
        if series_in_queries([metric], [policy.query for policy in policies])
    )
    if progress is not None:
        progress(f"Looking at {settings.project}", 0.0)
    deployed = read(settings.project, [], settings.resource_type, now=now, timeout=limit(), endpoint=access.endpoint)
    history = drill_lines(settings.project, now - _HISTORY, limit(), access)
    incidents = told(settings.project, now - _HISTORY, now, limit(), access)
    wanted = expected_resources(settings, definitions).alert_policies
    found = match_policies(settings, wanted, deployed.alert_policies).found
    fault = lines_of(chosen, drill, now, settings)
    recovery = lines_of(chosen, drill, now + _LATER, settings, recovery=True)
    against = [
        *_under_way(history, now),
        *(f"nothing would be seen of an incident: {one}" for one in incidents.refused if incidents.is_blind),
        *refusals(definitions, policies, metrics, found, deployed, [*fault, *recovery]),
    ]
    if not against:
        if progress is not None:
            progress("Replaying the lines", 0.5)
        before = expected_incidents(definitions, history, now, names, scenarios.not_drillable) if history else ()
        expected = expected_incidents(definitions, [*history, *fault], now, names, scenarios.not_drillable)
        against = [*_true_already(before, expected, incidents.fired, found), *_missing(names, expected)]
    if against:
        raise UserError("no line was written:\n" + "\n".join(f"  {one}" for one in dict.fromkeys(against)))
    warnings = list(incidents.refused)
    if history:
        warnings.append(f"{len(history):,} lines of earlier drills still count; the replay has them as well")
    return DrillPlan(
        drill=drill,
        made=now,
        spent=time.monotonic() - begun,
        settings=settings,
        definitions=definitions,
        scenarios=chosen,
        left_aside=frozenset(scenarios.not_drillable),
        alerts=policies,
        metrics=metrics,
        policy_ids={last_part(str(body.get("name", ""))): name for name, body in found.items()},
        lines=len(fault) + len(recovery),
        expected=expected,
        notified=_notified(expected, metrics, found, deployed),
        warnings=tuple(warnings),
        history=tuple(history),
    )


def lines_of(
    scenarios: Sequence[Scenario], drill: str, moment: datetime, settings: Settings, *, recovery: bool = False
) -> list[Entry]:
    """Return the log entries of all scenarios' faults, or of what ends them."""
    lines = [line for one in scenarios for line in (one.recovery if recovery else one.fault)]
    return list(entries(lines, drill, moment, settings))


def _under_way(history: Sequence[Entry], now: datetime) -> list[str]:
    """Refuse a second drill at a time: each would count the other's lines."""
    newest = max(history, key=lambda entry: str(entry.get("timestamp", "")), default=None)
    if newest is None:
        return []
    written = datetime.fromisoformat(str(newest["timestamp"])[:19] + "+00:00")
    if now - written >= _UNDER_WAY:
        return []
    other = newest.get("jsonPayload", {}).get("drill_id", "another drill")
    return [f"{other} wrote lines at {written:%H:%M:%S} UTC and may be under way; wait until it has ended"]


def _true_already(
    before: Sequence[ExpectedIncident],
    expected: Sequence[ExpectedIncident],
    fired: Sequence[FiredIncident],
    found: Mapping[str, Body],
) -> list[str]:
    """Return alerts that are open, or would be without this drill: nothing could be measured."""
    against = [
        f"{one.policy} is true already, by the lines of an earlier drill; "
        + (f"wait until {one.closed:%Y-%m-%d %H:%M} UTC" if one.closed else "wait a day")
        for one in before
        if one.chosen and any(each.policy == one.policy and each.labels == one.labels for each in expected)
    ]
    ids = {last_part(str(body.get("name", ""))): name for name, body in found.items()}
    chosen = [one for one in expected if one.chosen]
    for incident in fired:
        name = ids.get(incident.policy_id)
        same = [one for one in chosen if one.policy == name and _agree(one, incident)]
        if same and incident.opened is not None and incident.closed is None:
            against.append(f"{name} has been open since {incident.opened:%Y-%m-%d %H:%M} UTC; wait until it has closed")
    return against


def _agree(expected: ExpectedIncident, incident: FiredIncident) -> bool:
    labels = incident.labels or {}
    return all(labels[key] == value for key, value in expected.labels.items() if key in labels)


def _missing(names: Sequence[str], expected: Sequence[ExpectedIncident]) -> list[str]:
    opening = {one.policy for one in expected}
    return [
        f"by replay, these lines do not open {name} with this stack's parameters; put more lines into drills.yaml, or "
        "override none of its parameters"
        for name in names
        if name not in opening
    ]


def _notified(
    expected: Sequence[ExpectedIncident], metrics: Sequence[LogMetric], found: Mapping[str, Body], deployed: Deployed
) -> dict[str, tuple[str, ...]]:
    """Return who is notified, by policy: of those that open by replay, and of others that read the same metrics."""
    ours = {one.policy: found[one.policy] for one in expected if one.policy in found}
    others = {
        f"{body.get('displayName', '')} (not of this stack)": body
        for body in readers_of_others(metrics, found, deployed)
    }
    return {name: tuple(notified(body, deployed)) for name, body in {**ours, **others}.items()}
