"""Verify, through Google's own clients over gRPC: what is drift, what the API only writes in other words."""

from __future__ import annotations

import copy
import dataclasses
import itertools
import math
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from typing import Any

import pytest
from google.cloud.monitoring_v3.types import AlertPolicy, NotificationChannel

from loyalty_monitoring.checks.verify.doubles import StackIds, read_stack_ids
from loyalty_monitoring.checks.verify.findings import DriftFinding, Verification
from loyalty_monitoring.checks.verify.run import verify
from loyalty_monitoring.common.errors import UserError
from loyalty_monitoring.definitions.load import load_definitions
from loyalty_monitoring.definitions.metric_usage import readers
from loyalty_monitoring.definitions.model import Definitions
from loyalty_monitoring.definitions.settings import Settings, in_project, load_stack_settings
from tests.checks.verify.server import NOW, NUMBER, Cloud, deploy, message, replaced
from tests.conftest import PROJECT

STACKS = ("demo", "example-production")


def stack_of(name: str, project: str | None = None, *, whole: bool = False) -> tuple[Settings, Definitions]:
    """A stack as if it were in a project; not whole, it has no metric but those that alerts read, which is quicker."""
    settings = load_stack_settings(PROJECT, name)
    settings = in_project(settings, project) if project else settings
    return settings, _definitions(name, settings.project, whole)


@cache
def _definitions(name: str, project: str, whole: bool) -> Definitions:
    definitions = load_definitions(PROJECT, in_project(load_stack_settings(PROJECT, name), project))
    if whole:
        return definitions
    read_by = readers(definitions)
    few = tuple(metric for metric in definitions.log_metrics if read_by[metric.name].alerts)
    return dataclasses.replace(definitions, log_metrics=few)


@cache
def _deployed_once(name: str, whole: bool) -> Cloud:
    settings, definitions = stack_of(name, whole=whole)
    cloud = Cloud(settings.project)
    deploy(cloud, settings, definitions)
    return cloud


def deployed(name: str = "demo", *, whole: bool = False) -> Cloud:
    """A project of one's own in which the stack was just deployed."""
    once = _deployed_once(name, whole)
    kinds = ("log_metrics", "alert_policies", "notification_channels", "dashboards", "last_points")
    return Cloud(once.project, **{kind: copy.deepcopy(getattr(once, kind)) for kind in kinds})


def verified(cloud: Cloud, name: str = "demo", *, whole: bool = False, ids: StackIds = StackIds()) -> Verification:
    settings, definitions = stack_of(name, cloud.project, whole=whole)
    with cloud.served() as endpoint:
        return verify(settings, definitions, now=NOW, timeout=20, endpoint=endpoint, ids=ids)


def only(verification: Verification) -> DriftFinding:
    (finding,) = verification.findings
    return finding


@pytest.mark.parametrize("stack", STACKS)
def test_what_was_just_deployed_has_no_finding_whatever_the_api_adds_and_leaves_out(stack: str) -> None:
    found = verified(deployed(stack, whole=True), stack, whole=True)
    assert found.findings == ()
    assert found.holds
    assert {of.last_point for of in found.data} == {NOW.replace(second=0) - timedelta(minutes=3)}
    assert {of.blind_alerts for of in found.data} == {()}


def test_two_stacks_of_one_project_do_not_see_each_other() -> None:
    cloud = deployed()
    settings, definitions = stack_of("example-production", cloud.project)
    other = Cloud(cloud.project)
    deploy(other, settings, definitions)
    for kind in ("log_metrics", "alert_policies", "notification_channels", "dashboards"):
        getattr(cloud, kind).update({f"other-{name}": item for name, item in getattr(other, kind).items()})
    for policy in (policy for name, policy in cloud.alert_policies.items() if name.startswith("other-")):
        policy.name = policy.name.replace("alertPolicies/", "alertPolicies/7")
    for dashboard in (each for name, each in cloud.dashboards.items() if name.startswith("other-")):
        body = type(dashboard).to_dict(dashboard)
        for number in range(len(definitions.alert_policies)):
            body = replaced(body, f"alertPolicies/900{number}", f"alertPolicies/7900{number}")
        type(dashboard).copy_from(dashboard, body)
    cloud.last_points.update(other.last_points)
    assert verified(cloud).findings == ()
    assert verified(cloud, "example-production").findings == ()


