"""How late entries arrive, by event: in replay and in contract check, with a warning beyond the allowance."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from loyalty_monitoring.common.cache import NO_CACHE, Cache
from loyalty_monitoring.replay import lateness
from loyalty_monitoring.replay.kept_files import groups_of
from loyalty_monitoring.replay.lateness import NO_EVENT, kept_lateness, lateness_of_files, shown
from tests.conftest import run
from tests.log_lines import START, Entry, entry, minutes, rejection, write


def _arriving(one: Entry, after: timedelta) -> Entry:
    at = START + timedelta(seconds=float(one["insertId"]) - START.timestamp())
    return {**one, "receiveTimestamp": (at + after).isoformat()}


def _hundred(folder: Path, most: timedelta = minutes(9)) -> Path:
    """A hundred rejections, 1 to 100 seconds late but for the last one, and a line without an event."""
    late = [timedelta(seconds=number) for number in range(1, 100)] + [most]
    entries = [_arriving(rejection(START + minutes(2 * i), "s-1"), span) for i, span in enumerate(late)]
    other = _arriving(
        entry(START, "celery.app.trace", "INFO", {"message": "Task x[1] succeeded in 1s: {}"}), minutes(0)
    )
    return write(folder / "entries.jsonl", [*entries, other])


def test_median_95_of_100_and_most_are_told_by_event_the_latest_first(tmp_path: Path) -> None:
    rejected, other = lateness_of_files([_hundred(tmp_path)])
    assert (rejected.event, rejected.entries) == ("rate_limit_exceeded", 100)
    assert rejected.median == timedelta(seconds=50)
    assert rejected.most_of_them == timedelta(seconds=95)
    assert rejected.most == minutes(9)
    assert (other.event, other.entries, other.most) == (NO_EVENT, 1, minutes(0))


def test_files_without_a_receive_timestamp_say_nothing(tmp_path: Path) -> None:
    file = write(tmp_path / "entries.jsonl", [rejection(START, "s-1")])
    assert lateness_of_files([file]) == ()
    done = run("replay", "--policy", "rate_limit_spike", str(file))
    assert "arrived after" not in done.stdout
    assert json.loads(run("replay", "--format", "json", str(file)).stdout)["lateness"] == {}


def test_what_was_found_in_the_same_bytes_is_not_looked_for_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache, file = Cache(tmp_path / "cache"), _hundred(tmp_path)
    found = kept_lateness(cache, groups_of([file], cache))
    assert found == lateness_of_files([file])
    with monkeypatch.context() as patch:
        patch.setattr(lateness, "lateness_of_files", lambda *_: pytest.fail("it was read again"))
        assert kept_lateness(cache, groups_of([file], cache)) == found
    later = _hundred(tmp_path, minutes(11))
    assert kept_lateness(cache, groups_of([later], cache)) == lateness_of_files([later]) != found
    assert kept_lateness(NO_CACHE, groups_of([later], NO_CACHE)) == lateness_of_files([later])


def test_what_is_no_time_is_left_out(tmp_path: Path) -> None:
    entries = [{**rejection(START, "s-1"), "receiveTimestamp": value} for value in ("soon", None, 7, {}, "")]
    assert lateness_of_files([write(tmp_path / "entries.jsonl", entries)]) == ()


def test_replay_tells_it_from_files_and_from_a_pipe_alike(tmp_path: Path) -> None:
    file = _hundred(tmp_path)
    by_file = run("replay", "--policy", "rate_limit_spike", str(file))
    by_pipe = run("replay", "--policy", "rate_limit_spike", "-", stdin=file.read_text())
    assert by_pipe.stdout == by_file.stdout
    assert "rate_limit_exceeded                      100        50 s    1:35 min    9:00 min" in by_file.stdout
    assert "warning" not in by_file.stdout
    told = json.loads(run("replay", "--format", "json", str(file)).stdout)["lateness"]["rate_limit_exceeded"]
    assert told == {"entries": 100, "median_s": 50.0, "p95_s": 95.0, "most_s": 540.0}


@pytest.mark.parametrize(("seconds", "warns"), [(600, False), (601, True)])
def test_more_than_the_allowance_is_a_warning_in_both_commands(tmp_path: Path, seconds: int, warns: bool) -> None:
    file = str(_hundred(tmp_path, timedelta(seconds=seconds)))
    words = "rate_limit_exceeded: an entry arrived 10:01 min after its timestamp, and the alerts allow for 10:00 min"
    assert (words in run("replay", "--policy", "rate_limit_spike", file).stdout) is warns
    checked = run("contract", "check", file)
    assert (f"warning  {words}" in checked.stdout) is warns
    assert "rate_limit_exceeded                      100        50 s    1:35 min" in checked.stdout
    told = json.loads(run("contract", "check", "--format", "json", file).stdout)
    assert told["lateness"]["rate_limit_exceeded"]["most_s"] == seconds


def test_events_that_logs_name_cannot_rewrite_the_terminal(tmp_path: Path) -> None:
    odd = rejection(START, "s-1")
    odd["jsonPayload"]["event"] = "\x1b[2J\u202e" + "x" * 1000
    file = write(tmp_path / "entries.jsonl", [_arriving(odd, minutes(11))])
    done = run("replay", "--policy", "rate_limit_spike", str(file))
    assert "warning: ?[2J?xxx" in done.stdout
    assert all(line.isprintable() for line in done.stdout.splitlines())
    assert "x" * 60 not in done.stdout


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0.0 s"),
        (0.44, "0.4 s"),
        (-3, "-3.0 s"),
        (59.4, "59 s"),
        (250, "4:10 min"),
        (7500, "2:05 h"),
        (-90, "-1:30 min"),
    ],
)
def test_a_length_reads_at_a_glance(seconds: float, text: str) -> None:
    assert shown(timedelta(seconds=seconds)) == text
