"""A repository of 200 mixed files, as they stand side by side in public ones, has no error; one mistake is found."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from loyalty_monitoring.checks.lint.run import lint_paths
from tests.checks.lint.bodies import (
    channel,
    chart,
    dashboard,
    distribution,
    log_based,
    metric,
    policy,
    snooze,
    threshold,
)
from tests.checks.lint.test_terraform import ALL

COPIES = 8


def workflows(n: int) -> Iterator[tuple[str, str]]:
    """What has nothing to do with monitoring, each as its tool takes it."""
    yield f".github/workflows/ci{n}.yaml", "on:\n  push:\n  workflow_dispatch:\njobs:\n  a:\n    if: ${{ always() }}\n"
    yield f"compose/{n}.yml", "x-log: &log {driver: json-file, labels: a}\nservices:\n  a:\n    logging: *log\n"
    yield f"chart{n}/templates/hpa.yaml", "{{- if .Values.on }}\nspec:\n  filter: {{ .Values.f }}\n{{- end }}\n"
    yield f"chart{n}/values.yaml", "filter: a\nlabels: {}\nconditions: []\nempty:\n"
    yield (
        f"k8s/{n}/all.yaml",
        "apiVersion: v1\nkind: List\nitems: [{kind: Pod, status: {conditions: [{type: A}]}}]\n",
    )
    yield f"ansible/{n}.yml", "- hosts: all\n  vars: {filter: '{{ f }}'}\n  tasks:\n  - name: a\n    when: yes\n"
    yield f"gitlab/{n}.yml", "job:\n  script: !reference [.a, script]\n  rules: [{if: $CI, when: on}]\n  labels: [a]\n"
    yield f"cloudformation/{n}.yaml", "Conditions: {A: !Equals [a, b]}\nResources: {B: {Type: C, Filter: !Ref A}}\n"
    yield f"package{n}.json", json.dumps({"name": "a", "filter": "b", "labels": {"type": "email"}})
    yield f"tsconfig{n}.json", '{\n  // a comment\n  "filter": 1,\n}\n'
    yield f"grafana/{n}.json", json.dumps({"title": "a", "panels": [], "templating": {"list": []}, "labels": 1})
    yield f"prometheus/{n}.yaml", "groups:\n- name: a\n  rules:\n  - {alert: A, expr: up == 0, labels: {a: b}}\n"
    yield f"terraform{n}/network.tf", 'resource "google_compute_network" "a" {\n  name = "a" # filter\n}\n'
    yield f"terraform{n}/broken.tf", 'resource "aws_thing" "a" {\n  labels = [\n'
    yield f"openapi/{n}.yaml", "openapi: 3.0.0\npaths:\n  /a: {get: {parameters: [{name: filter, in: query}]}}\n"
    yield (
        f"sinks/{n}.json",
        json.dumps([{"name": "a", "destination": "storage.googleapis.com/b", "filter": "severity>1"}]),
    )


def resources(n: int) -> Iterator[tuple[str, str]]:
    """Healthy resources in the shapes in which tools print them."""
    name = f"shop{n}/errors"
    step = {"alignmentPeriod": "300s", "perSeriesAligner": "ALIGN_DELTA", "groupByFields": ["metric.label.step"]}
    alert = policy(threshold(filter=log_based(name), aggregations=[step]), userLabels=None)
    counted = {"prometheusQuery": f"sum(sum_over_time(logging_googleapis_com:user_shop{n}_errors[5m]))"}
    board = dashboard(
        {"title": "a", "sectionHeader": {"subtitle": "b"}},
        {**chart(), "xyChart": {"dataSets": [{"timeSeriesQuery": counted}]}},
    )
    yield f"monitoring/metric{n}.yaml", yaml.safe_dump(metric(name=name))
    yield f"monitoring/metrics{n}.json", json.dumps({"metrics": [distribution(name=f"shop{n}/latency")]})
    yield f"monitoring/policy{n}.json", json.dumps(alert, indent=2)
    yield f"monitoring/policies{n}.json", json.dumps({"alertPolicies": [alert, policy()], "totalSize": 2})
    yield f"monitoring/dashboard{n}.json", json.dumps(board, indent="\t")
    yield f"monitoring/channels{n}.yaml", yaml.safe_dump_all([channel(), channel(type="pagerduty", labels={})])
    yield f"monitoring/snooze{n}.json", json.dumps(snooze(displayName=f"Release {n}"))
    yield f"infra{n}/monitoring.tf", ALL.replace("shop/errors", f"infra{n}/errors")
    yield f"infra{n}/plan.json", json.dumps(plan(alert, n))


def plan(alert: dict[str, Any], n: int) -> dict[str, Any]:
    after = {"display_name": alert["displayName"], "combiner": "OR", "conditions": [], "user_labels": None}
    change = {"actions": ["create"], "after": after, "after_unknown": {"conditions": True, "id": True}}
    one = {"address": "a.b", "mode": "managed", "type": "google_monitoring_alert_policy", "change": change}
    return {"format_version": "1.2", "terraform_version": "1.9.5", "resource_changes": [one]}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    for n in range(COPIES):
        for path, text in (*workflows(n), *resources(n)):
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_text(text)
    return tmp_path


def test_200_mixed_files_have_no_false_error(repository: Path) -> None:
    linted = lint_paths([repository])
    assert linted.files == 25 * COPIES == 200
    assert [one for one in linted.findings if one.severity == "error"] == []
    assert linted.passed_over == sum(1 for _ in workflows(0)) * COPIES


def test_a_mistake_among_them_is_found(repository: Path) -> None:
    file = repository / "monitoring" / "policy3.json"
    file.write_text(file.read_text().replace('"0s"', '"90s"'))
    (finding,) = [one for one in lint_paths([repository]).findings if one.severity == "error"]
    assert (finding.file, finding.rule) == (str(file), "condition-duration")
