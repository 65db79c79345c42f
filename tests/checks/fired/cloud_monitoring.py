"""A model of how Cloud Monitoring opens and closes incidents, and of what it writes about them.

It decides on its own: an incident opens when its condition has been met long enough, as late as its points are; it
closes at the first evaluation at least 270 seconds, and two intervals, after the condition was last met; a snoozed
policy opens none. Prometheus evaluates the queries, as in the replay.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from loyalty_monitoring.common.cache import NO_CACHE
from loyalty_monitoring.definitions.metric_usage import series_in_queries
from loyalty_monitoring.definitions.model import AlertPolicy, Definitions
from loyalty_monitoring.replay.kept_answers import answering

Entry = dict[str, Any]
PROJECT = "loyalty-demo"


@dataclass(frozen=True)
class Opened:
    """An incident of the model. `closed` is None while it is open when the model ends."""

    id: str
    policy: AlertPolicy
    labels: Mapping[str, str]
    opened: datetime
    closed: datetime | None
    value: float


@dataclass(frozen=True)
class CloudMonitoring:
    """The deployed policies, of which those in `only` are evaluated, if any are.

    Points are `late`; `snoozed` policies, by name, open nothing from one time to another.
    """

    definitions: Definitions
    late: timedelta = timedelta(0)
    snoozed: Mapping[str, tuple[datetime, datetime]] = field(default_factory=dict)
    only: frozenset[str] = frozenset()

    def policy_id(self, policy: AlertPolicy) -> str:
        return str(7_000_000_000 + sorted(one.name for one in self.definitions.alert_policies).index(policy.name))

    def incidents(self, files: Sequence[Path], start: datetime, end: datetime) -> list[Opened]:
        """What opens from the logs, from `start` to `end`, in the order of opening."""
        metrics = self.definitions.log_metrics
        policies = [one for one in self.definitions.alert_policies if one.name in self.only or not self.only]
        wanted = series_in_queries(metrics, (policy.query for policy in policies))
        late = int(self.late.total_seconds())
        found: list[Opened] = []
        with answering(metrics, files, wanted, NO_CACHE) as (prometheus, _):
            for policy in policies:
                interval = policy.evaluation_interval_seconds
                first = -(-int(start.timestamp()) // interval) * interval
                last = int(end.timestamp()) // interval * interval
                # What is known at a moment is what had been logged `late` before.
                for series in prometheus.query_range(policy.query, first - late, last - late, interval):
                    met = [(at + late, value) for at, value in series.samples if at >= first]
                    found += self._of_series(policy, series.labels, met, last)
        found = [one for one in found if not self._is_quiet(one)]
        found.sort(key=lambda one: (one.opened, one.policy.name))
        return [
            Opened(f"0.v{number}", one.policy, one.labels, one.opened, one.closed, one.value)
            for number, one in enumerate(found)
        ]

    def _of_series(
        self, policy: AlertPolicy, labels: Mapping[str, str], met: Sequence[tuple[int, float]], last: int
    ) -> Iterator[Opened]:
        interval, duration = policy.evaluation_interval_seconds, policy.duration_seconds
        patience = math.ceil(max(270, 2 * interval) / interval) * interval
        since = before = None
        current: Opened | None = None
        for at, value in met:
            if before is None or at - before > interval:
                since = at
            if current is not None and before is not None and at - before > patience:
                yield _closed(current, before + patience)
                current = None
            assert since is not None
            if current is None and at - since >= duration:
                current = Opened("", policy, labels, _time(at), None, value)
            before = at
        if current is not None and before is not None:
            yield _closed(current, before + patience) if before + patience <= last else current

    def _is_quiet(self, one: Opened) -> bool:
        begins, ends = self.snoozed.get(one.policy.name, (one.opened, one.opened))
        return begins <= one.opened < ends

    def violation_logs(self, incidents: Sequence[Opened]) -> Iterator[Entry]:
        """The log entries, as github.com/kubernetes-sigs/kueue/issues/3956 shows them."""
        for one in incidents:
            yield self._entry(one, "ViolationOpenEventv1", one.opened, "started_at", "is above the threshold")
            if one.closed is not None:
                yield self._entry(one, "ViolationAutoResolveEventv1", one.closed, "resolved_at", "returned to normal")

    def _entry(self, one: Opened, kind: str, at: datetime, key: str, what: str) -> Entry:
        labels = f" with metric labels {{{', '.join(f'{k}={v}' for k, v in one.labels.items())}}}" if one.labels else ""
        condition = one.policy.body["conditions"][0]["displayName"]
        message = f"{condition} for {PROJECT}{labels} {what} with a value of {one.value:.3f}."
        return {
            "timestamp": _text(at),
            "receiveTimestamp": _text(at + timedelta(seconds=1)),
            "insertId": f"{one.id}-{key}",
            "logName": f"projects/{PROJECT}/logs/monitoring.googleapis.com%2F{kind}",
            "resource": {"type": "generic_task", "labels": {"project_id": PROJECT}},
            "labels": {
                "activity_type_name": kind,
                "policy_id": self.policy_id(one.policy),
                "policy_display_name": one.policy.body["displayName"],
                "resource_name": PROJECT,
                key: str(int(at.timestamp())),
                "terse_message": message,
                "verbose_message": message,
                "violation_id": one.id,
            },
        }

    def alerts(self, incidents: Sequence[Opened]) -> dict[str, Any]:
        """The answer of the Alerts API, the newest first."""
        alerts = [
            {
                "name": f"projects/{PROJECT}/alerts/{one.id}",
                "state": "OPEN" if one.closed is None else "CLOSED",
                "openTime": _text(one.opened),
                **({} if one.closed is None else {"closeTime": _text(one.closed)}),
                "resource": {"type": "k8s_container", "labels": {"project_id": PROJECT}},
                "metric": {"type": "logging.googleapis.com/user/x", "labels": dict(one.labels)},
                "policy": {
                    "name": f"projects/{PROJECT}/alertPolicies/{self.policy_id(one.policy)}",
                    "displayName": one.policy.body["displayName"],
                    "severity": one.policy.body.get("severity", "SEVERITY_UNSPECIFIED"),
                },
            }
            for one in reversed(incidents)
        ]
        return {"alerts": alerts, "totalSize": len(alerts)}

    def notifications(self, incidents: Sequence[Opened]) -> Iterator[dict[str, Any]]:
        """What a webhook is sent: an opening and a closing an incident
        (docs.cloud.google.com/monitoring/support/notification-options#webhooks)."""
        for one in incidents:
            for state, ended in (("open", None), *((("closed", one.closed),) if one.closed else ())):
                yield {
                    "version": "1.2",
                    "incident": {
                        "incident_id": one.id,
                        "scoping_project_id": PROJECT,
                        "scoping_project_number": 123456789012,
                        "url": f"https://console.cloud.google.com/monitoring/alerting/alerts/{one.id}",
                        "started_at": int(one.opened.timestamp()),
                        "ended_at": ended and int(ended.timestamp()),
                        "state": state,
                        "observed_value": f"{one.value if state == 'open' else 0:.3f}",
                        "resource": {"type": "k8s_container", "labels": {"project_id": PROJECT}},
                        "metric": {"type": "x", "displayName": "x", "labels": dict(one.labels)},
                        "policy_name": one.policy.body["displayName"],
                        "condition": {
                            "name": f"projects/{PROJECT}/alertPolicies/{self.policy_id(one.policy)}/conditions/1",
                        },
                        "condition_name": one.policy.body["conditions"][0]["displayName"],
                        "summary": "",
                    },
                }

    def outputs(self) -> dict[str, Any]:
        """What `pulumi stack output --json` prints."""
        policies = self.definitions.alert_policies
        return {
            "alert_policies": {one.name: f"projects/{PROJECT}/alertPolicies/{self.policy_id(one)}" for one in policies}
        }

    def snoozes(self) -> list[dict[str, Any]]:
        """What `gcloud monitoring snoozes list --format=json` prints."""
        by_name = {policy.name: policy for policy in self.definitions.alert_policies}
        return [
            {
                "name": f"projects/{PROJECT}/snoozes/{number}",
                "displayName": f"Quiet {name}",
                "criteria": {"policies": [f"projects/{PROJECT}/alertPolicies/{self.policy_id(by_name[name])}"]},
                "interval": {"startTime": _text(begins), "endTime": _text(ends)},
            }
            for number, (name, (begins, ends)) in enumerate(self.snoozed.items())
        ]


def _closed(one: Opened, at: int) -> Opened:
    return Opened(one.id, one.policy, one.labels, one.opened, _time(at), one.value)


def _time(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _text(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")
