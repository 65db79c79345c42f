"""`loyalty-monitoring simulate` as a stranger runs it."""

from __future__ import annotations

import gzip
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from loyalty_simulation.faults import FAULTS
from tests.conftest import PROGRAM, ROOT, run

SMALL = ("simulate", "--merchants", "4", "--stores", "4")


@pytest.fixture(scope="module")
def a_day() -> str:
    done = run(*SMALL, "--quiet", "--fault", "wallet_outage@T+1h")
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_standard_output_goes_straight_into_replay(a_day: str) -> None:
    (outage,) = (fault for fault in FAULTS if fault.name == "wallet_outage")
    found = json.loads(run("replay", "--format", "json", "--strict", "-", stdin=a_day, folder=ROOT).stdout)
    assert {incident["policy"] for incident in found["incidents"]} == {opens.policy for opens in outage.opens}
    assert found["entries"]["rejected"] == 0


def test_equal_options_write_equal_bytes_and_another_seed_others(a_day: str) -> None:
    assert run(*SMALL, "--fault", "wallet_outage@T+1h").stdout == a_day
    assert run(*SMALL, "--fault", "wallet_outage@T+1h", "--seed", "2").stdout != a_day


def test_entries_are_ordered_and_within_the_days(a_day: str) -> None:
    stamps = [json.loads(line)["timestamp"] for line in a_day.splitlines()]
    assert stamps == sorted(stamps)
    assert {stamp[:10] for stamp in stamps} == {"2026-11-02"}


def test_it_can_start_at_any_time_and_write_a_file_a_day_into_a_folder(tmp_path: Path) -> None:
    assert run(*SMALL, "--days", "2", "--start", "2026-11-06T17:30+01:00", "--out", str(tmp_path)).returncode == 0
    files = sorted(tmp_path.iterdir())
    assert [file.name for file in files] == [f"2026-11-{day:02d}.jsonl.gz" for day in (6, 7, 8)]
    lines = [line for file in files for line in gzip.decompress(file.read_bytes()).splitlines()]
    stamps = [json.loads(line)["timestamp"] for line in lines]
    assert "2026-11-06T16:30:00" <= stamps[0] < "2026-11-06T16:35"
    assert "2026-11-08T16:25" < stamps[-1] < "2026-11-08T16:30"


def test_a_file_is_gzipped_when_its_name_says_so(a_day: str, tmp_path: Path) -> None:
    for name in ("day.jsonl", "day.jsonl.gz"):
        assert run(*SMALL, "--fault", "wallet_outage@T+1h", "--out", str(tmp_path / name)).returncode == 0
    assert (tmp_path / "day.jsonl").read_text() == a_day
    assert gzip.decompress((tmp_path / "day.jsonl.gz").read_bytes()).decode() == a_day
    assert len(list(tmp_path.iterdir())) == 2


def test_what_is_interrupted_leaves_nothing_half_written(tmp_path: Path) -> None:
    process = subprocess.Popen([PROGRAM, *SMALL, "--days", "300", "--out", str(tmp_path / "year.jsonl")], cwd=ROOT)
    patience = time.monotonic() + 120
    while not any(file.stat().st_size for file in tmp_path.iterdir()):
        assert time.monotonic() < patience
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 143
    assert list(tmp_path.iterdir()) == []


def test_the_list_names_every_fault_and_the_alerts_it_opens() -> None:
    lines = run("simulate", "--list-faults").stdout.splitlines()
    assert [line.split()[0] for line in lines] == [fault.name for fault in FAULTS]
    for line, fault in zip(lines, FAULTS, strict=True):
        assert line.endswith(fault.what_happens)
        assert all(opens.policy in line for opens in fault.opens)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--fault", "walet_outage@T+1h"), "did you mean 'wallet_outage'"),
        (("--fault", "wallet_outage"), "write it like wallet_outage@T+1h"),
        (("--fault", "wallet_outage@T+soon"), "write it like wallet_outage@T+1h"),
        (("--fault", "wallet_outage@T+1h/0m"), "lasts no time"),
        (("--fault", "wallet_outage@T+1d"), "simulate 2 days"),
        (("--fault", "wallet_outage@T+40d", "--days", "30"), "simulate 41 days"),
        (("--merchants", "3"), "give 4 or more"),
        (("--merchants", "9", "--stores", "8"), "need 9 stores or more"),
        (("--days", "0"), "--days"),
        (("--start", "monday"), "write it like 2026-11-07"),
        (("--start", "2261-12-31"), "no replay evaluates years before 1970 or after 2261"),
        (("--start", "1970-01-01"), "no replay evaluates years before 1970 or after 2261"),
        (("--start", "1970-01-01"), "choose one from 1970-01-02 to 2261-12-30"),
        (("--out", "no/such/folder/day.jsonl"), "choose another --out"),
    ],
)
def test_a_mistake_is_one_clear_error_and_nothing_is_written(arguments: tuple[str, ...], words: str) -> None:
    done = run("simulate", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_help_has_examples_and_needs_neither_celery_nor_google() -> None:
    help_text = run("simulate", "--help").stdout
    assert "loyalty-monitoring simulate --fault wallet_outage@T+1h | loyalty-monitoring replay -" in help_text
    program = "import sys, loyalty_monitoring.cli; print({'celery', 'kombu', 'google.cloud'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True).stdout == "set()\n"


def test_a_folder_with_days_of_another_story_is_refused_and_stays(tmp_path: Path) -> None:
    assert run(*SMALL, "--days", "2", "--out", f"{tmp_path}/").returncode == 0
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    done = run(*SMALL, "--seed", "2", "--out", f"{tmp_path}/")
    assert done.returncode == 2
    assert f"{tmp_path}: has logs of other days (2026-11-03.jsonl.gz)" in done.stderr
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before
    assert run(*SMALL, "--days", "3", "--seed", "2", "--out", f"{tmp_path}/").returncode == 0
