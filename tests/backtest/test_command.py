"""The command as a stranger runs it: exit codes, text and JSON, a dry run, nothing that could rewrite the terminal."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest

from loyalty_monitoring.definitions.load import load_definitions
from loyalty_monitoring.definitions.settings import load_stack_settings
from tests.backtest.server import Logs
from tests.checks.verify.server import fails
from tests.conftest import PROJECT, run
from tests.log_lines import Entry, entry, rejection, write

NOON = (datetime.now(UTC) - timedelta(days=1)).replace(hour=12, minute=0, second=0, microsecond=0)
WINDOW = (
    "--from",
    f"{NOON - timedelta(hours=1):%Y-%m-%dT%H:%M}",
    "--to",
    f"{NOON + timedelta(hours=1):%Y-%m-%dT%H:%M}",
)
SPIKE = (*WINDOW, "--policy", "rate_limit_spike")


def _run(*arguments: str, endpoint: str = "", command: str = "backtest") -> subprocess.CompletedProcess[str]:
    environment = {"LOYALTY_MONITORING_ENDPOINT": endpoint, "PATH": "/usr/bin:/bin"}
    return run(command, *arguments, environment=environment)


def _logs(folder: Path, store: str = "s-1", rejections: int = 101) -> Logs:
    entries = [{**rejection(NOON, store), "insertId": str(number)} for number in range(rejections)]
    return Logs("loyalty-demo", files=[write(folder / "entries.jsonl", entries)])


def test_an_incident_is_told_as_replay_tells_it_and_where_it_was_read(tmp_path: Path) -> None:
    kept = tmp_path / "with space.jsonl.gz"
    with _logs(tmp_path).served() as endpoint:
        done = _run(*SPIKE, "--keep", str(kept), "--fail-on", "P0", endpoint=endpoint)
    assert (done.returncode, done.stderr) == (0, "")
    origin, late, *timeline = done.stdout.splitlines()
    place = next(index for index, line in enumerate(timeline) if line.startswith("The entries are kept"))
    timeline, again = timeline[:place], timeline[place]
    assert origin.startswith("Project loyalty-demo, through the Logging API: 1 request; history from ")
    assert late.startswith(f"The first entry is of {NOON:%Y-%m-%d %H:%M} UTC: nothing was logged before")
    assert "rate_limit_spike store_id=s-1" in "\n".join(timeline)
    introduction, _, arguments = again.partition(": loyalty-monitoring replay ")
    assert introduction == "The entries are kept; to replay them"
    replayed = _run(*shlex.split(arguments), command="replay")
    # The policy's one metric was read; replay looks for all of them.
    assert replayed.stdout.splitlines()[: len(timeline) - 1] == timeline[:-1]


def test_json_is_that_of_replay_with_its_source(tmp_path: Path) -> None:
    with _logs(tmp_path).served() as endpoint:
        told = json.loads(_run(*SPIKE, "--format", "json", "--endpoint", endpoint).stdout)
    replayed = json.loads(_run(*SPIKE, "--format", "json", str(tmp_path / "entries.jsonl"), command="replay").stdout)
    source = told.pop("source")
    assert told["incidents"] == replayed["incidents"] != []
    assert {*told} - {"fired"} == {*replayed} - {"lateness"}
    assert list(source) == [
        "kind",
        "project",
        "from",
        "to",
        "filter",
        "first_entry",
        "requests",
        "waited_seconds",
        "kept",
    ]
    assert (source["kind"], source["project"], source["requests"], source["kept"]) == (
        "logging_api",
        "loyalty-demo",
        1,
        None,
    )


def _violations(store: str = "s-1") -> list[Entry]:
    """What Cloud Monitoring logs of an incident of the noon's rejections."""
    title = next(
        str(one.body["displayName"])
        for one in load_definitions(PROJECT, load_stack_settings(PROJECT, "demo")).alert_policies
        if one.name == "rate_limit_spike"
    )
    opened = NOON + timedelta(minutes=3)
    log = "projects/loyalty-demo/logs/monitoring.googleapis.com%2FViolation"
    message = f"for loyalty-demo with metric labels {{store_id={store}}} is above with a value of 101.000."
    common = {"policy_id": "7", "policy_display_name": title, "violation_id": "0.a", "verbose_message": message}
    return [
        {
            **entry(at, "x", "INFO", {}),
            "logName": log + kind,
            "insertId": kind,
            "labels": {**common, key: str(int(at.timestamp()))},
            "jsonPayload": {},
        }
        for kind, key, at in (
            ("OpenEventv1", "started_at", opened),
            ("AutoResolveEventv1", "resolved_at", opened + timedelta(minutes=6)),
        )
    ]


