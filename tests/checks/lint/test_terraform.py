"""Terraform: what is written is checked where it stands, in Terraform's words; what is not known yet is not judged."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loyalty_monitoring.checks.lint.resources import read_files
from loyalty_monitoring.checks.lint.rule import LintFinding, Project, Resource
from loyalty_monitoring.checks.lint.rules import all_rules
from loyalty_monitoring.checks.lint.run import lint_files, lint_paths
from loyalty_monitoring.checks.lint.terraform import KINDS
from loyalty_monitoring.common.yaml_documents import Document
from loyalty_monitoring.google_cloud.api_messages import Kind

METRIC = """resource "google_logging_metric" "errors" {
  name   = "shop/errors"
  filter = "resource.type=\\"k8s_container\\" AND jsonPayload.event=\\"checkout_failed\\""
  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"
    labels {
      key         = "step"
      value_type  = "STRING"
      description = "Where in the checkout"
    }
  }
  label_extractors = { "step" = "EXTRACT(jsonPayload.step)" }
}
"""
POLICY = """resource "google_monitoring_alert_policy" "errors" {
  display_name = "Shop errors"
  combiner     = "OR"
  severity     = "ERROR"
  enabled      = true
  conditions {
    display_name = "c"
    condition_threshold {
      filter          = "metric.type=\\"logging.googleapis.com/user/shop/errors\\" resource.type=\\"k8s_container\\""
      comparison      = "COMPARISON_GT"
      threshold_value = 5
      duration        = "0s"
      aggregations {
        alignment_period     = "300s"
        per_series_aligner   = "ALIGN_DELTA"
        cross_series_reducer = "REDUCE_SUM"
        group_by_fields      = ["metric.label.step"]
      }
      trigger { count = 1 }
    }
  }
  alert_strategy {
    auto_close = "1800s"
    notification_prompts = ["OPENED", "CLOSED"]
  }
  documentation {
    content   = "See the runbook."
    mime_type = "text/markdown"
    links {
      display_name = "Runbook"
      url          = "https://runbooks.example.com/shop"
    }
  }
  notification_channels = [google_monitoring_notification_channel.mail.name]
  user_labels = { team = "shop" }
}
"""
CHANNEL = """resource "google_monitoring_notification_channel" "mail" {
  display_name = "Shop"
  type         = "slack"
  labels       = { channel_name = "#shop", team = "acme" }
  sensitive_labels { auth_token = var.token }
  force_delete = false
}
"""
DASHBOARD = """resource "google_monitoring_dashboard" "shop" {
  project        = var.project
  dashboard_json = jsonencode({
    displayName = "Shop"
    mosaicLayout = {
      columns = 48
      tiles = [
        {
          width  = 24
          height = 16
          widget = {
            title = "Errors"
            xyChart = {
              dataSets = [{
                plotType        = "LINE"
                timeSeriesQuery = { prometheusQuery = "up", unitOverride = "1" }
              }]
            }
          }
        }
      ]
    }
  })
}
"""
ALL = METRIC + POLICY + CHANNEL + DASHBOARD


def lint(folder: Path, text: str, name: str = "main.tf") -> list[LintFinding]:
    (folder / name).write_text(text)
    return lint_files([folder])


def errors(found: list[LintFinding]) -> list[LintFinding]:
    return [one for one in found if one.severity == "error"]


def line_of(text: str, part: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), 1) if part in line)


def test_resources_without_a_mistake_have_no_finding(tmp_path: Path) -> None:
    assert lint(tmp_path, ALL) == []
    assert [one.kind for one in read_files([tmp_path]).resources] == [
        "log_metric",
        "alert_policy",
        "notification_channel",
        "dashboard",
    ]


@pytest.mark.parametrize(
    ("old", "new", "rule", "said"),
    [
        ('combiner     = "OR"', 'combiner     = "ORR"', "unknown-value", "combiner 'ORR'"),
        ('duration        = "0s"', 'duration        = "90s"', "condition-duration", "duration is 90 s"),
        ('auto_close = "1800s"', 'auto_close = "600s"', "policy-strategy", "auto_close is 600 s"),
        ('auto_close = "1800s"', 'auto_closing = "600s"', "unknown-field", "'auto_closing' is no argument"),
        ("threshold_value = 5", 'threshold_value = "five"', "wrong-type", "threshold_value is 'five'"),
        ('"ALIGN_DELTA"', '"ALIGN_RATES"', "unknown-value", "per_series_aligner 'ALIGN_RATES'"),
        ('"metric.label.step"', '"metric.label.stepp"', "threshold-unknown-label", "metric.labels.stepp"),
        ("user/shop/errors", "user/shop/error", "threshold-unknown-metric", "'shop/error'"),
        ('display_name = "Runbook"', 'display_name = ""', "missing-field", "link has no display_name"),
        ('metric_kind = "DELTA"', 'metric_kind = "GAUGE"', "metric-kind", "is GAUGE INT64"),
        ('team = "shop"', 'Team = "shop"', "policy-limits", "'Team' is no key"),
        ('channel_name = "#shop"', 'channel = "#shop"', "channel-labels", "no label 'channel'"),
        ('plotType        = "LINE"', 'plotType        = "LINES"', "unknown-value", "plotType 'LINES'"),
        ("dataSets = [{", "dataSet = [{", "unknown-field", "'dataSet' is no field"),
        ("height = 16", "height = 0", "dashboard-columns", "the tile has height 0"),
    ],
)
def test_a_mistake_is_found_at_its_line_in_terraforms_words(
    tmp_path: Path, old: str, new: str, rule: str, said: str
) -> None:
    text = ALL.replace(old, new, 1)
    assert text != ALL
    (finding,) = [one for one in errors(lint(tmp_path, text)) if one.rule == rule]
    assert said in finding.message
    assert finding.file == str(tmp_path / "main.tf")
    written = text.splitlines()[finding.line - 1]
    assert 1 <= finding.column <= len(written)
    types = ("google_logging_metric.errors", "google_monitoring_alert_policy.errors")
    others = ("google_monitoring_notification_channel.mail", "google_monitoring_dashboard.shop")
    assert finding.message.startswith(tuple(f"{one}: " for one in (*types, *others)))


def test_the_column_is_that_of_the_argument(tmp_path: Path) -> None:
    text = POLICY.replace('duration        = "0s"', 'duration        = "90s"')
    (finding,) = [one for one in lint(tmp_path, text) if one.rule == "condition-duration"]
    assert (finding.line, finding.column) == (line_of(text, '"90s"'), 7)


LOCALS = """
locals {
  metric = "shop/errors"
  wait   = 60 * 2
  labels = { team = "shop", tier = "1" }
  filter = <<-EOT
    metric.type="logging.googleapis.com/user/${local.metric}"
      resource.type="k8s_container"
  EOT
  board = jsonencode({ displayName = "a", gridLayout = { widgets = [{ title = "nothing" }] } })
}
variable "duration" {
  default = "90s"
}
"""


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ('duration        = "0s"', "duration        = var.duration", "condition-duration"),
        ('duration        = "0s"', 'duration        = "${local.wait + 1}s"', "condition-duration"),
        ('duration        = "0s"', 'duration        = format("%ds", local.wait / 4)', "condition-duration"),
        ("user_labels = {", "user_labels = merge(local.labels, { Cost = 1 }, {", "policy-limits"),
        ('combiner     = "OR"', 'combiner     = true ? "ORR" : "OR"', "unknown-value"),
        ('combiner     = "OR"', 'combiner     = lower("OR")', "unknown-value"),
    ],
)
def test_locals_defaults_and_plain_functions_are_used(tmp_path: Path, old: str, new: str, rule: str) -> None:
    text = POLICY.replace(old, new)
    text = text.replace('team = "shop" }\n', 'team = "shop" })\n') if "merge(" in new else text
    (tmp_path / "locals.tf").write_text(LOCALS)
    assert rule in {one.rule for one in lint(tmp_path, text)}


def test_the_name_of_a_metric_is_followed_from_policy_to_metric(tmp_path: Path) -> None:
    for written in ("${google_logging_metric.errors.name}", "${google_logging_metric.errors.id}", "${local.metric}"):
        text = (
            METRIC + LOCALS + POLICY.replace("user/shop/errors", f"user/{written}").replace("label.step", "label.stp")
        )
        rules = {one.rule for one in lint(tmp_path, text)}
        assert "threshold-unknown-label" in rules
        assert not {"metric-unused", "threshold-unknown-metric"} & rules


def test_a_filter_of_a_local_heredoc_is_read(tmp_path: Path) -> None:
    written = POLICY.splitlines()[8]
    text = METRIC + LOCALS + POLICY.replace(written, "      filter = local.filter")
    found = lint(tmp_path, text.replace("label.step", "label.stp"))
    assert [one.rule for one in errors(found)] == ["threshold-unknown-label"]


def test_a_dashboard_stands_in_a_local_or_a_heredoc(tmp_path: Path) -> None:
    local = 'resource "google_monitoring_dashboard" "a" {\n  dashboard_json = local.board\n}\n'
    (finding,) = [one for one in lint(tmp_path, LOCALS + local) if one.rule == "missing-field"]
    assert finding.line == line_of(LOCALS, "nothing")
    body = {"displayName": "a ${var.env}", "gridLayout": {"widgets": [{"title": "nothing"}]}}
    for start in ("<<EOF", "<<-EOF"):
        indented = json.dumps(body, indent=2).replace("\n", "\n    ")
        text = f'resource "google_monitoring_dashboard" "a" {{\n  dashboard_json = {start}\n    {indented}\nEOF\n}}\n'
        (finding,) = [one for one in lint(tmp_path, text) if one.rule == "missing-field"]
        assert finding.line == line_of(text, "nothing") - 1


@pytest.mark.parametrize("hole", ['"columns": ${var.columns}', '"columns": "${var.columns}"', '"columns": ${2 + 1}'])
def test_values_in_a_heredoc_may_be_unknown(tmp_path: Path, hole: str) -> None:
    board = '{"displayName": "a", "gridLayout": {HOLE, "widgets": [{"title": "nothing"}]}}'.replace("HOLE", hole)
    text = f'resource "google_monitoring_dashboard" "a" {{\n  dashboard_json = <<EOF\n{board}\nEOF\n}}\n'
    assert [one.rule for one in errors(lint(tmp_path, text))] == ["missing-field"]


def test_a_heredoc_that_is_no_json_is_an_error_there_and_the_rest_is_checked(tmp_path: Path) -> None:
    text = (
        f'resource "google_monitoring_dashboard" "a" {{\n  dashboard_json = <<EOF\n{{"displayName": \nEOF\n}}\n{POLICY}'
    )
    found = errors(lint(tmp_path, text.replace('duration        = "0s"', 'duration        = "90s"')))
    assert sorted(one.rule for one in found) == ["condition-duration", "file-syntax"]


UNKNOWN = [
    "var.x",
    '"${var.x}"',
    '"a-${var.x}-b"',
    "local.nowhere",
    "each.value",
    "module.a.b",
    "data.a.b.c[0].d",
    'file("${path.module}/a")',
    'templatefile("a.tpl", { a = 1 })',
    "[for one in var.x : one]",
    "var.x ? 1 : 2",
    "google_monitoring_alert_policy.other.name",
    "try(var.x, null)",
]


def assignments(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.splitlines()):
        if (
            "=" in line
            and "{" not in line.partition("=")[0]
            and not line.rstrip().endswith(("(", "{", "[", "({", "[{"))
            and "dashboard_json" not in line
        ):
            yield number, line


@pytest.mark.parametrize("expression", UNKNOWN)
def test_a_value_that_is_known_at_apply_makes_no_finding(tmp_path: Path, expression: str) -> None:
    """One value after the other is made unknown; whatever is left has no mistake."""
    lines = ALL.splitlines()
    texts = []
    for number, line in assignments(ALL):
        changed = [*lines]
        changed[number] = f"{line.partition('=')[0]}= {expression}"
        texts.append("\n".join(changed))
    for index, text in enumerate(texts):
        (tmp_path / str(index)).mkdir(exist_ok=True)
        found = lint(tmp_path / str(index), text)
        assert [one for one in found if one.rule not in ("metric-unused",)] == [], text


def test_all_values_unknown_at_once_make_no_error(tmp_path: Path) -> None:
    lines = ALL.splitlines()
    for number, line in assignments(ALL):
        lines[number] = f"{line.partition('=')[0]}= var.anything"
    assert errors(lint(tmp_path, "\n".join(lines))) == []


def test_dynamic_blocks_are_one_of_what_they_make(tmp_path: Path) -> None:
    text = """resource "google_monitoring_alert_policy" "all" {
  for_each     = var.policies
  display_name = each.key
  combiner     = "OR"
  dynamic "conditions" {
    for_each = each.value.conditions
    content {
      display_name = conditions.value.name
      condition_threshold {
        filter     = conditions.value.filter
        comparison = "COMPARISON_GE"
        duration   = "60s"
        dynamic "aggregations" {
          for_each = conditions.value.aggregations
          content { alignment_period = aggregations.value.period }
        }
      }
    }
  }
}
"""
    assert [one.rule for one in errors(lint(tmp_path, text))] == ["threshold-comparison"]


def test_dynamic_blocks_may_make_one_of_several_of_which_the_api_takes_one(tmp_path: Path) -> None:
    def dynamic(name: str, content: str) -> str:
        return f"dynamic {json.dumps(name)} {{\n for_each = var.{name}\n content {{\n {content}\n }}\n }}"

    common = "filter = var.filter\n duration = var.hold"
    trigger = dynamic("trigger", "count = trigger.value.count\n percent = trigger.value.percent")
    conditions = [
        dynamic("condition_threshold", f'comparison = "COMPARISON_GE"\n {common}\n {trigger}'),
        dynamic("condition_absent", 'filter = var.filter\n duration = "61s"'),
        dynamic("condition_matched_log", "filter = var.filter"),
        dynamic("condition_prometheus_query_language", "query = var.query"),
    ]
    linear = "width = linear_buckets.value.width\n num_finite_buckets = 9\n offset = 0"
    text = f"""resource "google_monitoring_alert_policy" "all" {{
  display_name = "a"
  combiner     = "OR"
  conditions {{
    display_name = "c"
    {" ".join(conditions)}
  }}
}}
resource "google_logging_metric" "all" {{
  name   = "a"
  filter = "severity>=ERROR"
  bucket_options {{
    {dynamic("explicit_buckets", "bounds = explicit_buckets.value.bounds")}
    {dynamic("linear_buckets", linear)}
  }}
}}
"""
    # What each would be is held to the reference all the same.
    assert sorted(one.rule for one in errors(lint(tmp_path, text))) == ["absence-duration", "threshold-comparison"]


def test_conditions_of_dynamic_blocks_may_stand_alone(tmp_path: Path) -> None:
    one = """  dynamic "conditions" {
    for_each = var.%s
    content {
      display_name = "c"
      condition_%s {
        %s = conditions.value
        duration = conditions.value
      }
    }
  }
