"""`loyalty-monitoring check`: the loop of an author, in a repository of its own."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import EXAMPLE, committed, copy_project, replace_text, run

# The alert that is changed here; what is tested is the command.
ALERT, PARAMETER = "rate_limit_spike", "rate_limit_requests"


def check(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run("check", *arguments, folder=folder)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return committed(copy_project(tmp_path))


def test_without_a_change_there_is_nothing_to_prove(project: Path) -> None:
    done = check(project)
    assert (done.returncode, done.stderr) == (0, "")
    assert "changed   0 alerts, 0 metrics" in done.stdout
    assert json.loads(check(project, "--format", "json").stdout) == {
        "holds": True,
        "lines": [
            {"part": "lint", "text": "no findings", "problem": False},
            {"part": "changed", "text": "0 alerts, 0 metrics", "problem": False},
        ],
    }


def test_a_changed_default_says_which_cases_say_another_number(project: Path) -> None:
    replace_text(project / "parameters.yaml", f"{PARAMETER}:\n  default: 100", f"{PARAMETER}:\n  default: 150")
    done = check(project)
    assert done.returncode == 1
    assert f"changed   1 alert: {ALERT}, 0 metrics" in done.stdout
    assert f"prove     {PARAMETER} is 150, these " in done.stdout
    assert " cases say 100; change the cases, or override it for one stack" in done.stdout


def test_a_stack_with_other_values_is_named_with_the_command_that_shows_what_they_do(project: Path) -> None:
    replace_text(project / "Pulumi.example-production.yaml", "rate_limit_requests: 200", "rate_limit_requests: 20")
    done = check(project, "--since", "HEAD")
    assert "changed   0 alerts, 0 metrics" in done.stdout
    assert "stacks    example-production: other values" in done.stdout
    assert "`loyalty-monitoring diff HEAD . LOG...`" in done.stdout


def test_an_event_concerns_the_metrics_that_read_it_and_a_new_one_nothing(project: Path) -> None:
    contract = project / "log_events.yaml"
    new = "  card_lost:\n    description: Lost.\n    rows: [L1]\n    logger: card_service\n    severity: INFO\n"
    replace_text(contract, "  stamp_added:\n", f"{new}    fields: {{merchant_id: string}}\n\n  stamp_added:\n")
    done = check(project)
    assert (done.returncode, done.stderr) == (0, "")
    assert "changed   0 alerts, 0 metrics" in done.stdout
    replace_text(contract, "description: Stamps were put on a card.", "description: Stamps were given.")
    assert "changed   0 alerts, 1 metric: stamp_transactions\n" in check(project, "--no-mutants").stdout
    replace_text(contract, "logger_root: app.modules.loyalty", "logger_root: app.modules.loyal")
    assert "metrics   " in (told := check(project, "--no-mutants").stdout)
    assert "changed   0 alerts" not in told


def test_a_machine_reads_what_is_wrong_and_where(project: Path) -> None:
    replace_text(project / "parameters.yaml", f"{PARAMETER}:\n  default: 100", f"{PARAMETER}:\n  default: 150 # TODO")
    done = check(project, "--format", "json")
    told = json.loads(done.stdout)
    assert (done.returncode, told["holds"]) == (1, False)
    problems = {line["part"] for line in told["lines"] if line["problem"]}
    assert problems == {"prove", "undecided"}
    assert {"part": "undecided", "text": "parameters.yaml:8: says TODO", "problem": True} in told["lines"]


def test_all_mistakes_are_said_at_once_each_at_its_own_place(project: Path) -> None:
    broken = sorted((project / "alert_policies").glob("*.yaml"))[:2]
    for file in broken:
        replace_text(file, "combiner: OR", "combinar: OR")
    replace_text(project / "Pulumi.example-production.yaml", f"{PARAMETER}: 200", f"{PARAMETER}s: 200")
    done = check(project)
    assert done.returncode == 1
    for file in broken:
        assert f"alert_policies/{file.name}:" in done.stdout
    assert "Pulumi.example-production.yaml:" in done.stdout
    assert "mend this first" in done.stdout


def test_a_changed_metric_is_held_against_its_lines_and_those_who_read_it_are_proven(project: Path) -> None:
    metric = project / "log_metrics" / "rate_limited_requests.yaml"
    replace_text(metric, "<<events:rate_limit_exceeded>>", 'severity="WARNING"')
    done = check(project, "--no-mutants")
    assert done.returncode == 1
    assert f"changed   1 alert: {ALERT}, 1 metric: rate_limited_requests" in done.stdout
    assert "rate_limited_requests counts" in done.stdout


def test_changed_lines_concern_the_metrics_that_they_name_and_no_alert(project: Path) -> None:
    file = project / "tests" / "cases" / "metrics" / "rate_limiter.yaml"
    file.write_text(file.read_text() + "# one more word\n")
    done = check(project)
    assert (done.returncode, done.stderr) == (0, "")
    assert "changed   0 alerts, 1 metric: rate_limited_requests\n" in done.stdout
    assert "metrics   every line is counted as it says" in done.stdout


def test_a_line_that_another_metric_counts_as_well_is_found_though_only_the_lines_changed(project: Path) -> None:
    """Whether the metrics that a line does not name count it is asked of all of them."""
    file = project / "tests" / "cases" / "metrics" / "rate_limiter.yaml"
    enrolled = (
        "  - claim: an enrolled card counts nowhere\n"
        "    log:\n"
        "      event: card_enrolled\n"
        "      logger: app.modules.loyalty.card_service\n"
        "      severity: INFO\n"
        "      fields: {merchant_id: m-1, store_id: s-1, card_id: c-1}\n"
        "    counts: {}\n"
    )
    file.write_text(file.read_text() + enrolled)
    done = check(project, "--no-mutants")
    assert done.returncode == 1
    assert "an enrolled card counts nowhere: card_events counts" in done.stdout


def test_a_sentence_whose_number_is_not_the_querys_is_found(project: Path) -> None:
    replace_text(project / "alert_policies" / f"{ALERT}.yaml", "More than <<rate_limit_requests:text>>", "More than 70")
    done = check(project, "--no-mutants")
    assert done.returncode == 1 or "warning prose-number" in done.stdout
    assert "prose-number" in done.stdout


def test_what_a_removed_alert_leaves_behind_is_named(project: Path) -> None:
    (project / "alert_policies" / f"{ALERT}.yaml").unlink()
    overview = project / "dashboards" / "overview.yaml"
    lines = overview.read_text().splitlines(keepends=True)
    start = next(number for number, line in enumerate(lines) if f"<<policy:{ALERT}>>" in line)
    while not lines[start].startswith("    - "):
        start -= 1
    end = next((n for n in range(start + 1, len(lines)) if lines[n].startswith("    - ")), len(lines))
    overview.write_text("".join(line for line in lines[:start] + lines[end:] if f"<<policy_id:{ALERT}>>" not in line))
    other = next(page for page in sorted((project / "runbooks").glob("*.md")) if page.stem != ALERT)
    other.write_text(f"{other.read_text()}\nSee [it]({ALERT}.md).\n")
    done = check(project, "--no-mutants")
    assert done.returncode == 1, done.stdout + done.stderr
    assert f"removed   alert_policies/{ALERT}.yaml\n" in done.stdout
    assert f"{other.name}: links {ALERT}.md, the page of no alert" in done.stdout
    assert f"tests/cases/{ALERT}.yaml: proves '{ALERT}', which is no alert" in done.stdout
    assert f"runbooks/{ALERT}.md: is the runbook of no alert" in done.stdout
    assert "no alert covers A5 any more" in done.stdout
    assert f"'{ALERT}: " in done.stdout


def test_a_parameter_that_nothing_reads_is_named(project: Path) -> None:
    with (project / "parameters.yaml").open("a") as file:
        file.write("spare_thing:\n  default: 3\n  unit: count\n  why: Once there was a reason.\n  range: [1, 9]\n")
    done = check(project)
    assert done.returncode == 1
    assert re.search(
        r"left over .*parameters.yaml:\d+:\d+: nothing reads the parameter spare_thing; remove it", done.stdout
    )


def test_the_allowance_is_read_by_the_program_itself(tmp_path: Path) -> None:
    project = tmp_path / "project"
    shutil.copytree(EXAMPLE, project)
    assert "arrival_allowance" not in (project / "parameters.yaml").read_text()
    with (project / "parameters.yaml").open("a") as file:
        file.write("arrival_allowance:\n  default: 10\n  unit: min\n  why: Points are late.\n  range: [1, 15]\n")
    assert "left over" not in check(project, "--all", "--no-mutants").stdout


def test_an_alert_without_a_drill_and_a_drill_without_an_alert_are_named(project: Path) -> None:
    replace_text(project / "drills.yaml", f"  {ALERT}:\n", "  gone:\n")
    done = check(project)
    assert done.returncode == 1
    said = [line.partition("drills.yaml")[2] for line in done.stdout.splitlines() if line.startswith("drills ")]
    assert [line.partition(";")[0] for line in said] == [
        f": has no drill of {ALERT}",
        ": drills 'gone', which is no alert",
    ]
    replace_text(project / "drills.yaml", "event: rate_limit_exceeded", "event: rate_limit_exceded")
    assert "did you mean 'rate_limit_exceeded'" in check(project).stdout
    (project / "drills.yaml").unlink()
    assert check(project).returncode == 0


def test_outside_git_everything_can_be_checked_and_a_wrong_revision_is_said(project: Path) -> None:
    wrong = check(project, "--since", "nowhere")
    assert wrong.returncode == 2
    assert wrong.stderr.rstrip().endswith("or check everything with --all")


def test_a_new_parameter_is_no_reason_why_a_case_is_missed(project: Path) -> None:
    options = ("--row", "A99", "--metric", "rate_limited_requests", "--event", "rate_limit_exceeded")
    run("new", "alert", "fresh_alert", *options, folder=project)
    replace_text(project / "tests" / "cases" / "fresh_alert.yaml", "value: 21", "value: 22")
    done = check(project, "--no-mutants")
    assert "MISSED  fresh_alert" in done.stdout
    assert "fresh_alert_count is" not in done.stdout