def test_a_backtest_ends_with_what_fired_in_the_same_time(tmp_path: Path) -> None:
    logs = _logs(tmp_path)
    logs.files.append(write(tmp_path / "violations.jsonl", _violations()))
    with logs.served() as endpoint:
        done = _run(*SPIKE, endpoint=endpoint)
        told = json.loads(_run(*SPIKE, "--format", "json", endpoint=endpoint).stdout)
    assert done.stdout.splitlines()[-1] == "1 alike, 0 only in the replay, 0 only in what fired"
    (alike,) = told["fired"]["alike"]
    assert alike["labels"] == {"store_id": "s-1"}
    assert 0 < alike["opened_later_s"] <= 180


def test_what_fired_for_another_store_is_told_with_a_reason(tmp_path: Path) -> None:
    logs = _logs(tmp_path)
    logs.files.append(write(tmp_path / "violations.jsonl", _violations(store="s-2")))
    with logs.served() as endpoint:
        done = _run(*SPIKE, endpoint=endpoint)
    assert done.stdout.splitlines()[-1] == "0 alike, 1 only in the replay, 1 only in what fired"
    assert "Only in what fired" in done.stdout


def test_a_backtest_that_may_not_read_what_fired_says_so_and_is_none_the_worse(tmp_path: Path) -> None:
    logs = _logs(tmp_path)

    def only_violations(asked: Any, context: Any) -> None:
        if "Violation" in asked.filter:
            context.abort(grpc.StatusCode.PERMISSION_DENIED, "no")

    logs.fail["ListLogEntries"] = only_violations
    with logs.served() as endpoint:
        done = _run(*SPIKE, endpoint=endpoint)
    assert done.returncode == 0
    assert "1 incident" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("What fired is not known: the violation logs cannot be read: ")


def test_a_project_other_than_the_stacks_is_read_with_the_stacks_definitions(tmp_path: Path) -> None:
    logs = _logs(tmp_path)
    logs.project = "another-one"
    with logs.served() as endpoint:
        done = _run("--project", "another-one", *SPIKE, endpoint=endpoint)
    assert "1 incident" in done.stdout


def test_an_incident_of_the_priority_that_must_not_be_exits_with_1(tmp_path: Path) -> None:
    with _logs(tmp_path).served() as endpoint:
        assert _run(*SPIKE, "--fail-on", "P1", endpoint=endpoint).returncode == 1


def test_a_dry_run_reads_nothing_and_shows_the_filter_and_the_window(tmp_path: Path) -> None:
    logs = _logs(tmp_path)
    with logs.served() as endpoint:
        text = _run(*SPIKE, "--dry-run", endpoint=endpoint)
        told = json.loads(_run(*SPIKE, "--dry-run", "--format", "json", endpoint=endpoint).stdout)
    assert logs.asked == []
    assert text.returncode == 0
    assert text.stdout.startswith("Nothing was read. From project loyalty-demo, through the Logging API, would be:")
    assert all(line in text.stdout for line in told["source"]["filter"].splitlines())
    assert 'jsonPayload.event =~ "^rate_limit_exceeded$"' in told["source"]["filter"]
    assert "How many entries that are, the API does not say" in text.stdout
    assert told["window"]["from"] == f"{NOON - timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"


def test_an_error_is_one_message_on_standard_error_and_exit_code_2(tmp_path: Path) -> None:
    logs = _logs(tmp_path)
    logs.fail["ListLogEntries"] = fails(grpc.StatusCode.PERMISSION_DENIED, "no")
    with logs.served() as endpoint:
        done = _run(*SPIKE, "--keep", str(tmp_path / "kept"), endpoint=endpoint)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("loyalty-monitoring: the permission logging.logEntries.list is missing")
    assert not (tmp_path / "kept").exists()


def test_what_is_in_the_logs_cannot_rewrite_the_terminal(tmp_path: Path) -> None:
    with _logs(tmp_path, store="\x1b[2J\u202e[bold]\nevil").served() as endpoint:
        done = _run(*SPIKE, endpoint=endpoint)
    assert "store_id=?[2J?[bold]?evil" in done.stdout
    assert all(line.isprintable() for line in done.stdout.splitlines())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((*WINDOW, "--days", "2"), "leave out one of them"),
        (("--to", "2999-01-01"), "yet to come"),
        (("--policy", "rate_limit"), "did you mean 'rate_limit_spike'"),
        (("--project", "../other"), "expected a Google Cloud project id"),
        (("--days", "0"), "--days"),
        (("--timeout", "0"), "--timeout"),
    ],
)
def test_a_mistake_is_one_clear_error_before_anything_is_read(arguments: tuple[str, ...], words: str) -> None:
    done = _run(*arguments)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_help_shows_an_example_without_loading_googles_clients() -> None:
    program = "import sys; from loyalty_monitoring.cli import cli; cli(['backtest', '--help'], standalone_mode=False); "
    program += "print(sorted({'google', 'grpc', 'duckdb'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=PROJECT, check=False)
    assert "loyalty-monitoring backtest --stack production --days 30" in done.stdout
    assert done.stdout.endswith("[]\n")
