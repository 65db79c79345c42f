"""`loyalty-monitoring new alert`: six files that load, lint and can be proven at once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import run

OPTIONS = ("--row", "A99", "--metric", "card_sync_exhausted", "--event", "card_sync_exhausted")


@pytest.mark.parametrize("priority", ["P0", "P1", "P2"])
def test_the_six_files_load_and_lint_and_their_cases_hold(project: Path, priority: str) -> None:
    done = run("new", "alert", "fresh_alert", *OPTIONS, "--priority", priority, folder=project)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("wrote ") == 6
    assert run("lint", folder=project).stdout == "no findings\n"
    if priority != "P1":
        return
    proof = json.loads(run("prove", "fresh_alert", "--format", "json", folder=project).stdout)
    assert [case["misses"] for case in proof["cases"]] == [[], []]
    assert all("no case of the kind" in sentence for sentence in proof["gate"])
    for file in ("coverage.yaml", "parameters.yaml", "alert_policies/fresh_alert.yaml", "runbooks/fresh_alert.md"):
        assert "TODO" in (project / file).read_text()


def test_without_options_it_asks(project: Path) -> None:
    done = run("new", "alert", "fresh_alert", stdin="A99\ncard_sync_exhausted\ncard_sync_exhausted\n", folder=project)
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
    done = run("new", "alert", *arguments, folder=project)
    assert done.returncode == 2
    assert words in done.stderr
    assert {file: file.read_bytes() for file in project.rglob("*") if file.is_file()} == before
