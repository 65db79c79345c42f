"""`loyalty-monitoring lint`: files of strangers, formats, suppressions, exit codes."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from loyalty_monitoring.checks.lint.run import lint_files, titles
from loyalty_monitoring.cli import cli
from loyalty_monitoring.common.errors import UserError
from tests.conftest import ROOT, copy_project

TOO_LONG = """displayName: runs
combiner: OR
conditions:
  - displayName: runs
    conditionPrometheusQueryLanguage:
      query: sum(sum_over_time(logging_googleapis_com:user_runs{monitored_resource="k8s_container"}[26h])) > 1
      duration: 0s
      evaluationInterval: 60s
      disableMetricValidation: true
"""


def lint(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, ["lint", *map(str, arguments)])


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    file = tmp_path / "policy.yaml"
    file.write_text(TOO_LONG)
    return file


def test_an_error_exits_with_1_and_its_line_ends_with_the_remedy(policy: Path) -> None:
    result = lint(policy)
    assert result.exit_code == 1
    (line,) = [line for line in result.output.splitlines() if "promql-lookback" in line]
    assert line.startswith(f"{policy}:6:")
    assert " error promql-lookback: looks back 26 h" in line
    assert line.endswith("; log a fresh value on a short cadence and compare that value in a short window")


def test_json_has_the_fields_that_others_rely_on(policy: Path) -> None:
    found = json.loads(lint(policy, "--format", "json").stdout)["findings"]
    (finding,) = [one for one in found if one["rule"] == "promql-lookback"]
    assert set(finding) == {"rule", "severity", "file", "line", "column", "message", "remedy"}
    assert (finding["severity"], finding["file"], finding["line"], finding["column"]) == ("error", str(policy), 6, 7)


def test_sarif_names_rule_level_and_place(policy: Path) -> None:
    sarif = json.loads(lint(policy, "--format", "sarif").stdout)
    (run,) = sarif["runs"]
    (result,) = [one for one in run["results"] if one["ruleId"] == "promql-lookback"]
    assert sarif["version"] == "2.1.0"
    assert result["level"] == "error"
    assert result["locations"][0]["physicalLocation"]["region"] == {"startLine": 6, "startColumn": 7}
    assert {one["id"] for one in run["tool"]["driver"]["rules"]} == {one["ruleId"] for one in run["results"]}


def test_githubs_annotations_cannot_be_broken_out_of(tmp_path: Path) -> None:
    file = tmp_path / "a,b:c%.yaml"
    file.write_text(TOO_LONG)
    (line,) = [line for line in lint(file, "--format", "github").stdout.splitlines() if "promql-lookback" in line]
    assert line.startswith("::error file=")
    assert "a%2Cb%3Ac%25.yaml,line=6,col=7,title=promql-lookback::looks back" in line


def test_our_own_files_are_named_from_where_the_command_runs(tmp_path: Path) -> None:
    copy_project(tmp_path)
    policy = tmp_path / "alert_policies" / "high_churn.yaml"
    policy.write_text(policy.read_text() + "# lint: allow promql-lookback: nothing is wrong here\n")
    before = Path.cwd()
    os.chdir(tmp_path)
    try:
        result = lint()
    finally:
        os.chdir(before)
    assert result.output.startswith("alert_policies/high_churn.yaml:")
    assert result.exit_code == 0


def test_our_own_definitions_are_clean() -> None:
    before = Path.cwd()
    os.chdir(ROOT)
    try:
        result = lint()
    finally:
        os.chdir(before)
    assert result.output == "no findings\n"
    assert result.exit_code == 0


def test_a_suppression_with_a_reason_allows_the_rule_in_its_file(policy: Path) -> None:
    policy.write_text(TOO_LONG + "# lint: allow promql-lookback: this metric is not log-based on our side\n")
    assert "promql-lookback" not in {one.rule for one in lint_files([policy])}


@pytest.mark.parametrize(
    ("comment", "severity", "said"),
    [
        ("# lint: allow promql-lookback", "error", "without a reason"),
        ("# lint: allow promql-lookbak: it is all right here", "error", "is no rule"),
        ("# lint: allow", "error", "is no rule"),
    ],
)
def test_a_suppression_without_reason_or_rule_is_a_finding(
    policy: Path, comment: str, severity: str, said: str
) -> None:
    policy.write_text(f"{comment}\n{TOO_LONG}")
    found = lint_files([policy])
    (finding,) = [one for one in found if one.rule == "suppression"]
    assert (finding.severity, finding.line) == (severity, 1)
    assert said in finding.message
    assert "promql-lookback" in {one.rule for one in found}


def test_a_suppression_that_allows_nothing_is_a_warning(policy: Path) -> None:
    policy.write_text(TOO_LONG.replace("26h", "2h") + "# lint: allow promql-lookback: we know what we do\n")
    (finding,) = [one for one in lint_files([policy]) if one.rule == "suppression"]
    assert finding.severity == "warning"
    assert "finds nothing" in finding.message


@pytest.mark.parametrize("ending", ["yaml", "yml", "json"])
def test_a_list_of_resources_is_read_from_folders_too(tmp_path: Path, ending: str) -> None:
    body = {
        "displayName": "runs",
        "combiner": "OR",
        "conditions": [
            {
                "displayName": "runs",
                "conditionPrometheusQueryLanguage": {"query": "sum_over_time(logging_googleapis_com:user_x[26h]) > 1"},
            }
        ],
    }
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / f"exported.{ending}").write_text(
        json.dumps([body, body], indent="\t" if ending == "json" else 2)
    )
    (tmp_path / "values.yaml").write_text("something: else\n")
    found = [one for one in lint_files([tmp_path]) if one.rule == "promql-lookback"]
    assert len(found) == 2
    assert found[0].line < found[1].line


def test_documents_of_one_file_are_all_read(tmp_path: Path) -> None:
    file = tmp_path / "all.yaml"
    file.write_text(f"{TOO_LONG}---\n{TOO_LONG}")
    assert [one.line for one in lint_files([file]) if one.rule == "promql-lookback"] == [6, 16]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [1\n", "not valid YAML"),
        ("a: 1\na: 2\n", "stands twice"),
        ("a: &x [*x]\n", "anchors and aliases"),
        ("[" * 60 + "]" * 60, "nested deeper"),
        ("a: !!python/object/apply:os.system [ls]\n", "tag"),
        ("\x00", "not valid YAML"),
    ],
)
def test_a_file_that_cannot_be_read_safely_is_one_finding(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text(text)
    (finding,) = lint_files([file])
    assert finding.rule == "file-syntax"
    assert said in finding.message


@pytest.mark.parametrize("name", ["missing.yaml", "other.yaml"])
def test_a_named_file_without_a_resource_is_a_finding(tmp_path: Path, name: str) -> None:
    (tmp_path / "other.yaml").write_text("something: else\n")
    (finding,) = lint_files([tmp_path / name])
    assert finding.severity == "error"


def test_explain_prints_a_rules_page_and_knows_the_nearest_name() -> None:
    assert lint("--explain", "promql-lookback").output.startswith("# promql-lookback (error)")
    assert all(lint("--explain", rule).exit_code == 0 for rule in titles())
    result = lint("--explain", "promql-lookbak")
    assert isinstance(result.exception, UserError)
    assert "did you mean 'promql-lookback'" in str(result.exception)


@pytest.fixture
def project(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the project, in which the command runs."""
    monkeypatch.chdir(project)
    return project


