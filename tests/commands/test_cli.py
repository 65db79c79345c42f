"""The command as a stranger runs it: exit codes, standard input, JSON that pipes, errors with their remedy."""

from __future__ import annotations

import gzip
import json
import subprocess
from pathlib import Path

import pytest

from tests.conftest import PROGRAM, ROOT, run
from tests.log_lines import START, hours, minutes, rejection, write


@pytest.fixture(scope="module")
def spike(tmp_path_factory: pytest.TempPathFactory) -> Path:
    entries = [rejection(START + hours(1), "s-1") for _ in range(101)]
    return write(tmp_path_factory.mktemp("logs") / "spike.jsonl", entries)


def test_replay_prints_a_timeline_and_succeeds_whatever_it_finds(spike: Path) -> None:
    done = run("replay", "--policy", "rate_limit_spike", str(spike))
    assert done.returncode == 0
    assert "rate_limit_spike store_id=s-1" in done.stdout
    assert done.stderr == ""


def test_replay_reads_standard_input_gzip_and_json_arrays_alike(spike: Path, tmp_path: Path) -> None:
    entries = [json.loads(line) for line in spike.read_text().splitlines()]
    packed, array = tmp_path / "spike.jsonl.gz", tmp_path / "spike.json"
    packed.write_bytes(gzip.compress(spike.read_bytes()))
    array.write_text(json.dumps(entries, indent=2))
    options = ("replay", "--policy", "rate_limit_spike", "--format", "json")
    answers = [run(*options, str(file)).stdout for file in (spike, packed, array)]
    answers.append(run(*options, "-", stdin=spike.read_text()).stdout)
    assert len(set(answers)) == 1
    assert json.loads(answers[0])["entries"] == {"read": 101, "rejected": 0}
    assert len(json.loads(answers[0])["incidents"]) == 1


def test_fail_on_exits_with_1_for_that_priority_or_a_more_urgent_one(spike: Path) -> None:
    codes = {
        priority: run("replay", "--policy", "rate_limit_spike", "--fail-on", priority, str(spike)).returncode
        for priority in ("P0", "P1", "P2")
    }
    assert codes == {"P0": 0, "P1": 1, "P2": 1}


def test_the_window_can_be_chosen(spike: Path) -> None:
    later = (START + hours(1) + minutes(22)).isoformat()
    done = run("replay", "--policy", "rate_limit_spike", "--from", later, "--to", "2026-11-02T02:00Z", str(spike))
    assert "P1  no incident" in done.stdout


def test_a_line_that_is_no_json_is_counted_and_with_strict_an_error(spike: Path, tmp_path: Path) -> None:
    file = tmp_path / "broken.jsonl"
    file.write_text(spike.read_text() + "no json\n")
    lax = run("replay", "--policy", "rate_limit_spike", str(file))
    assert "102 entries read, 101 used, 1 rejected" in lax.stdout
    assert f"{file}:102: is not JSON" in lax.stdout
    strict = run("replay", "--policy", "rate_limit_spike", "--strict", str(file))
    assert strict.returncode == 2
    assert f"{file}:102:" in strict.stderr


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("severity=WARNING && severity=WARNING", ["'&&'"]),
        ("|\nseverity=WARNING", ["'|'"]),
        ("severity=WARNING and NOT x || y", ["'and'", "'||'"]),
        ('severity=WARNING AND NOT "&&"', []),
        ("severity=WARNING -- && or", []),
    ],
)
def test_match_warns_of_words_that_look_like_operators(spike: Path, text: str, words: list[str]) -> None:
    done = run("match", "--count", text, str(spike))
    assert done.returncode == 0
    warnings = done.stderr.splitlines()
    assert [line.split()[2] for line in warnings] == words
    assert all("is a word to search for, not an operator; " in line for line in warnings)


def test_match_prints_entries_and_counts_them(spike: Path) -> None:
    assert run("match", "--count", "severity = WARNING", str(spike)).stdout == "101\n"
    printed = run("match", 'jsonPayload.store_id = "s-1"', str(spike)).stdout.splitlines()
    assert [json.loads(line) for line in printed] == [json.loads(line) for line in spike.read_text().splitlines()]


def test_render_writes_every_definition(tmp_path: Path) -> None:
    assert run("render", "--stack", "demo", "--out", str(tmp_path / "out")).returncode == 0
    kinds = {path.parent.name for path in (tmp_path / "out").glob("*/*.json")}
    assert {"log_metrics", "alert_policies", "dashboards"} <= kinds


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("replay", "none.jsonl"), "none.jsonl"),
        (("replay", "--stack", "dmo", "x.jsonl"), "did you mean 'demo'"),
        (("replay", "--policy", "rate_limit_spik", "x.jsonl"), "did you mean 'rate_limit_spike'"),
        (("replay", "--from", "tomorrow", "x.jsonl"), "write it like 2026-11-07"),
        (("match", "severity = ERRO", "x.jsonl"), "did you mean 'ERROR'"),
        (("replay",), "FILE..."),
        (("repla",), "No such command"),
    ],
)
def test_a_mistake_is_one_clear_error_and_exit_code_2(arguments: tuple[str, ...], words: str) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_outside_a_project_it_says_where_to_run_it(tmp_path: Path) -> None:
    done = run("replay", "x.jsonl", folder=tmp_path)
    assert done.returncode == 2
    assert "run this inside the folder that holds Pulumi.yaml" in done.stderr


@pytest.mark.parametrize("command", [(), ("replay",), ("render",), ("match",)])
def test_help_shows_an_example(command: tuple[str, ...]) -> None:
    done = run(*command, "--help")
    assert done.returncode == 0
    assert "loyalty-monitoring " in done.stdout.split("Options:")[0].split("\n", 2)[2]


def test_a_reader_that_has_enough_is_no_error(spike: Path) -> None:
    shell = f"{PROGRAM} match 'severity = WARNING' {spike} | head -1"
    done = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.stderr == ""
    assert len(done.stdout.splitlines()) == 1


def test_late_points_are_replayed_and_said(spike: Path) -> None:
    done = run("replay", "--policy", "rate_limit_spike", "--late", "4m", "--closing", "at-once", str(spike))
    assert "Points arrive late: 4m" in done.stdout
    assert "Incidents close at the next evaluation" in done.stdout
    found = json.loads(run("replay", "--late", "random:3", "--format", "json", str(spike)).stdout)
    assert found["late"] == "random:3"
    wrong = run("replay", "--late", "soon", str(spike))
    assert wrong.returncode == 2
    assert "write such as 4m" in wrong.stderr


def test_points_are_written_for_any_prometheus(spike: Path, tmp_path: Path) -> None:
    out = tmp_path / "points.om"
    done = run("points", str(spike), "--out", str(out))
    assert done.returncode == 0
    assert "written to" in done.stdout
    lines = out.read_text().splitlines()
    assert lines[-1] == "# EOF"
    assert all(line.rpartition(" ")[2].endswith("9.999") for line in lines[:-1])
    assert run("points", str(spike), "--out", "-").stdout == out.read_text()
