"""One verdict a policy, of the stack's and of anybody's, through Google's own clients over a real socket."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from google.cloud.logging_v2.types import ListLogEntriesRequest, ListLogEntriesResponse
from google.cloud.monitoring_v3 import types as monitoring
from google.protobuf import json_format

from loyalty_monitoring.checks.verify import output
from loyalty_monitoring.checks.verify.findings import Verification
from loyalty_monitoring.checks.verify.policy_states import PolicyState
from loyalty_monitoring.checks.verify.run import verify
from tests.checks.verify.server import NOW, Cloud, deploy, message
from tests.checks.verify.test_verify import stack_of


@dataclass
class Telling(Cloud):
    """A project with violation logs; `entries` are LogEntry objects as JSON."""

    entries: list[dict[str, Any]] = field(default_factory=list)

    def _handlers(self) -> Any:
        yield from super()._handlers()
        service = "google.logging.v2.LoggingServiceV2"
        yield self._handler(service, "ListLogEntries", ListLogEntriesRequest, self._list)

    def _list(self, _: Any, __: Any) -> Any:
        kind = ListLogEntriesResponse.pb()
        return ListLogEntriesResponse.wrap(json_format.ParseDict({"entries": self.entries}, kind()))


def _verified(cloud: Cloud, **how: Any) -> Verification:
    settings, definitions = stack_of("demo")
    with cloud.served() as endpoint:
        return verify(settings, definitions, now=NOW, timeout=120, endpoint=endpoint, **how)


def _cloud() -> Telling:
    settings, definitions = stack_of("demo")
    cloud = Telling(settings.project)
    deploy(cloud, settings, definitions)
    return cloud


def _of(verification: Verification, name: str) -> PolicyState:
    (found,) = [one for one in verification.policies if name in (one.policy, one.title)]
    return found


def _theirs(cloud: Cloud, title: str, condition: dict[str, Any], **more: Any) -> None:
    body = {"name": f"projects/p/alertPolicies/{title}", "displayName": title, "combiner": "OR", "enabled": True}
    body |= {"conditions": [{"displayName": "c", **condition}], **more}
    cloud.alert_policies[title] = message(monitoring.AlertPolicy, body)


def _promql(query: str) -> dict[str, Any]:
    return {"conditionPrometheusQueryLanguage": {"query": query, "duration": "0s", "evaluationInterval": "60s"}}


def _threshold(metric: str) -> dict[str, Any]:
    filter_text = f'metric.type = "{metric}" AND resource.type = "gce_instance"'
    return {"conditionThreshold": {"filter": filter_text, "comparison": "COMPARISON_GT", "duration": "0s"}}


def test_a_stack_that_was_just_deployed_can_fire_has_matched_and_reaches_its_channel() -> None:
    cloud = _cloud()
    cloud.entries = [
        {
            "logName": f"projects/{cloud.project}/logs/monitoring.googleapis.com%2FViolationOpenEventv1",
            "timestamp": "2026-11-22T10:00:00Z",
            "resource": {"type": "generic_task"},
            "labels": {
                "policy_id": cloud.alert_policies["rate_limit_spike"].name.rpartition("/")[2],
                "violation_id": "0.a",
                "started_at": str(int((NOW - timedelta(days=1)).timestamp())),
            },
        }
    ]
    verification = _verified(cloud)
    assert verification.holds
    settings, definitions = stack_of("demo")
    assert [one.policy for one in verification.policies] == [one.name for one in definitions.alert_policies]
    for one in verification.policies:
        assert (one.can_fire, one.troubles, one.reaches) == (True, (), (settings.channels[0].display_name,))
        assert one.matched == NOW.replace(second=0) - timedelta(minutes=3)
    assert _of(verification, "rate_limit_spike").opened == (NOW - timedelta(days=1)).replace(microsecond=0)
    assert _of(verification, "high_churn").opened is None
    assert _of(verification, "high_churn").opened_known
    text = "\n".join(line.plain for line in output._lines(verification))
    assert "rate_limit_spike" in text
    assert "matched in 7 d" in text


def test_where_incidents_cannot_be_read_it_is_not_known_whether_one_opened() -> None:
    settings, definitions = stack_of("demo")
    cloud = Cloud(settings.project)
    deploy(cloud, settings, definitions)
    verification = _verified(cloud)
    assert not _of(verification, "high_churn").opened_known
    assert "not known" in "\n".join(line.plain for line in output._lines(verification))


def _attribute(kind: str, name: str, key: str, value: Any) -> Callable[[Cloud], None]:
    return lambda cloud: setattr(getattr(cloud, kind)[name], key, value)


def _gone(kind: str, name: str) -> Callable[[Cloud], None]:
    return lambda cloud: getattr(cloud, kind).pop(name)


def _query(old: str, new: str) -> Callable[[Cloud], None]:
    def change(cloud: Cloud) -> None:
        condition = cloud.alert_policies["rate_limit_spike"].conditions[0].condition_prometheus_query_language
        condition.query = condition.query.replace(old, new)

    return change


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_attribute("alert_policies", "rate_limit_spike", "enabled", False), "is disabled and opens no incident"),
        (_gone("log_metrics", "rate_limited_requests"), "loyalty_rate_limited_requests, which is not there"),
        (_attribute("log_metrics", "rate_limited_requests", "disabled", True), "is disabled and counts nothing"),
        (_query("k8s_container", "gce_instance"), "but the metric's filter takes k8s_container only"),
        (_query("sum_over_time(", "sum_over_time(("), "unclosed left parenthesis"),
        (_attribute("alert_policies", "rate_limit_spike", "notification_channels", []), "no notification channel"),
        (_attribute("notification_channels", "team", "enabled", False), "'Loyalty team', which is disabled"),
        (_gone("notification_channels", "team"), "names the channel c-team, which is not there"),
    ],
)
def test_what_keeps_a_policy_from_working_is_named_in_its_verdict(change: Callable[[Cloud], None], words: str) -> None:
    cloud = _cloud()
    change(cloud)
    verification = _verified(cloud)
    one = _of(verification, "rate_limit_spike")
    assert any(words in trouble.message for trouble in one.troubles), one.troubles
    assert not verification.holds


def test_an_unverified_e_mail_channel_comes_with_the_call_that_sends_the_code() -> None:
    cloud = _cloud()
    channel = cloud.notification_channels["team"]
    channel.verification_status = monitoring.NotificationChannel.VerificationStatus.UNVERIFIED
    verification = _verified(cloud)
    (trouble,) = _of(verification, "high_churn").troubles
    call = f"https://monitoring.googleapis.com/v3/{channel.name}"
    assert f"{call}:sendVerificationCode" in trouble.remedy
    assert f"{call}:verify -d" in trouble.remedy
    (finding,) = [one for one in verification.findings if "is not verified" in one.message]
    assert finding.remedy == trouble.remedy


def test_a_point_that_is_older_than_the_alerts_look_back_has_matched_all_the_same() -> None:
    cloud = _cloud()
    long_ago = NOW.replace(second=0) - timedelta(days=5)
    cloud.last_points = dict.fromkeys(cloud.last_points, long_ago)
    verification = _verified(cloud)
    assert _of(verification, "high_churn").matched == long_ago
    assert {of.last_point for of in verification.data} == {None}
    assert _of(_verified(cloud, days=4), "high_churn").matched is None


def test_policies_of_others_are_judged_when_asked_for() -> None:
    cloud = _cloud()
    cpu = "compute.googleapis.com/instance/cpu/utilization"
    cloud.last_points[cpu] = NOW.replace(second=0) - timedelta(minutes=4)
    channel = cloud.notification_channels["team"].name
    _theirs(cloud, "Fine", _threshold(cpu), notificationChannels=[channel])
    _theirs(cloud, "Deaf", _threshold(cpu))
    _theirs(cloud, "Nobody writes", _threshold("custom.googleapis.com/gone"), notificationChannels=[channel])
    query = 'sum(sum_over_time(logging_googleapis_com:user_gone{monitored_resource="global"}[10m])) > 1'
    _theirs(cloud, "No such metric", _promql(query), notificationChannels=[channel], severity="CRITICAL")
    quiet = "custom.googleapis.com/quiet"
    cloud.last_points[quiet] = None
    _theirs(cloud, "Critical", _threshold(quiet), notificationChannels=[channel], severity="CRITICAL")
    ours = len(stack_of("demo")[1].alert_policies)
    assert len(_verified(cloud).policies) == ours
    verification = _verified(cloud, everyone=True)
    told = {one.title: [trouble.message for trouble in one.troubles] for one in verification.policies if not one.policy}
    assert told == {
        "Fine": [],
        "Deaf": ["has no notification channel, so nobody hears of it"],
        "Nobody writes": ["custom.googleapis.com/gone has no point of the last 7 days: nobody writes it"],
        "No such metric": ["reads the log-based metric logging_googleapis_com:user_gone, which is not there"],
        "Critical": [
            "custom.googleapis.com/quiet has no point of the last 7 days: nobody writes it",
            "is critical, and has had no data for 7 days",
        ],
    }
    assert not verification.holds