def test_all_pages_are_read() -> None:
    cloud = deployed(whole=True)
    cloud.page_size = 3
    found = verified(cloud, whole=True)
    assert found.findings == ()
    _, definitions = stack_of("demo", whole=True)
    assert cloud.count()["ListLogMetrics"] == math.ceil(len(definitions.log_metrics) / 3)
    assert cloud.count()["ListAlertPolicies"] == math.ceil(len(definitions.alert_policies) / 3)
    assert cloud.count()["ListDashboards"] == math.ceil(len(definitions.dashboards) / 3)
    assert cloud.count()["ListTimeSeries"] == len(definitions.log_metrics), "the newest point is on the first page"


def _set(kind: str, name: str, change: Callable[[Any], None]) -> Callable[[Cloud], None]:
    return lambda cloud: change(getattr(cloud, kind)[name])


def _condition(policy: Any) -> Any:
    return policy.conditions[0].condition_prometheus_query_language


def _query(old: str, new: str) -> Callable[[Any], None]:
    def change(policy: Any) -> None:
        assert old in _condition(policy).query
        _condition(policy).query = _condition(policy).query.replace(old, new)

    return change


def _chart(dashboard: Any) -> Any:
    return next(tile.widget.xy_chart for tile in dashboard.mosaic_layout.tiles if "xy_chart" in tile.widget)


def _attribute(path: str, value: Any) -> Callable[[Any], None]:
    def change(target: Any) -> None:
        *way, last = path.split(".")
        for step in way:
            target = target[int(step)] if step.isdigit() else getattr(target, step)
        setattr(target, last, value)

    return change


