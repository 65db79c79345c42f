"""What people expect of a command line: a stack from the environment, --quiet, completion, --watch."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.conftest import EXAMPLE, PROGRAM, run

LINE = "2026-11-07T08:00:00Z words"


def test_the_stack_may_stand_in_the_environment_and_the_option_goes_before_it() -> None:
    environment = {**os.environ, "LOYALTY_MONITORING_STACK": "example-production"}
    by_environment = run("import", "-", stdin=LINE, environment=environment)
    assert json.loads(by_environment.stdout)["resource"]["type"] == "cloud_run_revision"
    by_option = run("import", "--stack", "demo", "-", stdin=LINE, environment=environment)
    assert json.loads(by_option.stdout)["resource"]["type"] == "k8s_container"


def test_quiet_leaves_results_and_warnings_and_no_summary() -> None:
    told = run("import", "-", stdin=f"{LINE}\n{{}}\n")
    quiet = run("import", "--quiet", "-", stdin=f"{LINE}\n{{}}\n")
    assert quiet.stdout == told.stdout
    assert "1 entry of type" in told.stderr
    assert "1 entry of type" not in quiet.stderr
    assert "1 of 2 lines could not be used" in quiet.stderr


@pytest.mark.parametrize("command", ["render", "runbooks"])
def test_quiet_says_not_how_many_files_were_written(tmp_path: Path, command: str) -> None:
    assert " written to " in run(command, "--out", tmp_path / "told").stdout
    assert " written to " not in run(command, "--quiet", "--out", tmp_path / "quiet").stdout


def test_quiet_leaves_of_a_proof_what_is_missed_and_the_totals() -> None:
    told, quiet = run("prove", "high_churn"), run("prove", "--quiet", "high_churn")
    assert "  holds   " in told.stdout
    assert quiet.stdout == told.stdout.splitlines()[-1] + "\n"


def test_simulate_says_what_it_wrote(tmp_path: Path) -> None:
    file = tmp_path / "day.jsonl"
    done = run("simulate", "--merchants", "4", "--stores", "4", "--fault", "wallet_outage@T+1h", "--out", file)
    lines = len(file.read_text().splitlines())
    assert done.stderr == f"{lines:,} entries of 1 day, with 1 fault, written to {file}\n"


def test_a_shell_completes_commands_stacks_alerts_metrics_rules_and_faults() -> None:
    for begun, number, found in (
        ("loyalty-monitoring rep", "1", "replay"),
        ("x replay --stack example-p", "3", "example-production"),
        ("x replay --policy rate", "3", "rate_limit_spike"),
        ("x prove telemetry", "2", "telemetry_silent"),
        ("x match --metric rate", "3", "rate_limited_requests"),
        ("x lint --explain promql-lookb", "3", "promql-lookback"),
        ("x simulate --fault wallet_o", "3", "wallet_outage@T+"),
    ):
        environment = {
            **os.environ,
            "_LOYALTY_MONITORING_COMPLETE": "bash_complete",
            "COMP_WORDS": begun,
            "COMP_CWORD": number,
        }
        assert f"plain,{found}" in run(environment=environment).stdout.splitlines()


def test_prove_watches_and_proves_again_what_was_changed(tmp_path: Path) -> None:
    project = shutil.copytree(EXAMPLE, tmp_path / "project")
    alert = min(file.stem for file in (project / "alert_policies").glob("*.yaml"))
    command = [PROGRAM, "prove", alert, "--watch"]
    with (tmp_path / "out").open("w") as out:
        watching = subprocess.Popen(command, cwd=project, stdout=out, stderr=subprocess.STDOUT)
    try:
        _wait_for(tmp_path / "out", "waiting for a change", 1)
        file = project / "alert_policies" / f"{alert}.yaml"
        good = file.read_text()
        file.write_text(f"unknown_key: 1\n{good}")
        _wait_for(tmp_path / "out", "waiting for a change", 2)
        assert "unknown_key" in (tmp_path / "out").read_text()
    finally:
        watching.send_signal(signal.SIGINT)
        assert watching.wait(timeout=30) == 130


def _wait_for(file: Path, words: str, times: int) -> None:
    patience = time.monotonic() + 60
    while file.read_text().count(words) < times:
        assert time.monotonic() < patience, file.read_text()
        time.sleep(0.05)
