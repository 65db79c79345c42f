"""The check of speed fails on what got slower by half, whatever the machine, and on nothing else."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from bench import __main__ as bench
from bench import child, ratios
from bench.commands import change
from bench.month import projects
from loyalty_monitoring.checks.lint import run as lint


@pytest.mark.parametrize(
    ("found", "words"),
    [({"replay": 1.49}, []), ({"replay": 1.51}, ["replay: 1.51 times"]), ({}, ["one side"]), ({"replay": 0.1}, [])],
    ids=["near", "worse", "gone", "better"],
)
def test_worse_by_half_is_told(found: dict[str, float], words: list[str]) -> None:
    told = list(ratios.worse(found, {"replay": 1.0}))
    assert len(told) == len(words)
    assert all(word in one for word, one in zip(words, told, strict=True))


def test_the_check_fails_with_the_ratio_that_got_worse(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = ratios.kept_ratios()
    monkeypatch.setattr(bench, "ratios", lambda: kept | {"replay": 2 * kept["replay"]})
    assert bench._compare(is_accepted=False) == 1
    assert "bench: replay: " in capsys.readouterr().err
    monkeypatch.setattr(bench, "ratios", lambda: kept)
    assert bench._compare(is_accepted=False) == 0


def test_a_linter_that_works_more_has_a_larger_ratio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = child._lint(tmp_path / "1" / "60")
    lint_files = lint.lint_files

    def slower(*arguments: Any, **options: Any) -> Any:
        end = time.process_time() + before["cpu"]
        found = lint_files(*arguments, **options)
        while time.process_time() < end + before["cpu"]:
            pass
        return found

    monkeypatch.setattr(lint, "lint_files", slower)
    after = child._lint(tmp_path / "2" / "60")
    assert list(ratios.worse({"lint": after["cpu"] / before["plain"]}, {"lint": before["cpu"] / before["plain"]}))


def test_the_edits_that_are_measured_are_there(tmp_path: Path) -> None:
    threshold, filtered = projects(tmp_path)
    for project in (threshold, filtered):
        assert any("> 0.03" in file.read_text() for file in (project / "alert_policies").glob("*.yaml"))
    assert any("sample(" in file.read_text() for file in (filtered / "log_metrics").glob("*.yaml"))
    assert not any("sample(" in file.read_text() for file in (threshold / "log_metrics").glob("*.yaml"))
    with pytest.raises(ValueError, match="has no"):
        change(threshold / "parameters.yaml", "no such text", "")