DRIFT: dict[str, tuple[Callable[[Cloud], None], str, str, str]] = {
    "a threshold one higher": (
        _set("alert_policies", "rate_limit_spike", _query("> 100", "> 101")),
        "alert_policy",
        "rate_limit_spike",
        '> 101", defined is …',
    ),
    "a condition held a second longer": (
        _set("alert_policies", "rate_limit_spike", lambda p: setattr(_condition(p), "duration", timedelta(seconds=1))),
        "alert_policy",
        "rate_limit_spike",
        'duration is "1s", defined is "0s"',
    ),
    "a policy switched off": (
        _set("alert_policies", "high_churn", _attribute("enabled", False)),
        "alert_policy",
        "high_churn",
        "is disabled",
    ),
    "a policy that the API calls invalid": (
        _set("alert_policies", "high_churn", lambda p: setattr(p.validity, "code", 3)),
        "alert_policy",
        "high_churn",
        "is invalid",
    ),
    "a policy without its channels": (
        _set("alert_policies", "high_churn", lambda p: p.notification_channels.clear()),
        "alert_policy",
        "high_churn",
        'notificationChannels has 0 items, defined are 1; missing is "team"',
    ),
    "a policy with another title": (
        _set("alert_policies", "high_churn", _attribute("display_name", "mine")),
        "alert_policy",
        "high_churn",
        'displayName is "mine"',
    ),
    "a policy without its labels": (
        _set("alert_policies", "high_churn", lambda p: p.user_labels.clear()),
        "alert_policy",
        "high_churn",
        "userLabels is not there",
    ),
    "a policy that rings again later": (
        _set(
            "alert_policies",
            "telemetry_silent",
            lambda p: setattr(p.alert_strategy.notification_channel_strategy[0], "renotify_interval", timedelta(1)),
        ),
        "alert_policy",
        "telemetry_silent",
        'renotifyInterval is "86400s"',
    ),
    "a policy of another severity": (
        _set("alert_policies", "high_churn", _attribute("severity", AlertPolicy.Severity.CRITICAL)),
        "alert_policy",
        "high_churn",
        'severity is "CRITICAL"',
    ),
    "a metric switched off": (
        _set("log_metrics", "email_status", _attribute("disabled", True)),
        "log_metric",
        "email_status",
        "is disabled",
    ),
    "a metric with another filter": (
        _set("log_metrics", "email_status", lambda m: setattr(m, "filter", m.filter.replace("email_", "mail_", 1))),
        "log_metric",
        "email_status",
        "filter is …",
    ),
    "a metric with another extractor": (
        _set("log_metrics", "email_status", lambda m: m.label_extractors.update(status="EXTRACT(jsonPayload.s)")),
        "log_metric",
        "email_status",
        "labelExtractors.status is",
    ),
    "a metric with one label less": (
        _set("log_metrics", "rate_limited_requests", lambda m: m.metric_descriptor.labels.pop()),
        "log_metric",
        "rate_limited_requests",
        "metricDescriptor.labels",
    ),
    "a metric of another type": (
        _set("log_metrics", "email_status", lambda m: setattr(m.metric_descriptor, "value_type", 5)),
        "log_metric",
        "email_status",
        'metricDescriptor.valueType is "DISTRIBUTION"',
    ),
    "a metric with another bucket": (
        _set(
            "log_metrics",
            "program_at_risk_cards",
            lambda m: m.bucket_options.explicit_buckets.bounds.__setitem__(0, 2),
        ),
        "log_metric",
        "program_at_risk_cards",
        "bucketOptions.explicitBuckets.bounds",
    ),
    "a metric of one log bucket": (
        _set("log_metrics", "email_status", _attribute("bucket_name", "projects/p/locations/global/buckets/b")),
        "log_metric",
        "email_status",
        "bucketName is",
    ),
    "a dashboard with another query": (
        _set(
            "dashboards",
            "overview",
            lambda d: setattr(_chart(d).data_sets[0].time_series_query, "prometheus_query", "vector(1)"),
        ),
        "dashboard",
        "overview",
        'prometheusQuery is "vector(1)"',
    ),
    "a dashboard with a tile less": (
        _set("dashboards", "overview", lambda d: d.mosaic_layout.tiles.pop()),
        "dashboard",
        "overview",
        "mosaicLayout.tiles has ",
    ),
    "a dashboard with a threshold that somebody drew": (
        _set("dashboards", "overview", lambda d: _chart(d).thresholds.append({"value": 5})),
        "dashboard",
        "overview",
        "but is not defined",
    ),
    "a channel switched off": (
        _set("notification_channels", "team", _attribute("enabled", False)),
        "notification_channel",
        "team",
        "is disabled",
    ),
    "a channel that was never verified": (
        _set(
            "notification_channels",
            "team",
            _attribute("verification_status", NotificationChannel.VerificationStatus.UNVERIFIED),
        ),
        "notification_channel",
        "team",
        "is not verified",
    ),
    "a channel to somebody else": (
        _set("notification_channels", "team", lambda c: c.labels.update(email_address="SENTINEL@example.com")),
        "notification_channel",
        "team",
        "labels.email_address has another value",
    ),
    "a channel with another title": (
        _set("notification_channels", "team", _attribute("display_name", "mine")),
        "notification_channel",
        "team",
        'displayName is "mine"',
    ),
    "a metric that is gone": (
        lambda cloud: cloud.log_metrics.pop("email_status"),
        "log_metric",
        "email_status",
        "is not deployed",
    ),
    "a dashboard that is gone": (
        lambda cloud: cloud.dashboards.pop("overview"),
        "dashboard",
        "overview",
        "is not deployed",
    ),
}


