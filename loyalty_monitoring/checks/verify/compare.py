"""Holds what is deployed against what is defined: plain functions on plain data, in the API's JSON.

What an API adds or leaves out on its own is either left aside (what only it can know: names, records, etags) or told as
known. Everything else counts: also keys that somebody added by hand, which Pulumi does not see in a dashboard, because
the provider leaves out what the program does not mention (hashicorp/terraform-provider-google,
resource_monitoring_dashboard.go).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from loyalty_monitoring.checks.verify.differences import differences, shown
from loyalty_monitoring.checks.verify.doubles import NOBODYS, NOT_GIVEN, Managed, StackIds, Twins, twins_among
from loyalty_monitoring.checks.verify.findings import DriftFinding
from loyalty_monitoring.checks.verify.policy_states import verification_call
from loyalty_monitoring.definitions.channels import CHANNEL_TYPES
from loyalty_monitoring.definitions.model import Body
from loyalty_monitoring.definitions.settings import Settings
from loyalty_monitoring.google_cloud.api_bodies import DEFINITION_LABEL
from loyalty_monitoring.google_cloud.api_messages import Kind
from loyalty_monitoring.google_cloud.deployed import Deployed

_MOST_DIFFERENCES = 5  # of one resource; more have one cause

# What a resource gets from the server. "Output only" or "read-only" in googleapis: google/monitoring/v3/alert.proto,
# notification.proto, google/logging/v2/logging_metrics.proto, google/monitoring/dashboard/v1/dashboard.proto.
_SERVERS_OWN: Mapping[Kind, frozenset[str]] = {
    "log_metric": frozenset({"createTime", "updateTime", "version"}),
    "alert_policy": frozenset({"name", "creationRecord", "mutationRecord"}),
    "dashboard": frozenset({"name", "etag"}),
    "notification_channel": frozenset({"name", "creationRecord", "mutationRecords"}),
}
# What is looked at for itself, in words of its own.
_TOLD_APART: Mapping[Kind, frozenset[str]] = {
    "log_metric": frozenset({"disabled"}),
    "alert_policy": frozenset({"enabled", "validity"}),
    "dashboard": frozenset(),
    "notification_channel": frozenset({"enabled", "verificationStatus", "labels", "sensitiveLabels"}),
}
# In metricDescriptor. The first three: logging_metrics.proto; the others: google/api/metric.proto.
_SERVERS_OWN_IN_DESCRIPTOR = frozenset({"name", "type", "description", "monitoredResourceTypes", "launchStage"})

_NUMBERS = {2: "two", 3: "three"}

_POLICY = re.compile(r"(?:projects/([^/]+)/)?alertPolicies/([^/]+)")


@dataclass(frozen=True)
class ExpectedResources:
    """The stack's resources by the names of their definitions, as the API would print them. In policies stand the names
    of channels in the settings, in place of those that a deployment gives.
    """

    log_metrics: Mapping[str, Body]
    alert_policies: Mapping[str, Body]
    notification_channels: Mapping[str, Body]
    dashboards: Mapping[str, Body]


@dataclass(frozen=True)
class Matched:
    """Deployed resources by the names of their definitions, those of one title with one, and those of no definition."""

    found: Mapping[str, Body]
    others: Sequence[Body]
    twins: Sequence[Twins] = ()


def compare(
    settings: Settings, expected: ExpectedResources, deployed: Deployed, ids: StackIds = NOT_GIVEN
) -> list[DriftFinding]:
    """Return all findings, in the order of the kinds and names.

    Where several have one title, the stack's is the one that `ids` has, or else the one that others of the stack name:
    a policy on its dashboards, a channel in its policies. A dashboard is the stack's if it names one of its policies.
    """
    charted = {policy for body in deployed.dashboards for policy in _policies_of(body)}
    managed = Managed(ids.alert_policies, charted, "what its dashboards name")
    policies = match_policies(settings, expected.alert_policies, deployed.alert_policies, managed)
    notified = {_id(name) for body in policies.found.values() for name in body.get("notificationChannels", [])}
    own = {_id(body.get("name", "")) for body in policies.found.values()}
    drawing = {_id(body.get("name", "")) for body in deployed.dashboards if _policies_of(body) & own}
    managed = Managed(ids.notification_channels, notified, "what its policies name")
    channels = _match_channels(settings, expected.notification_channels, deployed.notification_channels, managed)
    of_dashboards = Managed(ids.dashboards, drawing, "the policies that it names")
    return [
        *_log_metrics(settings, expected.log_metrics, deployed.log_metrics),
        *_channels(settings, expected.notification_channels, channels),
        *_reachable(settings, channels, policies, deployed.notification_channels),
        *_policies(settings, expected.alert_policies, policies, channels),
        *_dashboards(settings, expected, deployed.dashboards, policies, of_dashboards),
    ]


def _policies_of(dashboard: Body) -> set[str]:
    return {_id(text) for text in _strings(dashboard) if _POLICY.fullmatch(text)}


def _log_metrics(settings: Settings, defined: Mapping[str, Body], deployed: Sequence[Body]) -> Iterator[DriftFinding]:
    matched = _match(defined, deployed, [lambda wanted, body: wanted["name"] == body.get("name")])
    for name, wanted in defined.items():
        body = matched.found.get(name)
        if body is None:
            yield _missing(settings, "log_metric", name, str(wanted["name"]))
            continue
        if body.get("disabled"):
            yield _broken(settings, "log_metric", name, "is disabled and counts nothing")
        yield from _differing(settings, "log_metric", name, _plain_metric(wanted), _plain_metric(body))
    # Other metrics beside ours are of an older version of this stack, or somebody's who takes them for ours.
    ours = {str(wanted["name"]).rpartition("/")[0] for wanted in defined.values()}
    for body in matched.others:
        if str(body.get("name")).rpartition("/")[0] in ours:
            yield _extra(
                settings, "log_metric", str(body["name"]), f"projects/{settings.project}/metrics/{body['name']}"
            )


def _plain_metric(body: Body) -> Body:
    """Return the metric without what the server adds to its descriptor; labels have no order."""
    descriptor = body.get("metricDescriptor", {})
    descriptor = {key: value for key, value in descriptor.items() if key not in _SERVERS_OWN_IN_DESCRIPTOR}
    if "labels" in descriptor:
        descriptor["labels"] = {label.get("key", ""): label for label in descriptor["labels"]}
    return {**body, "metricDescriptor": descriptor}


def _match_channels(
    settings: Settings, defined: Mapping[str, Body], deployed: Sequence[Body], managed: Managed
) -> Matched:
    def titled(wanted: Body, body: Body) -> bool:
        return _same(wanted, body, "type", "displayName")

    return _match(
        defined,
        deployed,
        [
            lambda wanted, body: _is_ours(settings, body) and titled(wanted, body),
            lambda wanted, body: (
                _is_ours(settings, body) and bool(wanted.get("labels")) and _same(wanted, body, "type", "labels")
            ),
            lambda wanted, body: titled(wanted, body) and not _is_another_stacks(settings, body),
        ],
        managed,
    )


def match_policies(
    settings: Settings, defined: Mapping[str, Body], deployed: Sequence[Body], managed: Managed = NOBODYS
) -> Matched:
    """Return each definition's policy by labels and title, else by labels alone (titles hold thresholds), else by
    title.
    """
    return _match(
        defined,
        deployed,
        [
            lambda wanted, body: _is_ours(settings, body) and _same(wanted, body, "displayName"),
            lambda wanted, body: _same(wanted, body, "userLabels"),
            lambda wanted, body: _same(wanted, body, "displayName") and not _is_another_stacks(settings, body),
        ],
        managed,
    )


def _channels(settings: Settings, defined: Mapping[str, Body], matched: Matched) -> Iterator[DriftFinding]:
    """Compare the channels. Values of labels are never shown: somebody may have written a secret there."""
    for name, wanted in defined.items():
        body = matched.found.get(name)
        if body is None:
            yield _missing(settings, "notification_channel", name, wanted["displayName"])
            continue
        secret = CHANNEL_TYPES[wanted["type"]].secret_labels
        given = {key: value for key, value in body.get("labels", {}).items() if key not in secret}
        for key in sorted({*wanted.get("labels", {}), *given}):
            if key not in wanted.get("labels", {}):
                message = f"labels.{shown(key)} is not defined; for some types the server adds labels"
                yield DriftFinding("known", "notification_channel", name, message, "nothing is to be done")
            elif wanted["labels"][key] != given.get(key):
                yield _drift(settings, "notification_channel", name, f"labels.{key} has another value")
        yield from _differing(settings, "notification_channel", name, wanted, body)
    yield from _doubled(settings, "notification_channel", matched)
    for body in matched.others:
        if _is_ours(settings, body):
            yield _extra(settings, "notification_channel", str(body.get("displayName", "")), str(body.get("name", "")))


def _reachable(
    settings: Settings, channels: Matched, policies: Matched, deployed: Sequence[Body]
) -> Iterator[DriftFinding]:
    """Report channels that are there and reach nobody: the stack's, and others that its policies name."""
    used_by: dict[str, list[str]] = {}
    for policy in [*policies.found.values(), *(body for body in policies.others if _is_ours(settings, body))]:
        for channel in policy.get("notificationChannels", []):
            used_by.setdefault(_id(channel), []).append(str(policy.get("displayName", "")))
    names = {_id(body.get("name", "")): name for name, body in channels.found.items()}
    console = f"https://console.cloud.google.com/monitoring/alerting/notifications?project={settings.project}"
    for body in deployed:
        key = _id(body.get("name", ""))
        if key not in names and key not in used_by:
            continue
        name = names.get(key, str(body.get("displayName", "")))
        # "If the field is unset, the channel is enabled" (google/monitoring/v3/notification.proto).
        if not body.get("enabled", True):
            yield DriftFinding(
                "drift", "notification_channel", name, "is disabled and reaches nobody", f"enable it: {console}"
            )
        if body.get("verificationStatus") == "UNVERIFIED":
            remedy = verification_call(body) if body.get("type") == "email" else f"verify it: {console}"
            yield DriftFinding("drift", "notification_channel", name, "is not verified and reaches nobody", remedy)
    there = {_id(body.get("name", "")) for body in deployed}
    for key, titles in used_by.items():
        if key not in there:
            message = f"does not exist, but is named by: {', '.join(map(shown, titles))}"
            yield _broken(settings, "notification_channel", key, message)


