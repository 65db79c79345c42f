"""A filter that begins with `-` is no option of `match`, and the error says how to write it; no match is no riddle."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from loyalty_monitoring.cli import cli

ENTRY = {
    "insertId": "a",
    "logName": "projects/acme/logs/stdout",
    "timestamp": "2026-03-01T10:00:00Z",
    "resource": {"type": "k8s_container", "labels": {"pod_name": "a"}},
    "jsonPayload": {"event": "a"},
}


@pytest.mark.parametrize("filter_", ["-jsonPayload.x:*", "-severity=ERROR", "-(a OR b)", "-x"])
def test_the_error_says_to_put_two_hyphens_first(tmp_path: Path, filter_: str) -> None:
    (tmp_path / "a.jsonl").write_text(json.dumps(ENTRY))
    result = CliRunner().invoke(cli, ["match", filter_, str(tmp_path / "a.jsonl")])
    assert result.exit_code == 2
    assert "put -- first" in result.output


def test_with_them_it_matches(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(json.dumps(ENTRY))
    result = CliRunner().invoke(cli, ["match", "--count", "--", "-jsonPayload.x:*", str(tmp_path / "a.jsonl")])
    assert (result.exit_code, result.output) == (0, "1\n")


def test_an_option_that_there_is_not_is_said_as_everywhere(tmp_path: Path) -> None:
    result = CliRunner().invoke(cli, ["match", "--cuont", "a", "b"])
    assert "put -- first" not in result.output


def test_where_nothing_matches_the_way_to_the_reason_is_said_beside_the_result(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(json.dumps(ENTRY))
    result = CliRunner().invoke(cli, ["match", "jsonPayload.event=b", str(tmp_path / "a.jsonl")])
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "No entry matches; --explain says which term of the filter takes them away\n"
    quiet = CliRunner().invoke(cli, ["match", "--quiet", "jsonPayload.event=b", str(tmp_path / "a.jsonl")])
    assert quiet.output == ""


def test_files_alone_lack_a_filter(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(json.dumps(ENTRY))
    result = CliRunner().invoke(cli, ["match", str(tmp_path / "a.jsonl")])
    assert result.exit_code == 2
    assert "the filter is missing: write it before the files" in result.output


@pytest.mark.parametrize("command", [["match", "--count", "event=a"], ["replay", "--stack", "nosuch"]])
def test_a_file_that_is_given_twice_is_told(tmp_path: Path, command: list[str]) -> None:
    file, other = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    for one in (file, other):
        one.write_text(json.dumps(ENTRY))
    result = CliRunner().invoke(cli, [*command, str(file), str(other), str(tmp_path / "." / "a.jsonl")])
    assert result.stderr.splitlines()[0] == (
        f"loyalty-monitoring: warning: {file} is given 2 times, and its entries count as often; give it once"
    )
    once = CliRunner().invoke(cli, [*command, str(file), str(other)])
    assert "is given" not in once.stderr