@pytest.mark.parametrize("what", DRIFT)
def test_drift_is_found_and_named_at_its_place(what: str) -> None:
    change, kind, name, words = DRIFT[what]
    cloud = deployed()
    change(cloud)
    found = verified(cloud)
    finding = only(found)
    assert (finding.level, finding.kind, finding.name) == ("drift", kind, name)
    assert words in finding.message
    assert finding.remedy
    assert "SENTINEL" not in finding.message, "a channel's label may be a secret"
    assert not found.holds


def test_a_policy_that_is_gone_is_gone_from_the_dashboards_too() -> None:
    cloud = deployed()
    del cloud.alert_policies["high_churn"]
    found = verified(cloud).findings
    assert {(each.level, each.kind, each.name) for each in found} == {
        ("drift", "alert_policy", "high_churn"),
        ("drift", "dashboard", "overview"),
    }
    assert "is not deployed" in found[0].message
    assert any("alertPolicies/9001" in each.message for each in found)


def test_a_channel_that_is_gone_is_told_with_the_policies_that_name_it() -> None:
    cloud = deployed()
    del cloud.notification_channels["team"]
    found = verified(cloud).findings
    assert found[0].message == 'is not deployed; nothing has the name "Loyalty team"'
    assert found[1].name == "c-team"
    assert found[1].message.count("Loyalty:") == len(cloud.alert_policies)


def test_a_channel_of_others_must_reach_somebody_only_when_our_policies_name_it() -> None:
    cloud = deployed()
    theirs = {
        "name": f"projects/{cloud.project}/notificationChannels/c-theirs",
        "type": "email",
        "displayName": "Theirs",
        "enabled": False,
    }
    cloud.notification_channels["theirs"] = message(NotificationChannel, theirs)
    assert verified(cloud).findings == ()
    cloud.alert_policies["high_churn"].notification_channels.append(theirs["name"])
    found = {(each.kind, each.name): each.message for each in verified(cloud).findings}
    assert found.keys() == {("notification_channel", "Theirs"), ("alert_policy", "high_churn")}
    assert "is disabled" in found["notification_channel", "Theirs"]
    assert "c-theirs" in found["alert_policy", "high_churn"]


def test_a_channel_is_looked_at_though_the_policy_that_names_it_has_lost_its_labels() -> None:
    cloud = deployed()
    cloud.alert_policies["high_churn"].user_labels.clear()
    cloud.alert_policies["high_churn"].notification_channels[0] = "projects/p/notificationChannels/gone"
    assert "gone" in {each.name for each in verified(cloud).findings if each.kind == "notification_channel"}


def test_a_dashboard_that_refers_to_policies_by_their_names_here_was_deployed_by_hand_and_is_drift() -> None:
    cloud = deployed()
    _, definitions = stack_of("demo")
    dashboard = cloud.dashboards["overview"]
    body = next(each.body for each in definitions.dashboards if each.name == "overview")
    cloud.dashboards["overview"] = message(type(dashboard), {**body, "name": dashboard.name})
    found = verified(cloud).findings
    assert {(each.level, each.name) for each in found} == {("drift", "overview")}
    assert "alertPolicies/" in found[0].message


def test_the_remedy_for_what_was_added_to_a_dashboard_is_not_pulumi_which_does_not_see_it() -> None:
    remedies = []
    for change in (lambda chart: chart.thresholds.append({"value": 5}), lambda chart: chart.data_sets.pop()):
        cloud = deployed()
        change(_chart(cloud.dashboards["overview"]))
        remedies.append(only(verified(cloud)).remedy)
    assert "remove it in the console" in remedies[0]
    assert "pulumi up --refresh --stack demo" in remedies[1]


def test_many_differences_of_one_resource_are_cut_to_a_handful() -> None:
    cloud = deployed()
    for tile in cloud.dashboards["overview"].mosaic_layout.tiles:
        tile.height += 1
    found = verified(cloud).findings
    assert len(found) == 6
    assert found[-1].message.startswith("differs in ")