def _policies(
    settings: Settings, defined: Mapping[str, Body], matched: Matched, channels: Matched
) -> Iterator[DriftFinding]:
    names = {_id(body.get("name", "")): name for name, body in channels.found.items()}
    for name, wanted in defined.items():
        body = matched.found.get(name)
        if body is None:
            yield _missing(settings, "alert_policy", name, wanted["displayName"])
            continue
        if not body.get("enabled", True):
            yield _broken(settings, "alert_policy", name, "is disabled and opens no incident")
        if body.get("validity", {}).get("code"):
            message = shown(body["validity"].get("message", ""))
            yield _broken(settings, "alert_policy", name, f"is invalid and opens no incident: {message}")
        yield from _differing(settings, "alert_policy", name, _plain_policy(wanted, {}), _plain_policy(body, names))
    yield from _doubled(settings, "alert_policy", matched)
    for body in matched.others:
        if _is_ours(settings, body):
            yield _extra(settings, "alert_policy", str(body.get("displayName", "")), str(body.get("name", "")))


def _plain_policy(body: Body, names: Mapping[str, str]) -> Body:
    """Return the policy with the settings' names of channels, in order, and without the names of its conditions."""

    def channels(given: Iterable[str]) -> list[str]:
        return sorted(names.get(_id(channel), channel) for channel in given)

    strategy = dict(body.get("alertStrategy", {}))
    if "notificationChannelStrategy" in strategy:
        strategy["notificationChannelStrategy"] = [
            {**each, "notificationChannelNames": channels(each.get("notificationChannelNames", []))}
            for each in strategy["notificationChannelStrategy"]
        ]
    conditions = body.get("conditions", [])
    return {
        **body,
        "notificationChannels": channels(body.get("notificationChannels", [])),
        "alertStrategy": strategy,
        "conditions": [{key: value for key, value in each.items() if key != "name"} for each in conditions],
    }