def test_every_stack_is_linted_and_a_wrong_parameter_is_blamed_on_the_stacks_line(project: Path) -> None:
    stack = project / "Pulumi.example-production.yaml"
    stack.write_text(stack.read_text().replace("rate_limit_requests: 200", "rate_limit_request: 200"))
    line = 1 + stack.read_text().splitlines().index("    rate_limit_request: 200")
    result = lint()
    assert result.exit_code == 1
    assert result.output.startswith(f"{stack.name}:{line}:")
    assert "stack example-production: the stack overrides parameter 'rate_limit_request'" in result.output
    assert "did you mean 'rate_limit_requests'" in result.output
    assert lint("--stack", "demo").exit_code == 0


def test_what_all_stacks_have_is_said_once(project: Path) -> None:
    policy = project / "alert_policies" / "high_churn.yaml"
    policy.write_text(policy.read_text().replace("severity: WARNING", "").replace("duration: 0s", "duration: 10s"))
    found = json.loads(lint("--format", "json").stdout)["findings"]
    places = [(one["file"], one["line"], one["column"], one["rule"]) for one in found]
    assert found
    assert len(places) == len(set(places))
    assert not any(one["message"].startswith("stack") for one in found)


def test_a_priority_that_reaches_nobody_is_a_warning_until_it_is_allowed(project: Path) -> None:
    stack = project / "Pulumi.demo.yaml"
    text = stack.read_text().replace("priorities: [P0, P1, P2]", "priorities: [P1, P2]")
    stack.write_text(text + "  loyalty-monitoring:silentPriorities: [P0]\n")
    result = lint("--stack", "demo")
    assert result.exit_code == 0
    assert "warning silent-priority: P0 reaches nobody in the stack demo: " in result.output
    stack.write_text(stack.read_text() + "# lint: allow silent-priority: nobody is on call for it\n")
    assert lint("--stack", "demo").output == "no findings\n"


def test_a_stack_that_is_not_there_is_an_error(project: Path) -> None:
    result = lint("--stack", "dmo")
    assert isinstance(result.exception, UserError)
    assert "did you mean 'demo'" in str(result.exception)


def test_stack_and_path_together_are_refused(policy: Path) -> None:
    assert lint(policy, "--stack", "demo").exit_code == 2
