"""The Terraform module: the same resources and values as the program's, in the words that the provider documents."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from loyalty_monitoring.cli import cli
from loyalty_monitoring.definitions.load import load_definitions
from loyalty_monitoring.definitions.settings import load_stack_settings
from loyalty_monitoring.google_cloud.render import render
from loyalty_monitoring.google_cloud.terraform import module
from tests.conftest import ROOT
from tests.google_cloud.test_pulumi_program import SECRETS, STACKS, plain, run

KINDS = {
    "Metric": "google_logging_metric",
    "NotificationChannel": "google_monitoring_notification_channel",
    "AlertPolicy": "google_monitoring_alert_policy",
    "Dashboard": "google_monitoring_dashboard",
}
# hashicorp/terraform-provider-google v7.45.0, website/docs/r/*.html.markdown: the arguments of each resource, and of
# each of its blocks by the block's name. A name that stands for a map of texts has no arguments of its own.
_META = {"project", "depends_on", "lifecycle"}
ARGUMENTS: dict[str, dict[str, set[str]]] = {
    "google_logging_metric": {
        "": _META
        | {"name", "filter", "description", "bucket_name", "disabled", "metric_descriptor", "label_extractors"}
        | {"value_extractor", "bucket_options"},
        "metric_descriptor": {"unit", "value_type", "metric_kind", "labels", "display_name"},
        "labels": {"key", "description", "value_type"},
        "bucket_options": {"linear_buckets", "exponential_buckets", "explicit_buckets"},
        "linear_buckets": {"num_finite_buckets", "width", "offset"},
        "exponential_buckets": {"num_finite_buckets", "growth_factor", "scale"},
        "explicit_buckets": {"bounds"},
        "lifecycle": {"replace_triggered_by"},
    },
    "google_monitoring_notification_channel": {
        "": _META
        | {"type", "labels", "sensitive_labels", "user_labels", "description", "display_name", "enabled"}
        | {"force_delete"},
        "sensitive_labels": {"auth_token", "password", "service_key"},
        "lifecycle": {"create_before_destroy"},
    },
    "google_monitoring_alert_policy": {
        "": _META
        | {"display_name", "combiner", "conditions", "enabled", "notification_channels", "alert_strategy"}
        | {"user_labels", "severity", "documentation"},
        "conditions": {"display_name", "condition_prometheus_query_language"},
        "condition_prometheus_query_language": {"query", "duration", "evaluation_interval", "labels", "rule_group"}
        | {"alert_rule", "disable_metric_validation"},
        "alert_strategy": {"notification_rate_limit", "auto_close", "notification_prompts"}
        | {"notification_channel_strategy"},
        "notification_channel_strategy": {"notification_channel_names", "renotify_interval"},
        "documentation": {"content", "mime_type", "subject", "links"},
        "links": {"display_name", "url"},
    },
    "google_monitoring_dashboard": {"": _META | {"dashboard_json"}},
}
MAPS = {"label_extractors", "user_labels"}


@cache
def rendered(stack: str) -> Any:
    settings = load_stack_settings(ROOT, stack)
    return module(settings, load_definitions(ROOT, settings))


@pytest.fixture(params=STACKS)
def stack(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_the_module_has_the_very_resources_of_the_program(stack: str) -> None:
    resources = rendered(stack)["resource"]
    for kind, name in KINDS.items():
        assert set(resources[name]) == set(run(stack).of(kind))
    assert set(resources) == {*KINDS.values(), "terraform_data"}


def _arguments(block: dict[str, Any], kind: str, name: str = "") -> None:
    known = ARGUMENTS[kind][name]
    assert set(block) <= known, (kind, name)
    for key, value in block.items():
        inner = value if isinstance(value, list) else [value]
        for item in inner:
            if isinstance(item, dict) and key not in MAPS and not (key == "labels" and "channel" in kind):
                _arguments(item, kind, key)


def test_every_argument_is_one_that_the_provider_documents(stack: str) -> None:
    for kind, resources in rendered(stack)["resource"].items():
        for resource in resources.values() if kind in ARGUMENTS else ():
            _arguments(resource, kind)


# --- the same values: the program's inputs, with references in place of names that a deployment gives


def _evaluated(text: str, outputs: dict[str, dict[str, str]]) -> str:
    """A template as Terraform evaluates it, with the names that the stand-in engine gave."""
    folders = dict(zip(KINDS.values(), _OUTPUTS, strict=True))

    def value(found: re.Match[str]) -> str:
        if found[1] is None:
            return found[0][1:]
        name = outputs[folders[found[3]]][found[4]]
        return name.rpartition("/")[2] if found[2] else name

    return re.sub(r"\$\$\{|%%\{|\$\{((basename\()?(\w+)\.([\w-]+)\.name\)?)\}", value, text)


_OUTPUTS = ("log_metrics", "notification_channels", "alert_policies", "dashboards")


def _camel(key: str) -> str:
    return re.sub(r"_(\w)", lambda found: found[1].upper(), key)


def _as_inputs(value: Any, outputs: Any, key: str = "") -> Any:
    """Arguments as the program registers them."""
    if isinstance(value, dict):
        kept = key in MAPS or (key == "labels")
        return {name if kept else _camel(name): _as_inputs(item, outputs, name) for name, item in value.items()}
    if isinstance(value, list):
        return [_as_inputs(item, outputs) for item in value]
    return _evaluated(value, outputs) if isinstance(value, str) else value


def test_every_value_is_the_programs(stack: str) -> None:
    seen = run(stack)
    for kind, name in KINDS.items():
        for resource in seen.of(kind).values():
            given = dict(rendered(stack)["resource"][name][resource.name])
            for own in ("depends_on", "lifecycle"):
                given.pop(own, None)
            found = plain(_as_inputs(given, seen.outputs))
            expected = dict(resource.inputs)
            if "alertStrategy" in expected:
                strategy = dict(expected["alertStrategy"])
                if "notificationChannelStrategies" in strategy:
                    strategy["notificationChannelStrategy"] = strategy.pop("notificationChannelStrategies")
                expected["alertStrategy"] = strategy
            assert _without_secrets(found) == _without_secrets(expected), (kind, resource.name)


def _without_secrets(inputs: dict[str, Any]) -> dict[str, Any]:
    """Inputs without secrets: variables on one side, values on the other."""
    labels = inputs.get("labels")
    if isinstance(labels, dict):
        plain_ones = {k: v for k, v in labels.items() if isinstance(v, str) and not v.startswith("${var.")}
        inputs = {**inputs, "labels": plain_ones}
    return {key: value for key, value in inputs.items() if key != "sensitiveLabels" and value != {}}


def test_a_policy_comes_after_its_metrics_and_a_new_prefix_replaces_every_metric(stack: str) -> None:
    resources = rendered(stack)["resource"]
    for policy in run(stack).of("AlertPolicy").values():
        metrics = set(policy.depends_on) & set(run(stack).of("Metric"))
        waits = resources["google_monitoring_alert_policy"][policy.name]["depends_on"]
        assert set(waits) == {f"google_logging_metric.{metric}" for metric in metrics}
    prefix = load_stack_settings(ROOT, stack).prefix
    names = [f"loyalty/{prefix}" if prefix else "loyalty"]
    assert resources["terraform_data"] == {"metric_names": {"input": names}}
    for metric in resources["google_logging_metric"].values():
        assert metric["lifecycle"] == {"replace_triggered_by": ["terraform_data.metric_names"]}
    for channel in resources["google_monitoring_notification_channel"].values():
        assert channel["lifecycle"] == {"create_before_destroy": True}, "the API deletes none that a policy names"


def test_secrets_are_sensitive_variables_without_a_default() -> None:
    whole = rendered("example-production")
    wanted = {f"{channel}_{label}" for channel, labels in SECRETS.items() for label in labels}
    assert set(whole["variable"]) == wanted
    for variable in whole["variable"].values():
        assert variable["sensitive"] is True
        assert "default" not in variable
    channels = whole["resource"]["google_monitoring_notification_channel"]
    assert channels["oncall"]["sensitive_labels"] == {"service_key": "${var.oncall_service_key}"}
    assert channels["status_page"]["labels"] == {"url": "${var.status_page_url}"}
    assert "variable" not in rendered("demo")


def test_the_outputs_are_the_stacks(stack: str) -> None:
    seen = run(stack).outputs
    outputs = {kind: output["value"] for kind, output in rendered(stack)["output"].items()}
    assert {kind: set(names) for kind, names in outputs.items()} == {kind: set(names) for kind, names in seen.items()}
    for kind in ("log_metrics", "notification_channels", "alert_policies"):
        assert {name: _evaluated(text, seen) for name, text in outputs[kind].items()} == seen[kind]
    for name, link in outputs["dashboards"].items():
        place = f"${{basename(google_monitoring_dashboard.{name}.id)}}"
        assert link.replace(place, f"id-of-{name}") == seen["dashboards"][name]


def test_the_console_s_variables_stay_what_they_are() -> None:
    """`${metric.label.value}` in an alert's text is Cloud Monitoring's, and no template of Terraform's."""
    policies = rendered("demo")["resource"]["google_monitoring_alert_policy"]
    texts = [policy["documentation"]["content"] for policy in policies.values()]
    assert any("$${" in text for text in texts)
    assert not [text for text in texts if re.search(r"(?<!\$)\$\{", text)]


def test_render_writes_one_file_and_removes_what_the_other_format_left(tmp_path: Path) -> None:
    settings = load_stack_settings(ROOT, "demo")
    definitions = load_definitions(ROOT, settings)
    render(settings, definitions, tmp_path)
    (tmp_path / "backend.tf").write_text('terraform {\n  backend "local" {}\n}\n')
    written = render(settings, definitions, tmp_path, output_format="terraform")
    assert written == [tmp_path / "main.tf.json"]
    left = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert left == {"main.tf.json", "backend.tf", ".rendered"}
    assert json.loads(written[0].read_text()) == rendered("demo")


def test_channels_that_a_module_makes_itself_are_not_named_on_the_command_line(tmp_path: Path) -> None:
    words = ["render", "--stack", "demo", "--format", "terraform", "--out", str(tmp_path / "out")]
    found = CliRunner().invoke(cli, [*words, "--channel", "team=projects/p/notificationChannels/1"])
    assert found.exit_code == 2
    assert "--channel is for the API's bodies" in found.output