def _dashboards(
    settings: Settings, expected: ExpectedResources, deployed: Sequence[Body], policies: Matched, managed: Managed
) -> Iterator[DriftFinding]:
    """Compare the dashboards, which have no labels of the stack: they are found by their titles."""
    defined = expected.dashboards
    matched = _match(defined, deployed, [lambda wanted, body: _same(wanted, body, "displayName")], managed)
    names = {_id(body.get("name", "")): name for name, body in policies.found.items()}
    for name, wanted in defined.items():
        body = matched.found.get(name)
        if body is None:
            yield _missing(settings, "dashboard", name, wanted["displayName"])
            continue
        wanted = _with_policies(wanted, {policy: policy for policy in expected.alert_policies}, settings.project)
        comparable = _without_definition_label(_with_policies(body, names, settings.project))
        yield from _differing(settings, "dashboard", name, wanted, comparable)
        projects = [found[1] for text in _strings(body) if (found := _POLICY.fullmatch(text)) and found[1]]
        if any(project.isdecimal() for project in projects):
            message = "names policies with the project's number in place of its id"
            yield DriftFinding("known", "dashboard", name, message, "nothing is to be done")
    yield from _doubled(settings, "dashboard", matched)


def _without_definition_label(body: Body) -> Body:
    """Return the dashboard without the label that a deployment gives it (api_bodies.dashboard_body)."""
    labels = {key: value for key, value in body.get("labels", {}).items() if not key.startswith(DEFINITION_LABEL)}
    rest = {key: value for key, value in body.items() if key != "labels"}
    return {**rest, "labels": labels} if labels else rest