"""
    kinds = [("a", "monitoring_query_language", "query"), ("b", "prometheus_query_language", "query")]
    kinds.append(("c", "absent", "filter"))
    head = 'resource "google_monitoring_alert_policy" "all" {\n  display_name = "a"\n  combiner = "OR"\n'
    text = f"{head}{''.join(one % kind for kind in kinds)}}}\n"
    logs = (one % ("d", "matched_log", "filter")).replace("        duration = conditions.value\n", "")
    assert errors(lint(tmp_path, text)) == []
    assert errors(lint(tmp_path, f"{head}{logs}}}\n")) == []
    static = 'conditions {\n condition_matched_log {\n filter = "a"\n }\n }\n'
    assert [one.rule for one in errors(lint(tmp_path, f"{head}{static}}}\n"))] == ["log-match-rate-limit"]


def test_two_blocks_that_are_there_without_fail_are_still_one_too_many(tmp_path: Path) -> None:
    text = POLICY.replace("trigger { count = 1 }", "trigger {\n count = 1\n percent = 2\n }")
    assert [one.rule for one in errors(lint(tmp_path, text))] == ["exclusive-fields"]


UNKNOWN_DASHBOARDS = ["var.board", "local.nowhere", 'file("a.json")', "each.value", "jsonencode(var.board)"]


@pytest.mark.parametrize("expression", UNKNOWN_DASHBOARDS)
def test_a_dashboard_that_is_known_at_apply_is_not_judged_and_may_show_anything(
    tmp_path: Path, expression: str
) -> None:
    board = f'resource "google_monitoring_dashboard" "a" {{\n  dashboard_json = {expression}\n}}\n'
    assert lint(tmp_path, METRIC + board) == []
    plan = plan_of("google_monitoring_dashboard", {}, {"dashboard_json": True})
    assert lint_files([(tmp_path / "plan.json", (tmp_path / "plan.json").write_text(plan))[0]]) == []


@pytest.mark.parametrize("expression", ["jsonencode([1])", "jsonencode(1)", '"[]"', '"null"'])
def test_a_dashboard_that_is_no_object_is_an_error(tmp_path: Path, expression: str) -> None:
    board = f'resource "google_monitoring_dashboard" "a" {{\n  dashboard_json = {expression}\n}}\n'
    (finding,) = errors(lint(tmp_path, board + POLICY.replace("shop/errors", "other")))
    assert (finding.rule, finding.line) == ("file-syntax", 2)
    assert "no JSON object" in finding.message


VARIABLES = 'variable "hold" {\n  type = string\n}\nvariable "combiner" {\n  default = "OR"\n}\n'


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({}, []),
        ({"terraform.tfvars": 'hold = "90s"\n'}, ["condition-duration"]),
        ({"terraform.tfvars.json": '{"hold": "90s"}'}, ["condition-duration"]),
        ({"a.auto.tfvars": 'hold = "90s"\n'}, ["condition-duration"]),
        ({"a.auto.tfvars.json": '{"hold": "90s", "combiner": "ORR"}'}, ["condition-duration", "unknown-value"]),
        ({"terraform.tfvars": 'hold = "90s"', "a.auto.tfvars": 'hold = "60s"'}, []),
        ({"a.auto.tfvars": 'hold = "60s"', "b.auto.tfvars": 'hold = "90s"'}, ["condition-duration"]),
        ({"terraform.tfvars": 'hold = "60s"', "terraform.tfvars.json": '{"hold": "90s"}'}, ["condition-duration"]),
        ({"production.tfvars": 'hold = "90s"\n'}, []),  # only named with -var-file
        ({"terraform.tfvars": 'hold = "90s\n'}, []),  # no Terraform: adds nothing
        ({"terraform.tfvars.json": "[[["}, []),
        ({"terraform.tfvars": "hold = null\n"}, []),
    ],
)
def test_variables_have_the_values_that_terraform_reads_by_itself(
    tmp_path: Path, files: dict[str, str], found: list[str]
) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    policy = POLICY.replace('duration        = "0s"', "duration        = var.hold").replace('= "OR"', "= var.combiner")
    assert sorted(one.rule for one in errors(lint(tmp_path, VARIABLES + policy))) == found


def data_of(text: str) -> dict[str, Any]:
    """A policy as `.tf.json`, a plan and a state have it."""
    return {
        "display_name": "Shop errors",
        "combiner": "OR",
        "conditions": [
            {
                "display_name": "c",
                "condition_threshold": [
                    {
                        "filter": text,
                        "comparison": "COMPARISON_GT",
                        "threshold_value": 5,
                        "duration": "90s",
                        "aggregations": [{"alignment_period": "300s", "per_series_aligner": "ALIGN_DELTA"}],
                    }
                ],
            }
        ],
    }


FILTER = 'metric.type="logging.googleapis.com/user/shop/errors" resource.type="k8s_container"'


@pytest.mark.parametrize("as_list", [False, True])
def test_tf_json_is_read_with_its_templates(tmp_path: Path, as_list: bool) -> None:
    body = data_of('${local.filter} metric.labels.stepp="pay"')
    by_name = {"errors": [body] if as_list else body}
    data = {"locals": {"filter": FILTER}, "resource": {"google_monitoring_alert_policy": by_name}}
    (tmp_path / "metric.tf").write_text(METRIC)
    text = json.dumps(data, indent=2)
    found = errors(lint(tmp_path, text, "main.tf.json"))
    assert sorted(one.rule for one in found) == ["condition-duration", "threshold-unknown-label"]
    (duration,) = [one for one in found if one.rule == "condition-duration"]
    assert duration.line == line_of(text, '"90s"')
    assert duration.message.startswith("google_monitoring_alert_policy.errors: duration is 90 s")


STATE_OF_A_POLICY = {
    **data_of(FILTER),
    "id": "projects/acme/alertPolicies/1",
    "name": "projects/acme/alertPolicies/1",
    "creation_record": [{"mutate_time": "2026-01-01T00:00:00Z", "mutated_by": "a@example.com"}],
    "documentation": [],
    "severity": "",
    "timeouts": None,
    "user_labels": {},
    "alert_strategy": [{"auto_close": "", "notification_rate_limit": [], "notification_prompts": []}],
}


def test_a_state_is_read_as_terraform_show_prints_it(tmp_path: Path) -> None:
    resource = {"mode": "managed", "type": "google_monitoring_alert_policy", "name": "errors"}
    child = {"address": "module.a.google_monitoring_alert_policy.errors", **resource, "values": STATE_OF_A_POLICY}
    root = {"resources": [], "child_modules": [{"address": "module.a", "resources": [child]}]}
    state = {"format_version": "1.0", "terraform_version": "1.9.0", "values": {"root_module": root}}
    text = json.dumps(state, indent=1)
    (finding,) = errors(lint(tmp_path, text, "state.json"))
    assert (finding.rule, finding.line) == ("condition-duration", line_of(text, '"90s"'))
    assert finding.message.startswith("module.a.google_monitoring_alert_policy.errors: ")


def raw_state(*resources: dict[str, Any], version: int = 4) -> str:
    """A terraform.tfstate, as Terraform keeps it."""
    state = {"version": version, "terraform_version": "1.9.0", "serial": 7, "lineage": "a-b", "outputs": {}}
    return json.dumps({**state, "resources": list(resources)}, indent=1)


def test_a_state_file_is_read_as_it_is(tmp_path: Path) -> None:
    one = {"mode": "managed", "type": "google_monitoring_alert_policy", "name": "errors", "module": "module.a"}
    instances = [{"index_key": key, "schema_version": 0, "attributes": STATE_OF_A_POLICY} for key in ("x", 0)]
    text = raw_state({**one, "instances": instances}, {"mode": "data", "type": "google_logging_metric", "name": "b"})
    (tmp_path / "terraform.tfstate").write_text(text)
    found = errors(lint_files([tmp_path / "terraform.tfstate"]))
    assert [one.rule for one in found] == ["condition-duration"] * 2
    assert [one.message.partition(": ")[0] for one in found] == [
        'module.a.google_monitoring_alert_policy.errors["x"]',
        "module.a.google_monitoring_alert_policy.errors[0]",
    ]
    assert found[0].line == line_of(text, '"90s"')


@pytest.mark.parametrize(
    "resources",
    [
        [],
        [{"type": "google_logging_metric"}],
        [{"type": "google_logging_metric", "instances": [1, {}, {"attributes": []}]}],
        [7, None, {"type": ["google_logging_metric"]}],
    ],
)
def test_a_state_file_of_other_shapes_holds_nothing(tmp_path: Path, resources: list[Any]) -> None:
    (tmp_path / "a.tfstate").write_text(raw_state(*resources))
    assert [one.rule for one in lint_files([tmp_path / "a.tfstate"])] == ["file-kind"]


def plan_of(type_: str, after: Any, after_unknown: Any) -> str:
    change = {"actions": ["create"], "before": None, "after": after, "after_unknown": after_unknown}
    one = {"address": f"{type_}.a", "mode": "managed", "type": type_, "name": "a", "change": change}
    return json.dumps({"format_version": "1.2", "terraform_version": "1.9.0", "resource_changes": [one]}, indent=1)


def test_a_plan_is_read_and_what_is_known_after_apply_is_not_judged(tmp_path: Path) -> None:
    after = data_of(FILTER)
    threshold = after["conditions"][0]["condition_threshold"][0]
    text = plan_of("google_monitoring_alert_policy", after, {"id": True, "notification_channels": True})
    assert [one.rule for one in errors(lint(tmp_path, text, "plan.json"))] == ["condition-duration"]
    threshold.pop("duration")
    threshold.pop("filter")
    unknown = {"conditions": [{"condition_threshold": [{"duration": True, "filter": True}]}], "severity": True}
    text = plan_of("google_monitoring_alert_policy", after, {**unknown, "notification_channels": True})
    found = lint(tmp_path, text, "plan.json")
    assert errors(found) == []
    assert not {"policy-severity", "policy-channel"} & {one.rule for one in found}


def test_the_dashboard_of_a_plan_is_its_json(tmp_path: Path) -> None:
    board = json.dumps({"displayName": "a", "gridLayout": {"widgets": [{"title": "nothing"}]}})
    text = plan_of("google_monitoring_dashboard", {"dashboard_json": board}, {"id": True})
    (finding,) = errors(lint(tmp_path, text, "plan.json"))
    assert (finding.rule, finding.line) == ("missing-field", line_of(text, "dashboard_json"))


@pytest.mark.parametrize(
    "text",
    [
        "resource google_monitoring_alert_policy {",
        'resource "google_logging_metric" "a" {\n  name = \n}\n',
        'resource "google_logging_metric" "a" {\n  name = "a\n}\n',
    ],
)
def test_what_is_no_terraform_is_an_error_at_its_line(tmp_path: Path, text: str) -> None:
    (finding,) = errors(lint(tmp_path, text))
    assert finding.rule == "file-syntax"
    assert finding.line >= 1


def test_terraform_of_others_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "broken.tf").write_text('resource "aws_sns_topic" "a" {')
    (tmp_path / "other.tf").write_text('resource "google_storage_bucket" "a" { name = "b" }\n')
    linted = lint_paths([tmp_path])
    assert (linted.findings, linted.passed_over) == ([], 2)
    (finding,) = lint_files([tmp_path / "other.tf"])
    assert finding.rule == "file-kind"


def test_a_comment_allows_a_rule_in_a_file(tmp_path: Path) -> None:
    text = POLICY.replace('duration        = "0s"', 'duration        = "90s"')
    assert errors(lint(tmp_path, f"# lint: allow condition-duration: the provider rounds it\n{text}")) == []


def test_locals_that_lead_to_themselves_are_unknown(tmp_path: Path) -> None:
    loop = 'locals {\n  a = local.b\n  b = "${local.a}"\n  c = local.c\n}\n'
    assert errors(lint(tmp_path, loop + POLICY.replace('"0s"', "local.a").replace('"OR"', "local.c"))) == []


@pytest.mark.parametrize("hostile", ["(" * 4_000, "!" * 4_000, "[" * 4_000, '"${' * 2_000, "{a=" * 3_000, "-" * 9_000])
def test_deep_expressions_are_one_finding_or_none(tmp_path: Path, hostile: str) -> None:
    text = f'resource "google_logging_metric" "a" {{\n  name = {hostile}1\n}}\n'
    assert {one.rule for one in errors(lint(tmp_path, text))} <= {"file-syntax", "missing-field"}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cut=st.integers(0, len(ALL)), other=st.integers(0, len(ALL)), junk=st.text(max_size=5))
def test_no_text_is_a_crash(tmp_path: Path, cut: int, other: int, junk: str) -> None:
    (tmp_path / "main.tf").write_text(ALL[:cut] + junk + ALL[other:])
    lint_files([tmp_path / "main.tf"])


@pytest.mark.parametrize("kind", ["alert_policy", "dashboard", "log_metric"])
def test_an_unknown_value_in_place_of_any_other_adds_no_finding(kind: Kind) -> None:
    """What holds for Terraform holds for each part of a body: rules are silent about what they cannot know."""
    resource = next(one for one in read_of_all() if one.kind == kind)
    for body in with_unknown(resource.body):
        document = Document(Path("a.tf"), {}, {})
        others = tuple(one for one in read_of_all() if one.kind != kind)
        changed = Resource(kind, body, document)
        project = Project((changed, *others))
        for rule in all_rules():
            if rule.kind in (kind, "any") and rule.id not in ("metric-unused", "dashboard-alert"):
                assert list(rule.check(changed, project)) == [], (rule.id, body)


def read_of_all() -> list[Resource]:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "main.tf").write_text(ALL)
        return read_files([Path(folder)]).resources


def with_unknown(value: Any) -> Iterator[Any]:
    """The value, with one part after the other replaced by one that is known at apply."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield {**value, key: "${(known at apply)}"}
            yield from ({**value, key: inner} for inner in with_unknown(item))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield [*value[:index], "${(known at apply)}", *value[index + 1 :]]
            yield from ([*value[:index], inner, *value[index + 1 :]] for inner in with_unknown(item))


def test_every_argument_of_the_providers_resources_is_known() -> None:
    """The classes of Pulumi's provider are made of Terraform's: each argument of theirs is one of ours."""
    import inspect

    from pulumi_gcp import logging, monitoring

    from loyalty_monitoring.checks.lint.terraform import _BESIDE, _OF_ALL, _arguments, _message

    classes = {
        "google_monitoring_alert_policy": monitoring.AlertPolicy,
        "google_monitoring_dashboard": monitoring.Dashboard,
        "google_monitoring_notification_channel": monitoring.NotificationChannel,
        "google_logging_metric": logging.Metric,
    }
    for type_, one in classes.items():
        kind = KINDS[type_]
        known = {*_arguments(_message(kind)), *_OF_ALL, *_BESIDE.get(kind, ())}
        arguments = set(inspect.signature(one._internal_init).parameters)
        assert arguments - known == {"__self__", "resource_name", "opts", "__props__"}, type_
