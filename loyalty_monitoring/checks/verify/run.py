"""Verifies a deployment: reads the project, holds it against the definitions, and says what the alerts can see."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from loyalty_monitoring.checks.lint.absence import may_be_empty
from loyalty_monitoring.checks.verify.compare import ExpectedResources, compare, match_policies
from loyalty_monitoring.checks.verify.doubles import NOT_GIVEN, Managed, StackIds
from loyalty_monitoring.checks.verify.findings import LEVELS, Data, DriftFinding, Verification
from loyalty_monitoring.checks.verify.policy_states import USER_METRIC, PolicyState, metric_types, policy_state
from loyalty_monitoring.definitions.metric_usage import readers
from loyalty_monitoring.definitions.model import AlertPolicy, Body, Definitions, LogMetric
from loyalty_monitoring.definitions.settings import Settings
from loyalty_monitoring.google_cloud.api_bodies import channel_body, notifying_policy_body
from loyalty_monitoring.google_cloud.api_messages import printed
from loyalty_monitoring.google_cloud.deployed import LOOKBACK, Deployed, newest_of_types, read
from loyalty_monitoring.google_cloud.project_incidents import read_incidents
from loyalty_monitoring.query_languages.promql.expressions import parsed
from loyalty_monitoring.query_languages.promql.quoted_names import legacy_names

DAYS = 7


def verify(
    settings: Settings,
    definitions: Definitions,
    *,
    now: datetime,
    timeout: float,
    endpoint: str | None = None,
    ids: StackIds = NOT_GIVEN,
    rest_endpoint: str | None = None,
    days: int = DAYS,
    everyone: bool = False,
) -> Verification:
    """Compare a stack with what is deployed in its project, and judge each policy; nothing is ever changed.

    Points and incidents are looked for in the last so many `days`. `everyone` judges policies that are not the stack's
    as well. `timeout` is in seconds, `ids` come from the stack's outputs, the endpoints are servers to ask in place of
    Google's. Errors: UserError when it cannot be read.
    """
    end = time.monotonic() + timeout
    newest = read(
        settings.project,
        [metric.api_name for metric in definitions.log_metrics],
        settings.resource_type,
        now=now,
        timeout=timeout,
        endpoint=endpoint,
        look_back=max(LOOKBACK, timedelta(days=days)),
    )
    # What is older than any condition looks back is as good as not there.
    oldest = now.replace(second=0, microsecond=0) - LOOKBACK
    seen = {name: at if at is not None and at >= oldest else None for name, at in newest.last_points.items()}
    deployed = replace(newest, last_points=seen)
    data = tuple(_data(definitions, deployed))
    findings = [
        *compare(settings, expected_resources(settings, definitions), deployed, ids),
        *_silent(definitions, deployed, data),
    ]
    return Verification(
        settings.project,
        settings.stack,
        tuple(sorted(findings, key=lambda finding: LEVELS.index(finding.level))),
        data,
        tuple(_verdicts(settings, definitions, newest, now, end, endpoint, rest_endpoint, days, everyone, ids)),
        days,
    )


def _verdicts(
    settings: Settings,
    definitions: Definitions,
    deployed: Deployed,
    now: datetime,
    end: float,
    endpoint: str | None,
    rest_endpoint: str | None,
    days: int,
    everyone: bool,
    ids: StackIds,
) -> Iterator[PolicyState]:
    """Yield the stack's policies in the order of their names, then those of others by title."""

    def left() -> float:
        return max(end - time.monotonic(), 0.001)

    managed = Managed(ids.alert_policies, frozenset(), "the stack's outputs")
    wanted = expected_resources(settings, definitions).alert_policies
    matched = match_policies(settings, wanted, deployed.alert_policies, managed)
    incidents = read_incidents(
        settings.project,
        now - timedelta(days=days),
        None,
        timeout=left(),
        endpoint=endpoint,
        rest_endpoint=rest_endpoint,
    )
    fired = None if incidents.is_blind else incidents.fired
    points: dict[str, datetime | None] = {f"{USER_METRIC}{name}": at for name, at in deployed.last_points.items()}
    others = sorted(matched.others, key=lambda body: str(body.get("displayName", ""))) if everyone else []
    unknown = {one for body in others for one in metric_types(body, deployed.log_metrics)} - set(points)
    # A log-based metric that is not there keeps its name in PromQL, which is no type to ask for.
    types = sorted(one for one in unknown if "/" in one)
    points |= newest_of_types(
        settings.project, types, now=now, look_back=timedelta(days=days), timeout=left(), endpoint=endpoint
    )
    for policy in definitions.alert_policies:
        if (body := matched.found.get(policy.name)) is not None:
            silent = policy.priority in settings.silent_priorities
            yield policy_state(body, deployed, points, fired, name=policy.name, days=days, silent_on_purpose=silent)
    for body in others:
        yield policy_state(body, deployed, points, fired, days=days)


def expected_resources(settings: Settings, definitions: Definitions) -> ExpectedResources:
    """Return the resources that should be deployed, as the API would print them."""

    def policy_body(policy: AlertPolicy) -> Body:
        channels = [channel.name for channel in settings.channels_of(policy.priority)]
        return notifying_policy_body(policy, settings, channels)

    return ExpectedResources(
        log_metrics={metric.name: printed("log_metric", metric.body) for metric in definitions.log_metrics},
        alert_policies={
            policy.name: printed("alert_policy", policy_body(policy)) for policy in definitions.alert_policies
        },
        notification_channels={
            channel.name: printed("notification_channel", channel_body(channel, settings))
            for channel in settings.channels
        },
        dashboards={dashboard.name: printed("dashboard", dashboard.body) for dashboard in definitions.dashboards},
    )


def _data(definitions: Definitions, deployed: Deployed) -> Iterator[Data]:
    read_by = readers(definitions)
    policies = {policy.name: policy for policy in definitions.alert_policies}
    for metric in definitions.log_metrics:
        last = deployed.last_points[metric.api_name]
        alerts = (policies[name] for name in read_by[metric.name].alerts)
        blind = tuple(policy.name for policy in alerts if last is None and _needs(policy, metric))
        yield Data(metric.name, last, blind)


def _needs(policy: AlertPolicy, metric: LogMetric) -> bool:
    """Return whether the policy's query is empty without points of the metric, if all others have some."""

    def but_this(series: re.Match[str]) -> str:
        return series[0] if series[0].startswith(metric.promql_name) else "another_metric"

    return may_be_empty(parsed(re.sub(r"logging_googleapis_com:user_\w+", but_this, legacy_names(policy.query))))


def _silent(definitions: Definitions, deployed: Deployed, data: tuple[Data, ...]) -> Iterator[DriftFinding]:
    """Yield metrics that are deployed and have no point: nothing happened, or nothing is logged, or nothing matches."""
    there = {body.get("name") for body in deployed.log_metrics}
    hours = int(LOOKBACK.total_seconds()) // 3600
    for metric, newest in zip(definitions.log_metrics, data, strict=True):
        if newest.last_point is None and metric.api_name in there:
            blind = f"; blind alerts: {', '.join(newest.blind_alerts)}" if newest.blind_alerts else ""
            yield DriftFinding(
                "note",
                "log_metric",
                metric.name,
                f"has no point of the last {hours} hours{blind}",
                "fine where nothing of the kind happened; if it did, hold its logs against the contract: "
                "loyalty-monitoring contract check FILE",
            )
