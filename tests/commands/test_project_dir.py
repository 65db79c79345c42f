"""--project-dir says where the definitions are, before or after the command's name."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import ROOT, run


@pytest.mark.parametrize(
    "arguments", [("--project-dir", ROOT, "render"), ("render", "--project-dir", ROOT), ("render", "--project-dir=.")]
)
def test_the_folder_stands_before_or_after_the_command(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    folder = ROOT if "--project-dir=." in arguments else tmp_path
    done = run(*arguments, "--out", tmp_path / "rendered", folder=folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "rendered" / "log_metrics" / "rate_limited_requests.json").is_file()


def test_other_paths_are_named_from_where_one_stands(tmp_path: Path) -> None:
    done = run("render", "--project-dir", ROOT, "--out", "rendered", folder=tmp_path)
    assert done.returncode == 0
    assert (tmp_path / "rendered").is_dir()


def test_a_folder_that_is_no_project_is_an_error_with_its_remedy(tmp_path: Path) -> None:
    done = run("lint", "--project-dir", tmp_path, folder=ROOT)
    assert done.returncode == 2
    assert f"{tmp_path}: is no project: it has no Pulumi.yaml beside alert_policies/" in done.stderr


def test_without_it_a_folder_that_is_no_project_names_the_option(tmp_path: Path) -> None:
    done = run("lint", folder=tmp_path)
    assert done.returncode == 2
    assert "or name it with --project-dir" in done.stderr


def test_a_command_below_a_group_takes_it_too(tmp_path: Path) -> None:
    (tmp_path / "none.jsonl").write_text("")
    done = run("contract", "check", "--project-dir", ROOT, "none.jsonl", folder=tmp_path)
    assert "no project here" not in done.stderr
    assert done.returncode in (1, 2)
