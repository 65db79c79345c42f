"""The unchanged program, run as an update and as a preview for two stacks: what Pulumi's engine is told."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml

from loyalty_monitoring.definitions.load import load_definitions
from loyalty_monitoring.definitions.metric_usage import readers
from loyalty_monitoring.definitions.settings import load_stack_settings
from loyalty_monitoring.google_cloud.render import render
from tests.conftest import ROOT
from tests.google_cloud.stand_in_engine import UNKNOWN, Resource, Run, Secret, plain, run_program

STACKS = ("demo", "example-production")
MARK = "SENTINEL"
SECRETS = {
    "oncall": {"service_key": f"{MARK}-key"},
    "team_chat": {"auth_token": f"{MARK}-token"},
    "incident_log": {"password": f"{MARK}-password"},
    "status_page": {"url": f"https://example.com/hook?auth_token={MARK}-url"},
}
FOLDERS = {
    "Metric": "log_metrics",
    "AlertPolicy": "alert_policies",
    "Dashboard": "dashboards",
    "NotificationChannel": "notification_channels",
}


@cache
def run(stack: str, preview: bool = False) -> Run:
    return run_program(ROOT, stack, preview=preview, secrets=SECRETS if stack == "example-production" else None)


@pytest.fixture(params=STACKS)
def stack(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A copy of the program whose files a test may change."""
    for name in ("__main__.py", *(path.name for path in ROOT.glob("*.yaml"))):
        shutil.copy(ROOT / name, tmp_path)
    for folder in ("log_metrics", "alert_policies", "dashboards", "runbooks"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    return tmp_path


def refusal(directory: Path, stack: str = "demo", **how: Any) -> str:
    """The message of a run that stops before anything is registered."""
    with pytest.raises(pulumi.RunError) as caught:
        run_program(directory, stack, **how)
    assert caught.value.__cause__ is None, "no traceback of ours"
    assert MARK not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("preview", [False, True])
def test_every_definition_is_declared_once_under_the_name_of_its_file(stack: str, preview: bool) -> None:
    seen = run(stack, preview)
    for kind in ("Metric", "AlertPolicy", "Dashboard"):
        assert set(seen.of(kind)) == {path.stem for path in (ROOT / FOLDERS[kind]).rglob("*.yaml")}
    settings = load_stack_settings(ROOT, stack)
    assert set(seen.of("NotificationChannel")) == {channel.name for channel in settings.channels}
    assert {resource.type for resource in seen.resources} == {
        "gcp:logging/metric:Metric",
        "gcp:monitoring/alertPolicy:AlertPolicy",
        "gcp:monitoring/dashboard:Dashboard",
        "gcp:monitoring/notificationChannel:NotificationChannel",
    }


def test_names_do_not_depend_on_the_stack_or_the_kind_of_run() -> None:
    for kind in ("Metric", "AlertPolicy", "Dashboard"):
        names = [set(run(stack, preview).of(kind)) for stack in STACKS for preview in (False, True)]
        assert all(each == names[0] for each in names)


def test_everything_is_a_child_of_the_stack_in_the_stacks_project(stack: str) -> None:
    project = load_stack_settings(ROOT, stack).project
    for resource in run(stack).resources:
        assert resource.request.parent.endswith(f"pulumi:pulumi:Stack::loyalty-monitoring-{stack}")
        assert resource.inputs["project"] == project
        assert resource.request.custom
        assert not resource.request.protect
        assert not resource.request.ignoreChanges


def test_a_policy_waits_for_the_metrics_that_it_reads_and_the_channels_that_it_notifies_and_for_nothing_else(
    stack: str,
) -> None:
    settings = load_stack_settings(ROOT, stack)
    definitions = load_definitions(ROOT, settings)
    read = {metric: set(found.alerts) for metric, found in readers(definitions).items()}
    for policy in definitions.alert_policies:
        resource = run(stack).of("AlertPolicy")[policy.name]
        channels = {channel.name for channel in settings.channels_of(policy.priority)}
        metrics = {metric for metric, alerts in read.items() if policy.name in alerts}
        assert metrics
        assert set(resource.depends_on) == metrics | channels


def test_a_dashboard_waits_for_the_policies_that_it_shows_and_for_nothing_else(stack: str) -> None:
    seen = run(stack)
    names = seen.outputs["alert_policies"]
    for dashboard in seen.of("Dashboard").values():
        shown = {name for name, id in names.items() if id.split("/", 2)[2] in dashboard.inputs["dashboardJson"]}
        assert set(dashboard.depends_on) == shown


def test_a_channel_waits_for_nothing(stack: str) -> None:
    assert {channel.depends_on for channel in run(stack).of("NotificationChannel").values()} == {()}


POLICIES = sorted(path.stem for path in (ROOT / "alert_policies").glob("*.yaml"))


@pytest.mark.parametrize("refused", [POLICIES[0], POLICIES[-1]])
def test_one_refused_policy_keeps_no_other_from_being_deployed(refused: str) -> None:
    seen = run_program(ROOT, "demo", refuse=refused)
    policies = {path.stem for path in (ROOT / "alert_policies").glob("*.yaml")}
    assert set(seen.of("AlertPolicy")) == policies - {refused}
    assert len(seen.of("NotificationChannel")) == len(run("demo").of("NotificationChannel"))
    dashboards = run("demo").of("Dashboard")
    missing = set(dashboards) - set(seen.of("Dashboard"))
    assert missing == {name for name, each in dashboards.items() if refused in each.depends_on}


def test_a_metric_has_its_own_name_and_is_replaced_when_its_name_or_type_changes(stack: str) -> None:
    """Its name as well: the provider would write a second metric and forget the first."""
    prefix = load_stack_settings(ROOT, stack).prefix
    for name, metric in run(stack).of("Metric").items():
        assert metric.inputs["name"] == (f"loyalty/{prefix}/{name}" if prefix else f"loyalty/{name}")
        replaced = ["name", "metricDescriptor.metricKind", "metricDescriptor.valueType"]
        assert list(metric.request.replaceOnChanges) == replaced
        assert metric.request.deleteBeforeReplace, "the name is taken until the old metric is gone"


def dashboards_of(program: Path) -> dict[str, str]:
    return {name: each.inputs["dashboardJson"] for name, each in run_program(program, "demo").of("Dashboard").items()}


def test_each_change_of_a_dashboard_is_a_change_that_the_provider_sees_a_removed_key_too(program: Path) -> None:
    """The provider leaves out what the program no longer mentions; a key with another name, it does not."""
    (program / "dashboards").unlink()
    shutil.copytree(ROOT / "dashboards", program / "dashboards")
    before = dashboards_of(program)
    assert dashboards_of(program) == before, "without a change there is none"
    (changed, file) = next(
        (file.stem, file)
        for file in sorted((program / "dashboards").glob("*.yaml"))
        if "dividerBelow: true" in file.read_text()
    )
    file.write_text(file.read_text().replace("dividerBelow: true", "dividerBelow: false", 1))
    after = dashboards_of(program)
    assert {name for name in before if before[name] != after[name]} == {changed}
    (old,), (new,) = (json.loads(texts[changed])["labels"] for texts in (before, after))
    assert old != new
    assert re.fullmatch(r"definition-[0-9a-f]{12}", new)


def test_the_provider_does_not_warn_of_a_project_that_no_resource_needs() -> None:
    config = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["config"]
    assert config["gcp:disableGlobalProjectWarning"] == {"value": True}


def test_a_replaced_channel_is_deleted_only_after_the_policies_name_the_new_one(stack: str) -> None:
    seen = run(stack)
    for channel in seen.of("NotificationChannel").values():
        assert channel.request.deleteBeforeReplaceDefined
        assert not channel.request.deleteBeforeReplace
        assert channel.inputs["forceDelete"] is False, "would mute policies without a word"
    for policy in seen.of("AlertPolicy").values():
        uses = policy.request.propertyDependencies["notificationChannels"].urns
        assert {urn.rpartition("::")[2] for urn in uses} <= set(seen.of("NotificationChannel"))
        assert len(uses) >= len(policy.inputs["notificationChannels"])


def test_each_policy_notifies_exactly_the_channels_of_its_priority(stack: str) -> None:
    settings = load_stack_settings(ROOT, stack)
    channels = run(stack).outputs["notification_channels"]
    for policy in load_definitions(ROOT, settings).alert_policies:
        expected = [channels[channel.name] for channel in settings.channels_of(policy.priority)]
        inputs = run(stack).of("AlertPolicy")[policy.name].inputs
        assert inputs["notificationChannels"] == expected
        again = inputs["alertStrategy"].get("notificationChannelStrategies", [])
        assert bool(again) == (policy.priority == "P0"), "only P0 notifies again"
        for strategy in again:
            assert strategy["notificationChannelNames"] == expected
            assert re.fullmatch(r"[0-9]+s", strategy["renotifyInterval"])


def test_a_silent_priority_has_no_channel_and_nothing_to_notify_again() -> None:
    changes = {"channels": {}, "silentPriorities": ["P0", "P1", "P2"]}
    for policy in run_program(ROOT, "demo", changes=changes).of("AlertPolicy").values():
        assert policy.inputs["notificationChannels"] == []
        assert "notificationChannelStrategies" not in policy.inputs["alertStrategy"]


def test_policies_and_channels_are_labelled_with_stack_and_environment(stack: str) -> None:
    settings = load_stack_settings(ROOT, stack)
    seen = run(stack)
    for resource in [*seen.of("AlertPolicy").values(), *seen.of("NotificationChannel").values()]:
        assert settings.user_labels.items() <= resource.inputs["userLabels"].items()


def test_dashboards_name_the_deployed_policies_and_are_written_canonically(stack: str) -> None:
    seen = run(stack)
    names = seen.outputs["alert_policies"]
    used: set[str] = set()
    for dashboard in seen.of("Dashboard").values():
        text = dashboard.inputs["dashboardJson"]
        body = json.loads(text)
        assert text == json.dumps(body, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        used |= set(re.findall(r'"(projects/[^"]*/alertPolicies/[^"]*)"', text))
        for short in re.findall(r'"(alertPolicies/[^"]*)"', text):
            assert short in {name.split("/", 2)[2] for name in names.values()}
    assert used == set(names.values()), "every alert is on a chart, under its real name"


def test_the_outputs_name_everything_and_link_to_the_dashboards(stack: str) -> None:
    seen = run(stack)
    assert {kind: set(names) for kind, names in seen.outputs.items()} == {
        FOLDERS[kind]: set(seen.of(kind)) for kind in FOLDERS
    }
    project = load_stack_settings(ROOT, stack).project
    for name, link in seen.outputs["dashboards"].items():
        address = "https://console.cloud.google.com/monitoring/dashboards/builder"
        assert link == f"{address}/id-of-{name}?project={project}"
    assert seen.outputs["log_metrics"] == {name: each.inputs["name"] for name, each in seen.of("Metric").items()}


def test_a_preview_differs_only_in_what_a_deployment_gives(stack: str) -> None:
    planned, deployed = run(stack, preview=True), run(stack)
    for kind in FOLDERS:
        for name, resource in planned.of(kind).items():
            inputs = _without_unknown(resource.inputs)
            assert inputs.items() <= _without_names(deployed.of(kind)[name].inputs).items(), (kind, name)
            request, other = resource.request, deployed.of(kind)[name].request
            assert request.deleteBeforeReplace == other.deleteBeforeReplace
            assert resource.depends_on == deployed.of(kind)[name].depends_on


def _without_unknown(inputs: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in _without_names(inputs).items() if UNKNOWN not in repr(value)}


def _without_names(inputs: dict[str, Any]) -> dict[str, Any]:
    strategy = dict(inputs.get("alertStrategy", {}))
    strategy.pop("notificationChannelStrategies", None)
    return {**inputs, "alertStrategy": strategy} if strategy else inputs


def test_what_is_registered_is_what_render_writes(stack: str, tmp_path: Path) -> None:
    settings = load_stack_settings(ROOT, stack)
    files = render(settings, load_definitions(ROOT, settings), tmp_path)
    seen = run(stack)
    assert len(files) == len(seen.resources)
    names = seen.outputs["alert_policies"]
    for resource in seen.resources:
        file = tmp_path / FOLDERS[resource.kind] / f"{resource.name}.json"
        assert plain(json.loads(file.read_text())) == _as_rendered(resource, names), file.name


def _as_rendered(resource: Resource, policies: dict[str, str]) -> Any:
    """Inputs without what a render cannot know: project, names of channels and policies, secrets."""
    if resource.kind == "Dashboard":
        text = resource.inputs["dashboardJson"]
        for name, deployed in policies.items():
            short = deployed.split("/", 2)[2]
            text = text.replace(f'{short}"', f'alertPolicies/{name}"')
        return plain(json.loads(text))
    unwanted = {"project", "notificationChannels", "forceDelete", "sensitiveLabels"}
    inputs = {key: value for key, value in _without_names(resource.inputs).items() if key not in unwanted}
    if "labels" in inputs:
        inputs["labels"] = {key: value for key, value in inputs["labels"].items() if not isinstance(value, Secret)}
    return {key: value for key, value in inputs.items() if value != {}}


@pytest.mark.parametrize("preview", [False, True])
def test_secrets_arrive_as_pulumi_secrets_and_nowhere_else(preview: bool, capfd: pytest.CaptureFixture[str]) -> None:
    seen = run_program(ROOT, "example-production", preview=preview, secrets=SECRETS)
    channels = seen.of("NotificationChannel")
    assert channels["oncall"].inputs["sensitiveLabels"]["serviceKey"].value == f"{MARK}-key"
    assert channels["team_chat"].inputs["sensitiveLabels"]["authToken"].value == f"{MARK}-token"
    assert channels["incident_log"].inputs["sensitiveLabels"]["password"].value == f"{MARK}-password"
    assert channels["status_page"].inputs["labels"]["url"].value == SECRETS["status_page"]["url"]
    for name in SECRETS:
        assert list(channels[name].request.additionalSecretOutputs) == ["labels", "sensitiveLabels"]
    assert sum(message.count(MARK) for message in seen.messages) == len(SECRETS)
    assert MARK not in repr(seen.resources[0].inputs)
    shown = [repr([(resource.name, resource.inputs) for resource in seen.resources]), repr(seen.outputs), *seen.log]
    assert not [text for text in shown if MARK in text]
    printed = capfd.readouterr()
    assert MARK not in printed.out + printed.err


def test_two_stacks_in_one_project_share_no_name() -> None:
    def names(stack: str) -> set[str]:
        titles = [json.loads(d.inputs["dashboardJson"])["displayName"] for d in run(stack).of("Dashboard").values()]
        policies = [policy.inputs["displayName"] for policy in run(stack).of("AlertPolicy").values()]
        channels = [channel.inputs["displayName"] for channel in run(stack).of("NotificationChannel").values()]
        return {*titles, *policies, *channels, *run(stack).outputs["log_metrics"].values()}

    assert not names("demo") & names("example-production")
    for policy in run("example-production").of("AlertPolicy").values():
        query = policy.inputs["conditions"][0]["conditionPrometheusQueryLanguage"]["query"]
        assert set(re.findall(r"user_loyalty_\w{3}", query)) == {"user_loyalty_eu_"}


def test_a_mistyped_setting_stops_the_program() -> None:
    message = refusal(ROOT, changes={"silentPriority": ["P2"]})
    assert "unknown setting loyalty-monitoring:silentPriority; did you mean 'silentPriorities'?" in message


def test_a_missing_setting_stops_the_program() -> None:
    assert "loyalty-monitoring:runbookUrl is missing" in refusal(ROOT, changes={"runbookUrl": None})


@pytest.fixture
def program_of_tests(project: Path) -> Path:
    """The program, beside the definitions of the tests' own project."""
    shutil.copy(ROOT / "__main__.py", project)
    return project


def test_an_unknown_parameter_stops_the_program(program_of_tests: Path) -> None:
    assert "rate_limit_requests" in refusal(program_of_tests, changes={"parameters": {"rate_limit_request": 5}})


def test_a_parameter_of_the_stack_moves_the_alert(program_of_tests: Path) -> None:
    policy = run_program(program_of_tests, "demo", changes={"parameters": {"rate_limit_requests": "123"}}).of(
        "AlertPolicy"
    )
    condition = policy["rate_limit_spike"].inputs["conditions"][0]
    assert condition["conditionPrometheusQueryLanguage"]["query"].endswith("> 123")
    assert "123" in condition["displayName"]


def test_an_error_stands_at_its_line_of_the_stacks_file(program: Path) -> None:
    file = program / "Pulumi.demo.yaml"
    file.write_text(file.read_text().replace("k8s_container", "k8s_pod"))
    line = file.read_text().splitlines().index("  loyalty-monitoring:resourceType: k8s_pod") + 1
    assert refusal(program).startswith(f"{file}:{line}:")


@pytest.mark.parametrize("missing", [["oncall"], sorted(SECRETS)])
def test_secrets_without_a_value_are_all_named_with_the_commands_that_set_them(missing: list[str]) -> None:
    secrets = {name: values for name, values in SECRETS.items() if name not in missing}
    message = refusal(ROOT, "example-production", secrets=secrets)
    commands = [
        f"  pulumi config set --secret --path 'channelSecrets.{name}.{label}' VALUE --stack example-production"
        for name in missing
        for label in SECRETS[name]
    ]
    assert sorted(message.splitlines()[1:]) == sorted(commands)


@pytest.mark.parametrize(
    ("secrets", "words"),
    [
        ({"onkall": {"service_key": MARK}}, "onkall belongs to no channel; did you mean 'oncall'?"),
        ({"oncall": {"servicekey": MARK}}, "did you mean 'service_key'?"),
        ({"oncall": MARK}, "no value for the secret labels oncall.service_key; run:"),
        ({"oncall": {"service_key": ""}}, "no value for the secret labels oncall.service_key; run:"),
    ],
)
def test_a_secret_that_belongs_to_nothing_is_an_error(secrets: dict[str, Any], words: str) -> None:
    assert words in refusal(ROOT, "example-production", secrets={**SECRETS, **secrets})


def test_secrets_in_plain_text_stop_the_program(program: Path) -> None:
    message = refusal(ROOT, "example-production", changes={"channelSecrets": SECRETS})
    assert "stands in plain text; revoke these values" in message
    file = program / "Pulumi.example-production.yaml"
    file.write_text(
        file.read_text() + f"  loyalty-monitoring:channelSecrets:\n    oncall:\n      service_key: {MARK}\n"
    )
    message = refusal(program, "example-production", secrets=SECRETS)
    assert "channelSecrets.oncall.service_key stands in plain text" in message


def test_secrets_that_are_no_mapping_are_not_shown() -> None:
    assert "must be a mapping" in refusal(ROOT, "example-production", secrets=[MARK])
    assert "must be a mapping or a list" in refusal(ROOT, changes={"channels": f"{MARK} {{"})


def test_a_secret_in_another_setting_is_an_error() -> None:
    assert "holds a secret" in refusal(ROOT, secret_keys=("channels",))


def test_settings_may_come_from_elsewhere_than_the_stacks_file(program: Path) -> None:
    seen = run_program(program, "demo", before=lambda: (program / "Pulumi.demo.yaml").unlink())
    assert seen.outputs == run("demo").outputs


def test_a_deployment_imports_nothing_that_replays_or_draws() -> None:
    """A deployment needs neither Prometheus nor the database; what lints before it is a process of its own."""
    script = (
        "import sys\nfrom pathlib import Path\nfrom tests.google_cloud.stand_in_engine import run_program\n"
        "run_program(Path.cwd(), 'demo')\nprint(*sorted(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    imported = set(done.stdout.split())
    assert "loyalty_monitoring.google_cloud.pulumi_resources" in imported
    for name in ("duckdb", "jinja2", "sqlglot", "celery", "loyalty_simulation", "loyalty_monitoring.common.database"):
        assert name not in imported
    for room in ("replay", "report", "proof", "cost", "backtest", "commands"):
        assert not [module for module in imported if module.startswith(f"loyalty_monitoring.{room}")]