def _with_policies(value: Any, names: Mapping[str, str], project: str) -> Any:
    """Return the value with "the policy NAME" where it refers to one, `names` being by id: the same with project and
    without.

    A name carries the project's id or its number ("projects/[PROJECT_ID_OR_NUMBER]", google/monitoring/v3/alert.proto).
    """
    if isinstance(value, dict):
        return {key: _with_policies(item, names, project) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_policies(item, names, project) for item in value]
    if isinstance(value, str) and (found := _POLICY.fullmatch(value)):
        of_project, key = found.groups()
        if key in names and (of_project in (None, project) or of_project.isdecimal()):
            return f"the policy {names[key]}"
    return value


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _strings(item)
    elif isinstance(value, str):
        yield value


def _match(
    defined: Mapping[str, Body],
    deployed: Sequence[Body],
    tests: Sequence[Callable[[Body, Body], bool]],
    managed: Managed = NOBODYS,
) -> Matched:
    """Return each definition with the deployed resource that has its id in the stack's outputs; where none are given,
    with the first that passes the first test that any of them passes, those first that others of the stack name.
    """
    by_id = {_id(str(body.get("name", ""))): body for body in deployed}
    found = {name: by_id[key] for name, key in managed.ids.items() if name in defined and key in by_id}
    taken = [id(body) for body in found.values()]
    others = [body for body in deployed if id(body) not in taken]
    others.sort(key=lambda body: _id(str(body.get("name", ""))) not in managed.named)
    for test in tests:
        for name, wanted in defined.items():
            if name not in found:
                at = next((index for index, body in enumerate(others) if test(wanted, body)), None)
                if at is not None:
                    found[name] = others.pop(at)
    # The first test is the strictest: what others have under the same title is left alone.
    twins, rest = twins_among(defined, found, others, tests[0], managed)
    return Matched(found, rest, twins)