def test_what_the_api_writes_in_other_words_is_known_and_no_drift() -> None:
    cloud = deployed()
    condition = AlertPolicy.pb(cloud.alert_policies["rate_limit_spike"]).conditions[0]
    condition.condition_prometheus_query_language.ClearField("duration")
    cloud.alert_policies["high_churn"].documentation.content += "\n"
    chart = _chart(cloud.dashboards["overview"])
    chart.data_sets[0].target_axis = 0
    chart.x_axis.scale = 1
    chart.timeshift_duration = timedelta(0)
    found = verified(cloud)
    assert found.holds
    assert [(each.level, each.name) for each in found.findings] == [
        ("known", "high_churn"),
        ("known", "rate_limit_spike"),
        ("known", "overview"),
        ("known", "overview"),
        ("known", "overview"),
    ]


def test_an_axis_that_is_not_the_default_one_is_drift() -> None:
    cloud = deployed()
    _chart(cloud.dashboards["overview"]).x_axis.scale = 2
    assert only(verified(cloud)).level == "drift"


def test_a_project_by_its_number_is_known_and_another_project_is_drift() -> None:
    for project, level in ((NUMBER, "known"), ("another-project", "drift")):
        cloud = deployed()
        dashboard = cloud.dashboards["overview"]
        body = type(dashboard).to_dict(dashboard)
        body = replaced(body, f"{cloud.project}/alertPolicies/9000", f"{project}/alertPolicies/9000")
        type(dashboard).copy_from(dashboard, body)
        assert only(verified(cloud)).level == level


def test_a_label_that_the_server_gave_a_channel_is_known_and_its_value_not_shown() -> None:
    cloud = deployed("example-production")
    cloud.notification_channels["team_chat"].labels["team"] = "SENTINEL"
    finding = only(verified(cloud, "example-production"))
    assert finding.level == "known"
    assert 'labels."team"' in finding.message
    assert "SENTINEL" not in finding.message


def _copy(kind: str, of: str, /, **changes: Any) -> Callable[[Cloud], None]:
    def change(cloud: Cloud) -> None:
        items = getattr(cloud, kind)
        items["copy"] = copy.deepcopy(items[of])
        for key, value in changes.items():
            setattr(items["copy"], key, value)

    return change


_OLD_POLICY = {"name": "projects/p/alertPolicies/a", "display_name": "Old"}
_OLD_CHANNEL = {"name": "projects/p/notificationChannels/d", "display_name": "Old", "labels": {}}


@pytest.mark.parametrize(
    ("change", "kind", "name"),
    [
        (_copy("log_metrics", "email_status", name="loyalty/old"), "log_metric", "loyalty/old"),
        (_copy("alert_policies", "high_churn", **_OLD_POLICY), "alert_policy", "Old"),
        (_copy("alert_policies", "high_churn", name="projects/p/alertPolicies/a"), "alert_policy", None),
        (_copy("notification_channels", "team", **_OLD_CHANNEL), "notification_channel", "Old"),
        (_copy("dashboards", "overview", name="projects/1/dashboards/z"), "dashboard", "Loyalty: overview"),
    ],
)
def test_what_belongs_to_the_stack_and_is_not_defined_is_a_note(
    change: Callable[[Cloud], None], kind: str, name: str | None
) -> None:
    cloud = deployed()
    change(cloud)
    found = [each for each in verified(cloud).findings if each.kind == kind]
    assert [each.level for each in found] == ["note"]
    assert name in (None, found[0].name)
    assert "is not defined" in found[0].message


