"""CONTRIBUTING.md: its worked example, followed step by step."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

from loyalty_monitoring.checks.drill.scenarios import load_scenarios
from loyalty_monitoring.definitions.log_contract import load_contract
from tests.conftest import ROOT, run

sys.path.insert(0, str(ROOT / "tools"))

from project_edits import add_drill, add_files, add_numbers, add_row, add_to_overview, contributing


def test_the_steps_lead_to_an_alert_that_is_proven(our_project: Path) -> None:
    project = our_project
    shutil.copy(ROOT / "CONTRIBUTING.md", project)
    page = contributing(project)
    (name,) = re.findall(r"^`alert_policies/(\w+)\.yaml`:$", page, re.MULTILINE)
    row = add_row(project, page)
    assert row in run("render", "--stack", "demo", "--out", "rendered", folder=project).stderr
    add_numbers(project, page)
    add_files(project, page, "alert_policies", "runbooks")
    assert name in run("render", "--stack", "demo", "--out", "rendered", folder=project).stderr
    add_to_overview(project, page)
    add_drill(project, page)
    assert name in load_scenarios(project / "drills.yaml", load_contract(project / "log_events.yaml")).by_alert
    assert "has no cases" in run("prove", name, folder=project).stdout
    add_files(project, page, "tests/cases")
    proof = run("prove", name, folder=project)
    assert proof.returncode == 0, proof.stdout + proof.stderr
    lint = run("lint", folder=project)
    assert lint.stdout == "no findings\n", lint.stdout + lint.stderr
