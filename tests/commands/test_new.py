"""`loyalty-monitoring new alert`: six files that load, lint and can be proven at once."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OPTIONS = ("--row", "A99", "--metric", "card_sync_exhausted", "--event", "card_sync_exhausted")


def run(folder: Path, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).parent / "loyalty-monitoring"), *arguments]
    return subprocess.run(command, cwd=folder, input=stdin, capture_output=True, text=True, check=False)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name in ("alert_policies", "log_metrics", "dashboards", "runbooks", "tests/cases"):
        shutil.copytree(ROOT / name, tmp_path / name)
    for file in ROOT.glob("*.yaml"):
        shutil.copy(file, tmp_path)
    return tmp_path


@pytest.mark.parametrize("priority", ["P0", "P1", "P2"])
def test_the_six_files_load_and_lint_and_their_cases_hold(project: Path, priority: str) -> None:
    done = run(project, "new", "alert", "fresh_alert", *OPTIONS, "--priority", priority)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("wrote ") == 6
    assert run(project, "lint").stdout == "no findings\n"
    if priority != "P1":
        return
    proof = json.loads(run(project, "prove", "fresh_alert", "--format", "json").stdout)
    assert [case["misses"] for case in proof["cases"]] == [[], []]
    assert all("no case of the kind" in sentence for sentence in proof["gate"])
    for file in ("coverage.yaml", "parameters.yaml", "alert_policies/fresh_alert.yaml", "runbooks/fresh_alert.md"):
        assert "TODO" in (project / file).read_text()


def test_without_options_it_asks(project: Path) -> None:
    done = run(project, "new", "alert", "fresh_alert", stdin="A99\ncard_sync_exhausted\ncard_sync_exhausted\n")
    assert done.returncode == 0, done.stderr
    assert (project / "alert_policies" / "fresh_alert.yaml").is_file()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("Fresh", *OPTIONS), "is no name for an alert"),
        (("fresh", "--row", "9", *OPTIONS[2:]), "is no row"),
        (
            ("fresh", "--row", "A99", "--metric", "card_sync_exhauste", *OPTIONS[4:]),
            "did you mean 'card_sync_exhausted'",
        ),
        (("fresh", *OPTIONS[:4], "--event", "card_enroled"), "did you mean 'card_enrolled'"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_is_written(project: Path, arguments: tuple[str, ...], words: str) -> None:
    before = {file: file.read_bytes() for file in project.rglob("*") if file.is_file()}
    done = run(project, "new", "alert", *arguments)
    assert done.returncode == 2
    assert words in done.stderr
    assert {file: file.read_bytes() for file in project.rglob("*") if file.is_file()} == before