@pytest.mark.parametrize(
    "change",
    [
        _copy("log_metrics", "email_status", name="loyalty/eu/email_status"),
        _copy("log_metrics", "email_status", name="checkout/email_status"),
        _copy("alert_policies", "high_churn", name="projects/p/alertPolicies/a", user_labels={"stack": "other"}),
        _copy("notification_channels", "team", name="projects/p/notificationChannels/a", user_labels={}),
        _copy("dashboards", "overview", name="projects/1/dashboards/a", display_name="Checkout"),
    ],
)
def test_what_others_have_in_the_project_is_left_alone(change: Callable[[Cloud], None]) -> None:
    cloud = deployed()
    change(cloud)
    assert verified(cloud).findings == ()


def test_a_point_of_25_hours_ago_is_seen_and_an_older_one_is_not() -> None:
    start = NOW.replace(second=0) - timedelta(hours=25)
    seen = []
    for last in (start, start - timedelta(seconds=1)):
        cloud = deployed()
        cloud.last_points["loyalty/rate_limited_requests"] = last
        data = {of.metric: of for of in verified(cloud).data}
        seen.append((data["rate_limited_requests"].last_point, data["rate_limited_requests"].blind_alerts))
    assert seen == [(start, ()), (None, ("rate_limit_spike",))]


def test_points_are_looked_for_where_the_alerts_look_on_one_small_page() -> None:
    cloud = deployed("example-production")
    verified(cloud, "example-production")
    asked = [request for method, request in cloud.asked if method == "ListTimeSeries"]
    assert len(asked) == len(cloud.log_metrics)
    for request in asked:
        assert request.name == "projects/example-production"
        assert request.page_size == 1
        assert 'metric.type = "logging.googleapis.com/user/loyalty/eu/' in request.filter
        assert request.filter.endswith('resource.type = "cloud_run_revision"')


def test_a_metric_without_a_point_is_a_note_that_names_the_blind_alerts() -> None:
    cloud = deployed()
    cloud.last_points["loyalty/email_status"] = None
    found = verified(cloud)
    assert found.holds
    assert only(found).level == "note"
    assert only(found).message.endswith("blind alerts: email_failures")


def test_a_metric_that_monitoring_has_never_heard_of_has_no_point() -> None:
    cloud = deployed()
    del cloud.last_points["loyalty/rate_limited_requests"]
    assert only(verified(cloud)).message.endswith("blind alerts: rate_limit_spike")


def test_an_alert_that_rings_without_data_is_not_blind() -> None:
    cloud = deployed()
    cloud.last_points["loyalty/task_last_success"] = None
    blind = {of.metric: of.blind_alerts for of in verified(cloud).data if of.last_point is None}
    assert blind == {"task_last_success": ()}


def test_an_empty_project_lacks_everything_and_nothing_is_told_twice() -> None:
    settings, definitions = stack_of("demo")
    found = verified(Cloud(settings.project))
    assert {each.level for each in found.findings} == {"drift"}
    kinds = itertools.groupby(found.findings, key=lambda each: each.kind)
    assert {kind: len(list(each)) for kind, each in kinds} == {
        "log_metric": len(definitions.log_metrics),
        "notification_channel": 1,
        "alert_policy": len(definitions.alert_policies),
        "dashboard": len(definitions.dashboards),
    }


def test_a_priority_that_reaches_nobody_on_purpose_has_no_drift() -> None:
    settings, definitions = stack_of("demo")
    silent = dataclasses.replace(settings, channels=(), silent_priorities=("P0", "P1", "P2"))
    cloud = Cloud(settings.project)
    deploy(cloud, silent, definitions)
    with cloud.served() as endpoint:
        assert verify(silent, definitions, now=NOW, timeout=20, endpoint=endpoint).findings == ()


# --- several of one title, as a deployment that was cut off leaves them, or somebody who copied one

TWINS = {
    "alert_policies": "rate_limit_spike",
    "notification_channels": "team",
    "dashboards": "overview",
}


