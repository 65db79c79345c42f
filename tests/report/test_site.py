"""The site: written whole or not at all, and over nothing but an earlier report."""

from __future__ import annotations

from pathlib import Path

import pytest

from loyalty_monitoring.common.errors import UserError
from loyalty_monitoring.report.site import ASSETS, file_name, scripts, write_site


def test_a_report_is_replaced_as_a_whole(tmp_path: Path) -> None:
    out = tmp_path / "report"
    write_site({"index.html": "old", "policies/gone.html": "old"}.items(), out)
    assert write_site({"index.html": "new"}.items(), out) == out / "index.html"
    assert (out / "index.html").read_text() == "new"
    assert not (out / "policies").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["report"]


def test_a_folder_of_somebody_else_stays_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(UserError, match="choose another folder with --out"):
        write_site({"index.html": "new"}.items(), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    write_site({"index.html": "new"}.items(), tmp_path / "a" / "b")
    (tmp_path / "empty").mkdir()
    write_site({"index.html": "new"}.items(), tmp_path / "empty")


def test_a_place_where_nothing_can_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="choose another folder with --out"):
        write_site({"index.html": "new"}.items(), tmp_path / "file" / "report")


def test_every_script_is_there_and_loads_after_what_it_uses() -> None:
    assert [name for name in scripts() if not (ASSETS / name).is_file()] == []
    assert scripts()[0] == "vendor/echarts.min.js"
    assert scripts()[-2:] == ["page.js", "runbook.js"]
    assert {f"{path.stem}.js" for path in ASSETS.glob("*.js")} | {scripts()[0]} == set(scripts())


@pytest.mark.parametrize(
    ("name", "file"), [("Overview", "overview"), ("../../etc/passwd", "etc-passwd"), ("", "page"), ("taken", "taken-2")]
)
def test_names_of_files_are_safe_and_unique(name: str, file: str) -> None:
    assert file_name(name, ["taken"]) == file
