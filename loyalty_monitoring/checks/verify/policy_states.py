"""The state of a deployed alert policy: can it fire, has it matched, has it ever opened, and whom does it reach?

Plain functions on the API's JSON, for the stack's policies and for anybody's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource
from loyalty_monitoring.checks.lint.rules import all_rules
from loyalty_monitoring.common.yaml_documents import Document
from loyalty_monitoring.definitions.model import Body
from loyalty_monitoring.google_cloud.deployed import Deployed
from loyalty_monitoring.google_cloud.fired_incidents import FiredIncident, last_part
from loyalty_monitoring.query_languages.promql.cloud_monitoring import promql_name
from loyalty_monitoring.query_languages.promql.expressions import parsed, selectors
from loyalty_monitoring.query_languages.promql.quoted_names import legacy_names, words

USER_METRIC = "logging.googleapis.com/user/"
_PROMQL_USER = promql_name("")
_SUFFIX = re.compile(r"_(?:count|sum|bucket)$")
_METRIC_TYPE = re.compile(r'metric\.type\s*=\s*"([^"]+)"')
# Of lint's errors those after which a condition has no answer, ever. Others are of style, or what the API refuses.
_NEVER_FIRES = frozenset(
    {
        "promql-syntax",
        "promql-lookback",
        "promql-unknown-label",
        "promql-monitored-resource",
        "promql-late-points",
    }
)


@dataclass(frozen=True)
class Trouble:
    """A reason that keeps a policy from working, and the remedy."""

    message: str
    remedy: str


@dataclass(frozen=True)
class PolicyState:
    """The state of one policy. `policy` is the definition's name, "" for somebody else's.

    `metrics` are the metric types that it reads, as far as its conditions name them, and `silent` those without a point
    in the time that was looked at; `matched` is the newest point of them. `opened` is the newest opening in that time,
    None for none; `opened_known` says whether that could be read. `reaches` are the channels that are there, enabled
    and verified. `troubles` are what keeps it from firing or from reaching somebody.
    """

    policy: str
    title: str
    severity: str
    can_fire: bool
    metrics: tuple[str, ...]
    silent: tuple[str, ...]
    matched: datetime | None
    opened: datetime | None
    opened_known: bool
    reaches: tuple[str, ...]
    troubles: tuple[Trouble, ...]

    @property
    def works(self) -> bool:
        return not self.troubles


def metric_types(policy: Body, log_metrics: Iterable[Body]) -> tuple[str, ...]:
    """Return the metric types that the policy's conditions read: those in filters, and log-based ones in PromQL.

    Other names in PromQL stand for several types each and are not looked for
    (cloud.google.com/monitoring/promql/promql-mapping). A log-based metric that is not there has its name in PromQL.
    """
    by_promql = {promql_name(str(body.get("name", ""))): f"{USER_METRIC}{body.get('name', '')}" for body in log_metrics}
    found: dict[str, None] = {}
    for condition in policy.get("conditions", []):
        for kind in ("conditionThreshold", "conditionAbsent"):
            body = condition.get(kind, {})
            for text in (body.get("filter", ""), body.get("denominatorFilter", "")):
                found |= dict.fromkeys(_METRIC_TYPE.findall(str(text)))
        query = condition.get("conditionPrometheusQueryLanguage", {}).get("query", "")
        for word in sorted(words(legacy_names(str(query)))):
            if word.startswith(_PROMQL_USER):
                known = by_promql.get(word) or by_promql.get(_SUFFIX.sub("", word))
                found[known or word] = None
    return tuple(found)


def policy_state(
    policy: Body,
    deployed: Deployed,
    points: Mapping[str, datetime | None],
    fired: Sequence[FiredIncident] | None,
    *,
    name: str = "",
    days: int,
    silent_on_purpose: bool = False,
) -> PolicyState:
    """Judge one deployed policy. `points` has the newest point of each metric type that was looked for, `fired` the
    incidents of the project, None where they cannot be read; both of so many `days`. A policy may be silent on purpose.
    """
    metrics = metric_types(policy, deployed.log_metrics)
    looked_for = [points[metric] for metric in metrics if metric in points]
    hindered = list(_hindrances(policy, deployed, metrics))
    reaches, unreached = _reach(policy, deployed)
    title = str(policy.get("displayName", ""))
    if not reaches and not unreached and not silent_on_purpose:
        unreached = [Trouble("has no notification channel, so nobody hears of it", "give it one")]
    silent = tuple(metric for metric in metrics if metric in points and points[metric] is None)
    severity = str(policy.get("severity", ""))
    mute = []
    if not name:
        mute = [
            Trouble(f"{metric} has no point of the last {days} days: nobody writes it", "mend what should write it")
            for metric in silent
        ]
        if severity == "CRITICAL" and metrics and len(silent) == len(metrics):
            mute.append(Trouble(f"is critical, and has had no data for {days} days", "see whether it is of any use"))
    return PolicyState(
        policy=name,
        title=title,
        severity=severity,
        can_fire=not hindered,
        metrics=metrics,
        silent=silent,
        matched=max((point for point in looked_for if point is not None), default=None),
        opened=_newest_opening(policy, fired),
        opened_known=fired is not None,
        reaches=tuple(reaches),
        troubles=(*hindered, *unreached, *mute),
    )


def verification_call(channel: Body) -> str:
    """Return the calls that send an e-mail channel its code and give it back: the API verifies a channel only so.

    docs.cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.notificationChannels/sendVerificationCode
    """
    address = f"https://monitoring.googleapis.com/v3/{channel.get('name', '')}"
    call = f'curl -X POST -H "Authorization: Bearer $(gcloud auth print-access-token)" {address}'
    return f'{call}:sendVerificationCode, then with the code that arrives: {call}:verify -d \'{{"code": "CODE"}}\''


def _hindrances(policy: Body, deployed: Deployed, metrics: Sequence[str]) -> Iterator[Trouble]:
    if not policy.get("enabled", True):
        yield Trouble("is disabled and opens no incident", "enable it, or delete it")
    if policy.get("validity", {}).get("code"):
        yield Trouble(f"is invalid: {policy['validity'].get('message', '')}", "mend its condition")
    there = {f"{USER_METRIC}{body.get('name', '')}": body for body in deployed.log_metrics}
    for metric in metrics:
        if not metric.startswith((USER_METRIC, _PROMQL_USER)):
            continue
        body = there.get(metric)
        if body is None:
            yield Trouble(f"reads the log-based metric {metric}, which is not there", "make it, or mend the condition")
        elif body.get("disabled"):
            yield Trouble(f"reads {metric}, which is disabled and counts nothing", "enable the metric")
        else:
            yield from _other_resource(policy, metric, body)
    yield from _never_fires(policy, deployed)


def _other_resource(policy: Body, metric: str, body: Body) -> Iterator[Trouble]:
    """Yield a query for one monitored resource over a metric whose filter takes another one only."""
    taken = re.findall(r'resource\.type\s*=\s*"([^"]+)"', str(body.get("filter", "")))
    wanted = set()
    for condition in policy.get("conditions", []):
        query = str(condition.get("conditionPrometheusQueryLanguage", {}).get("query", ""))
        try:
            found = selectors(parsed(legacy_names(query))) if query else []
        except ValueError:  # what cannot be parsed is told by lint's rule
            found = []
        for selector in found:
            text = str(selector)
            if promql_name(metric.removeprefix(USER_METRIC)) in text:
                wanted |= set(re.findall(r'monitored_resource="([^"]+)"', text))
    if len(set(taken)) == 1 and wanted and taken[0] not in wanted:
        yield Trouble(
            f"reads {metric} of {', '.join(sorted(wanted))}, but the metric's filter takes {taken[0]} only",
            "mend one of the two",
        )


def _never_fires(policy: Body, deployed: Deployed) -> Iterator[Trouble]:
    """Apply the lint rules that find conditions which never answer to the policies and metrics as they are deployed."""
    document = Document(Path("deployed"), {}, {})
    resource = Resource("alert_policy", policy, document)
    metrics = [Resource("log_metric", body, document) for body in deployed.log_metrics]
    project = Project((resource, *metrics))
    for rule in all_rules():
        if rule.id in _NEVER_FIRES and rule.kind == "alert_policy" and rule.severity == "error":
            problems: Iterable[Problem] = rule.check(resource, project)
            yield from (Trouble(one.message, one.remedy) for one in problems)


def _reach(policy: Body, deployed: Deployed) -> tuple[list[str], list[Trouble]]:
    """Return the channels that hear of it, and why others do not."""
    channels = {last_part(str(body.get("name", ""))): body for body in deployed.notification_channels}
    reaches: list[str] = []
    troubles: list[Trouble] = []
    for name in policy.get("notificationChannels", []):
        body: Any = channels.get(last_part(str(name)))
        if body is None:
            troubles.append(
                Trouble(f"names the channel {last_part(str(name))}, which is not there", "name another one")
            )
            continue
        title = str(body.get("displayName", ""))
        if not body.get("enabled", True):
            troubles.append(Trouble(f"names the channel {title!r}, which is disabled", "enable the channel"))
        elif body.get("verificationStatus") == "UNVERIFIED":
            remedy = verification_call(body) if body.get("type") == "email" else "verify it in the console"
            troubles.append(Trouble(f"names the channel {title!r}, which is not verified", remedy))
        else:
            reaches.append(title)
    return reaches, troubles


def _newest_opening(policy: Body, fired: Sequence[FiredIncident] | None) -> datetime | None:
    key, title = last_part(str(policy.get("name", ""))), policy.get("displayName")
    of_policy = [one for one in fired or () if (one.policy_id == key if one.policy_id else one.title == title)]
    return max((one.opened for one in of_policy if one.opened is not None), default=None)