def _doubled(cloud: Cloud, kind: str, *, first: bool) -> tuple[str, str, str]:
    """Adds a copy of one resource, before or behind it by name; returns its definition, its name and the copy's."""
    items = getattr(cloud, kind)
    name = TWINS[kind] if TWINS[kind] in items else next(iter(items))
    copied = type(items[name]).deserialize(type(items[name]).serialize(items[name]))
    copied.name = f"{items[name].name.rpartition('/')[0]}/{'0' if first else 'zzz'}"
    if kind == "dashboards":
        # What somebody copied names no policy of the stack any more, or those of another.
        body = type(copied).to_dict(copied)
        for number in range(20):
            body = replaced(body, f"alertPolicies/900{number}", f"alertPolicies/77{number}")
        type(copied).copy_from(copied, body)
    original = str(items[name].name)
    setattr(cloud, kind, {**items, f"{name}-copy": copied})
    return name, original, str(copied.name)


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("kind", TWINS)
def test_two_of_one_title_are_both_named_and_the_stacks_is_never_to_be_deleted(kind: str, first: bool) -> None:
    cloud = deployed()
    name, own, copy_ = _doubled(cloud, kind, first=first)
    found = only(verified(cloud))
    assert (found.level, found.name) == ("note", getattr(cloud, kind)[name].display_name)
    assert "there are two of this title: " in found.message
    assert own in found.message
    assert copy_ in found.message
    assert f"the stack's is {own}, by " in found.message
    assert found.remedy == f"keep that one; delete or rename {copy_}"


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("kind", TWINS)
def test_the_stacks_outputs_say_which_of_two_is_the_stacks(kind: str, first: bool) -> None:
    cloud = deployed()
    name, own, copy_ = _doubled(cloud, kind, first=first)
    ids = dataclasses.replace(StackIds(), **{kind: {name: copy_.rpartition("/")[2]}})
    found = [each for each in verified(cloud, ids=ids).findings if "of this title" in each.message]
    assert [each.remedy for each in found] == [f"keep that one; delete or rename {own}"]
    assert f"the stack's is {copy_}, by its outputs" in found[0].message


def test_where_nothing_says_which_policy_is_the_stacks_neither_is_to_be_deleted() -> None:
    cloud = deployed()
    _, own, copy_ = _doubled(cloud, "alert_policies", first=True)
    cloud.dashboards.clear()
    (found,) = [each for each in verified(cloud).findings if "of this title" in each.message]
    assert own in found.message
    assert copy_ in found.message
    assert found.remedy.startswith(
        "delete none before you know which is the stack's: pulumi stack output --json --stack demo"
    )


def test_a_copy_in_another_stack_is_no_twin() -> None:
    cloud = deployed()
    _doubled(cloud, "alert_policies", first=True)
    cloud.alert_policies["rate_limit_spike-copy"].user_labels["stack"] = "another"
    assert verified(cloud).findings == ()


def test_outputs_are_read_as_pulumi_prints_them() -> None:
    text = """{
        "alert_policies": {"high_churn": "projects/demo/alertPolicies/123"},
        "notification_channels": {"team": "projects/demo/notificationChannels/456"},
        "dashboards": {"overview": "https://console.cloud.google.com/monitoring/dashboards/builder/789?project=demo"},
        "log_metrics": {"enrollments": "loyalty/enrollments"}
    }"""
    assert read_stack_ids(text, "outputs.json") == StackIds({"high_churn": "123"}, {"team": "456"}, {"overview": "789"})


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"alert_policies": []}', "[" * 100_000])
def test_outputs_that_are_something_else_are_an_error_with_the_command(text: str) -> None:
    with pytest.raises(UserError, match="pulumi stack output --json --stack STACK"):
        read_stack_ids(text, "outputs.json")


def test_a_dashboard_without_the_label_of_its_definition_has_no_finding() -> None:
    """It was imported, or deployed by an older version; what it shows is compared, key by key."""
    cloud = deployed()
    for dashboard in cloud.dashboards.values():
        dashboard.labels.clear()
    assert verified(cloud).findings == ()
