"""No command accepts what a lint rule of severity error refuses: one error with the rule, its file and its line."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from loyalty_monitoring.checks.lint.separately import refuse_errors_separately
from loyalty_monitoring.cli import cli
from loyalty_monitoring.common.errors import UserError
from loyalty_monitoring.definitions.settings import load_stack_settings
from tests.conftest import EXAMPLE, ROOT

LABELS, SILENT, SCANS, BOARD = (
    "alert_policies/labels_unread.yaml",
    "alert_policies/sorter_silent.yaml",
    "log_metrics/scan_failures.yaml",
    "dashboards/overview.yaml",
)
MISTAKES = {
    "a hold of one minute and a half": (LABELS, "duration: 0s", "duration: 90.5s", "condition-duration"),
    "an interval that is none": (LABELS, "evaluationInterval: 60s", "evaluationInterval: 59s", "condition-interval"),
    "a label without an extractor": (
        SCANS,
        "  depot_id: EXTRACT(jsonPayload.depot_id)",
        "  {}",
        "metric-labels-differ",
    ),
    "a subject that is too long": (SILENT, 'subject: "[P0]', f'subject: "{"a" * 10_241}', "policy-limits"),
    "two tiles in one place": (
        BOARD,
        "- xPos: 24\n      width: 24",
        "- xPos: 23\n      width: 24",
        "dashboard-overlap",
    ),
    "a query that does not parse": (LABELS, "sum by (depot_id) (", "sum by (depot_id (", "promql-syntax"),
}
LOGS = str(EXAMPLE / "logs" / "day.jsonl.gz")
COMMANDS = {
    "render": ("render", "--out", "OUT"),
    "replay": ("replay", LOGS),
    "report": ("report", LOGS, "--out", "OUT"),
    "prove": ("prove",),
    "mutants": ("mutants",),
    "contract check": ("contract", "check", LOGS),
    "cost": ("cost", LOGS),
}


def copy(folder: Path, mistake: str) -> Path:
    file, old, new, _ = MISTAKES[mistake]
    project = folder / "project"
    shutil.copytree(EXAMPLE, project)
    text = (project / file).read_text()
    assert old in text
    (project / file).write_text(text.replace(old, new, 1))
    return project


def refusal(project: Path, out: Path, command: str) -> UserError:
    arguments = [str(out) if one == "OUT" else one for one in COMMANDS[command]]
    result = CliRunner().invoke(cli, ["--project-dir", str(project), *arguments])
    assert isinstance(result.exception, UserError), result.output
    return result.exception


@pytest.mark.parametrize("mistake", MISTAKES)
def test_the_error_names_rule_file_and_line(tmp_path: Path, mistake: str) -> None:
    file, _, _, rule = MISTAKES[mistake]
    project = copy(tmp_path, mistake)
    error = refusal(project, tmp_path / "out", "render")
    assert f"(rule {rule}" in error.message
    assert error.position is not None
    assert Path(error.position.file) == project / file
    assert error.position.line > 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_that_uses_definitions_refuses_them(tmp_path: Path, command: str) -> None:
    project = copy(tmp_path, "a hold of one minute and a half")
    assert "(rule condition-duration" in refusal(project, tmp_path / "out", command).message


def test_what_the_program_deploys_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    project = copy(tmp_path, "two tiles in one place")
    with pytest.raises(UserError, match="dashboard-overlap"):
        refuse_errors_separately(project, load_stack_settings(project, "demo"))
    refuse_errors_separately(ROOT, load_stack_settings(ROOT, "demo"))
    program = (ROOT / "__main__.py").read_text()
    assert program.index("refuse_errors_separately(ROOT, settings)") < program.index("declare(settings, definitions")


def test_a_suppression_allows_it_here_as_in_lint(tmp_path: Path) -> None:
    project = copy(tmp_path, "two tiles in one place")
    file = project / BOARD
    file.write_text(f"# lint: allow dashboard-overlap: they are swapped by hand\n{file.read_text()}")
    result = CliRunner().invoke(cli, ["--project-dir", str(project), "render", "--out", str(tmp_path / "out")])
    assert result.exit_code == 0, result.output
