"""Files as their tools write them: every shape is read, what is no resource is passed over and counted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from loyalty_monitoring.checks.lint.resources import read_files
from loyalty_monitoring.checks.lint.run import lint_files, lint_paths
from loyalty_monitoring.cli import cli
from tests.checks.lint.bodies import channel, chart, dashboard, log_based, metric, policy, snooze, threshold

# One error that each policy has, so that it is seen to have been read.
BAD = policy(threshold(duration="90s"))
SINK = {"name": "errors", "destination": "bigquery.googleapis.com/projects/p/datasets/d", "filter": "severity>=ERROR"}


def lint(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, ["lint", *map(str, arguments)])


def rules(*paths: Path) -> list[str]:
    return [one.rule for one in lint_files(paths) if one.severity == "error"]


@pytest.mark.parametrize(
    ("name", "text", "number"),
    [
        ("one.json", json.dumps(BAD), 1),
        ("list.json", json.dumps([BAD, BAD]), 2),
        ("answer.json", json.dumps({"alertPolicies": [BAD, BAD], "totalSize": 2, "nextPageToken": ""}), 2),
        ("wrapped.json", json.dumps({"response": {"policy": BAD}}), 1),
        ("deployment.yaml", yaml.safe_dump({"resources": [{"name": "a", "type": "t", "properties": BAD}]}), 1),
        ("by_name.yaml", yaml.safe_dump({"alerts": {"a": BAD, "b": BAD}}), 2),
        ("documents.yaml", f"{yaml.safe_dump(BAD)}---\n{yaml.safe_dump(BAD)}---\n", 2),
        ("values.json", f"{json.dumps(BAD)}\n{json.dumps(BAD)}\n", 2),
        ("pretty.json", f"{json.dumps(BAD, indent=2)}\n{json.dumps([BAD, BAD], indent=2)}", 3),
        ("mark.json", "\ufeff" + json.dumps(BAD), 1),
        ("windows.yaml", yaml.safe_dump(BAD).replace("\n", "\r\n"), 1),
        ("tabs.json", json.dumps(BAD, indent="\t"), 1),
        ("null.json", json.dumps({**BAD, "userLabels": None, "alertStrategy": None, "documentation": None}), 1),
        ("snake.yaml", "display_name: a\ncombiner: OR\nconditions: [{condition_threshold: {duration: 90s}}]\n", 1),
        ("alias.yaml", f"x: &c {json.dumps(BAD['conditions'])}\ndisplayName: a\ncombiner: OR\nconditions: *c\n", 1),
        ("merge.yaml", f"a: &a {json.dumps(BAD)}\nb:\n  <<: *a\n  displayName: b\n", 2),
    ],
)
def test_a_policy_is_read_in_every_shape(tmp_path: Path, name: str, text: str, number: int) -> None:
    (tmp_path / name).write_bytes(text.encode())
    assert rules(tmp_path / name).count("condition-duration") == number
    assert rules(tmp_path).count("condition-duration") == number


def test_what_terraform_would_plan_is_no_resource_in_a_file_of_expectations(tmp_path: Path) -> None:
    values = {**BAD, "timeouts": None, "deletion_policy": "DELETE", "documentation": [{"content": "a"}]}
    expected = {"values": {'module.a.google_monitoring_alert_policy.errors["a"]': values}}
    (tmp_path / "expected.yaml").write_text(yaml.safe_dump(expected))
    linted = lint_paths([tmp_path])
    assert (linted.findings, linted.passed_over) == ([], 1)


def test_a_metric_below_a_name_has_the_name_that_its_tool_gives_it(tmp_path: Path) -> None:
    nameless = {key: value for key, value in metric(filter="severity>=").items() if key != "name"}
    alert = policy(threshold(filter=log_based("errors")))
    (tmp_path / "factory.yaml").write_text(yaml.safe_dump({"logging_metrics": {"errors": nameless}, "alerts": [alert]}))
    assert rules(tmp_path) == ["filter-syntax"]
    (tmp_path / "factory.yaml").write_text(yaml.safe_dump(nameless))
    assert sorted(rules(tmp_path)) == ["filter-syntax", "missing-field"]


def test_the_second_of_two_json_values_has_its_own_lines(tmp_path: Path) -> None:
    file = tmp_path / "two.json"
    first, second = json.dumps(policy(), indent=2), json.dumps(BAD, indent=2)
    file.write_text(f"{first}\n  {second}")
    (finding,) = [one for one in lint_files([file]) if one.rule == "condition-duration"]
    line = file.read_text().splitlines()[finding.line - 1]
    assert line[finding.column - 1 :].startswith('"duration": "90s"')


def test_thousands_of_resources_in_one_file_are_read(tmp_path: Path) -> None:
    file = tmp_path / "export.json"
    file.write_text(json.dumps([BAD] * 4_000))
    assert file.stat().st_size > 1_000_000
    assert len(read_files([file]).resources) == 4_000


@pytest.mark.parametrize("unset", ["userLabels", "alertStrategy", "documentation", "notificationChannels", "severity"])
def test_null_is_unset_in_a_policy(tmp_path: Path, unset: str) -> None:
    (tmp_path / "null.json").write_text(json.dumps(policy(**{unset: None})))
    (tmp_path / "absent.json").write_text(json.dumps(policy()))
    found = {(one.rule, one.message) for one in lint_files([tmp_path / "null.json"])}
    assert found == {(one.rule, one.message) for one in lint_files([tmp_path / "absent.json"])}


def test_null_is_unset_in_charts_and_metrics_too(tmp_path: Path) -> None:
    body = dashboard({**chart(plotType=None), "title": None, "scorecard": None}, etag=None)
    (tmp_path / "dashboard.json").write_text(json.dumps(body))
    (tmp_path / "metric.json").write_text(json.dumps(metric(valueExtractor=None, bucketOptions=None)))
    assert rules(tmp_path) == []


@pytest.mark.parametrize("where", [{"conditions": [None]}, {"notificationChannels": [None]}])
def test_null_in_a_list_is_refused(tmp_path: Path, where: dict[str, Any]) -> None:
    (tmp_path / "a.json").write_text(json.dumps(policy() | where))
    assert "wrong-type" in rules(tmp_path / "a.json")


OTHERS = {
    "workflow.yaml": "on:\n  workflow_dispatch:\njobs: {}\n",
    "compose.yml": "x-a: &a {k: v}\nservices: {b: *a}\nlabels: 1\n",
    "hpa.yaml": "{{- if .Values.on }}\nkind: x\nfilter: y\n{{- end }}\n",
    "gitlab.yml": "job:\n  script: !reference [.setup, script]\n  filter: a\n",
    "stack.yaml": "Resources: {A: {Type: !Ref B, Filter: !Sub '${C}', conditions: 1}}\n",
    "broken.json": '{"filter": [}',
    "twice.yaml": "a: 1\na: 2\nfilter: 1\n",
    "policy.yaml": "apiVersion: v1\nkind: NetworkPolicy\nlabels: {a: b}\nstatus: {conditions: [{type: A}]}\n",
    "connector.yaml": (
        "apiVersion: monitoring.cnrm.cloud.google.com/v1beta1\nkind: MonitoringAlertPolicy\n"
        "spec: {combiner: OR, displayName: a, conditions: []}\n"
    ),
    "sinks.json": json.dumps([SINK]),
    "azure.json": json.dumps({"displayName": "MFA", "conditions": {"users": {}}, "grantControls": {"operator": "OR"}}),
    "grafana.json": json.dumps({"title": "a", "panels": [{"gridPos": {"h": 1}}], "labels": 1}),
    "package.json": json.dumps({"name": "a", "filter": "b", "scripts": {}}),
    "rules.yaml": "groups:\n- name: a\n  rules: [{alert: A, expr: up == 0, labels: {severity: page}}]\n",
    "Pulumi.dev.yaml": "config: {a: {channels: {x: {type: email, displayName: a, labels: {}, priorities: [P0]}}}}\n",
    "policy.schema.json": json.dumps({"$schema": "a", "properties": {"combiner": {"enum": []}, "conditions": {}}}),
    "openapi.yaml": "components: {P: {properties: {displayName: {type: string}, combiner: {}, conditions: {}}}}\n",
    "latin.yaml": None,
}


@pytest.mark.parametrize("name", OTHERS)
def test_in_a_folder_what_is_no_resource_is_passed_over_and_counted(tmp_path: Path, name: str) -> None:
    (tmp_path / "policy.json").write_text(json.dumps(policy()))
    (tmp_path / name).write_bytes((OTHERS[name] or "").encode() or b"filter: \xe4\n")
    linted = lint_paths([tmp_path])
    assert [one for one in linted.findings if one.severity == "error"] == []
    assert (linted.files, linted.passed_over) == (2, 1)
    assert lint(tmp_path).exit_code == 0


@pytest.mark.parametrize("name", OTHERS)
def test_named_on_the_command_line_it_is_an_error(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes((OTHERS[name] or "").encode() or b"filter: \xe4\n")
    assert set(rules(tmp_path / name)) <= {"file-kind", "file-syntax"}
    assert lint(tmp_path / name).exit_code == 1


def test_what_was_passed_over_is_said(tmp_path: Path) -> None:
    for name in ("workflow.yaml", "compose.yml"):
        (tmp_path / name).write_text(str(OTHERS[name]))
    assert lint(tmp_path).output == "no findings; 2 files without a resource passed over\n"
    said = json.loads(lint(tmp_path, "--format", "json").output)
    assert (said["findings"], said["files"], said["passed_over"]) == ([], 2, 2)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("sinks.json", "log sinks"),
        ("policy.yaml", "Kubernetes"),
        ("grafana.json", "Grafana"),
        ("rules.yaml", "Prometheus"),
    ],
)
def test_the_error_says_what_a_named_file_holds(tmp_path: Path, name: str, words: str) -> None:
    (tmp_path / name).write_text(str(OTHERS[name]))
    (finding,) = lint_files([tmp_path / name])
    assert words in finding.message


@pytest.mark.parametrize(
    "sink",
    [
        SINK,
        {**SINK, "writerIdentity": "serviceAccount:a@example.iam.gserviceaccount.com"},
        {"name": "_Default", "destination": "logging.googleapis.com/projects/p/locations/global/buckets/_Default"},
        {**SINK, "exclusions": [{"name": "noise", "filter": "severity<INFO", "disabled": True}]},
    ],
)
@pytest.mark.parametrize("wrap", [lambda one: one, lambda one: [one], lambda one: {"sinks": [one]}])
def test_a_sink_is_no_metric(tmp_path: Path, sink: Any, wrap: Any) -> None:
    (tmp_path / "sinks.json").write_text(json.dumps(wrap(sink)))
    assert read_files([tmp_path]).resources == []


@pytest.mark.parametrize(
    "mistake", ["conditions: [", "displayName: a\nmosaicLayout: {columns: 48\n", '"metricDescriptor": {,']
)
def test_a_resource_that_cannot_be_parsed_does_not_go_unread(tmp_path: Path, mistake: str) -> None:
    text = mistake.replace("conditions: [", "conditions:\n- conditionThreshold: {\n")
    (tmp_path / "a.yaml").write_text(text)
    assert rules(tmp_path) == ["file-syntax"]


def test_a_key_that_stands_twice_in_a_resource_is_an_error_and_the_rest_is_checked(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(yaml.safe_dump(BAD) + "combiner: AND\n")
    assert sorted(rules(tmp_path)) == ["condition-duration", "file-syntax"]


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (policy(), "alert_policy"),
        (dashboard(), "dashboard"),
        (metric(), "log_metric"),
        ({"name": "a", "filter": "severity=ERROR"}, "log_metric"),
        (channel(), "notification_channel"),
        (
            channel(name="projects/p/notificationChannels/1", verificationStatus="VERIFIED", labels={}),
            "notification_channel",
        ),
        (snooze(), "snooze"),
    ],
)
def test_every_kind_is_known_by_its_fields(tmp_path: Path, body: dict[str, Any], kind: str) -> None:
    (tmp_path / "a.json").write_text(json.dumps(body))
    assert [one.kind for one in read_files([tmp_path]).resources] == [kind]


@pytest.mark.parametrize(
    "name", ["shop/errors", "projects/acme/metrics/shop%2Ferrors", "projects/acme/metrics/shop/errors"]
)
def test_a_metric_is_known_by_its_short_and_its_full_name(tmp_path: Path, name: str) -> None:
    resources = [metric(name=name), policy(threshold(filter=log_based("shop/errors")))]
    (tmp_path / "a.json").write_text(json.dumps(resources))
    assert not {"metric-unused", "threshold-unknown-metric", "metric-limits"} & {
        one.rule for one in lint_files([tmp_path])
    }


def test_a_definition_file_of_this_tool_is_read_without_its_own_block(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(yaml.safe_dump({"shop": {"rows": ["A1"], "priority": "P0"}, **BAD}))
    assert rules(tmp_path / "a.yaml") == ["condition-duration"]
    (tmp_path / "a.yaml").write_text(yaml.safe_dump({"shop": {"owner": "a"}, **BAD}))
    assert sorted(rules(tmp_path / "a.yaml")) == ["condition-duration", "unknown-field"]