def _same(wanted: Body, body: Body, *keys: str) -> bool:
    return all(wanted.get(key) == body.get(key) for key in keys)


def _is_ours(settings: Settings, body: Body) -> bool:
    return bool(settings.user_labels.items() <= body.get("userLabels", {}).items())


def _is_another_stacks(settings: Settings, body: Body) -> bool:
    stack = settings.user_labels["stack"]
    return str(body.get("userLabels", {}).get("stack", stack)) != stack


def _id(name: str) -> str:
    """Return the last part of a resource's name; the project before it may be written as id or as number."""
    return name.rpartition("/")[2]


def _differing(settings: Settings, kind: Kind, name: str, wanted: Body, body: Body) -> Iterator[DriftFinding]:
    """Yield the differences of two bodies, but for what the server adds and what is told apart."""
    without = _SERVERS_OWN[kind] | _TOLD_APART[kind]
    wanted, body = ({key: value for key, value in each.items() if key not in without} for each in (wanted, body))
    found = list(differences(wanted, body))
    drift = [difference for difference in found if not difference.is_known]
    for difference in drift[:_MOST_DIFFERENCES]:
        yield _drift(settings, kind, name, str(difference), added=difference.is_added)
    if len(drift) > _MOST_DIFFERENCES:
        yield _drift(settings, kind, name, f"differs in {len(drift) - _MOST_DIFFERENCES} more places")
    for difference in found:
        if difference.is_known:
            yield DriftFinding("known", kind, name, f"{difference}, which means the same", "nothing is to be done")


def _missing(settings: Settings, kind: Kind, name: str, title: str) -> DriftFinding:
    return _broken(settings, kind, name, f"is not deployed; nothing has the name {shown(title)}")


def _broken(settings: Settings, kind: Kind, name: str, message: str) -> DriftFinding:
    """Report resources that do not work at all, which nobody can have meant."""
    return DriftFinding("drift", kind, name, message, _deploy(settings))


def _drift(settings: Settings, kind: Kind, name: str, message: str, *, added: bool = False) -> DriftFinding:
    remedy = f"take it into the definition, or {_deploy(settings)}"
    if added and kind == "dashboard":
        remedy = "take it into the definition, or remove it in the console: Pulumi does not see what was added"
    return DriftFinding("drift", kind, name, message, remedy)


def _deploy(settings: Settings) -> str:
    """Return the command that deploys. Without --refresh, Pulumi compares with its state and misses changes by hand."""
    return f"run: pulumi up --refresh --stack {settings.stack}"


def _extra(settings: Settings, kind: Kind, title: str, name: str) -> DriftFinding:
    """Report resources that the definitions do not have: somebody's own, or left by an interrupted deployment."""
    message = f"belongs to this stack, but is not defined: {name}"
    remedy = f"{_deploy(settings)}, which removes it if Pulumi made it; if it stays, delete it, or write its definition"
    return DriftFinding("note", kind, title, message, remedy)


def _doubled(settings: Settings, kind: Kind, matched: Matched) -> Iterator[DriftFinding]:
    """Report several resources of one title: one is the stack's, and the others ring, or are looked at, as well."""
    for twins in matched.twins:
        names = [str(body.get("name", "")) for body in twins.bodies]
        message = f"there are {_NUMBERS.get(len(names), str(len(names)))} of this title: {', '.join(names)}"
        if twins.managed is None:
            message += "; which of them is not defined here cannot be told"
            remedy = (
                "delete none before you know which is the stack's: pulumi stack output --json --stack "
                f"{settings.stack} > outputs.json, then verify with --outputs outputs.json"
            )
        else:
            own = str(twins.managed.get("name", ""))
            others = ", ".join(name for name in names if name != own)
            message += f"; the stack's is {own}, by {twins.reason}; {others} is not defined"
            remedy = f"keep that one; delete or rename {others}"
        yield DriftFinding("note", kind, str(twins.bodies[0].get("displayName", "")), message, remedy)
