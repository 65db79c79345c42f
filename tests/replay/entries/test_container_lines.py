"""What kubectl, docker and docker compose print becomes log entries, which the commands take."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from loyalty_monitoring.common.errors import UserError
from loyalty_monitoring.replay.entries.container_lines import LineCounts, entries_of
from loyalty_monitoring.replay.entries.counts import Rejected
from loyalty_monitoring.replay.entries.log_files import MAX_LINE_BYTES
from loyalty_monitoring.replay.entries.match import count_matches
from tests.conftest import EXAMPLE, run

# As StructuredLogHandler prints it.
LINE = json.dumps(
    {
        "message": "Card enrolled",
        "severity": "INFO",
        "logging.googleapis.com/labels": {"python_logger": "app.modules.loyalty.services.card_service"},
        "event": "card_enrolled",
        "merchant_id": "m-17",
        "store_id": "s-203",
        "card_id": "c-9931",
    }
)
TIME = "2026-11-07T08:00:00.123456789Z"
TOLD = "2026-11-07T09:00:00Z"


def _made(folder: Path, *lines: str, counts: LineCounts | None = None, **options: Any) -> list[dict[str, Any]]:
    file = folder / "stdout.txt"
    file.write_bytes("".join(f"{line}\n" for line in lines).encode("utf-8", "surrogateescape"))
    found = entries_of([file], "k8s_container", counts=counts or LineCounts(), **options)
    return [json.loads(entry) for entry in found]


@pytest.mark.parametrize(
    ("prefix", "labels"),
    [
        ("", {}),  # kubectl logs --timestamps, docker logs -t
        ("[pod/worker-0/worker] ", {"pod_name": "worker-0", "container_name": "worker"}),  # kubectl logs --prefix
        ("worker-1  | ", {"container_name": "worker-1"}),  # docker compose logs -t
        ("\x1b[36mworker-1  | \x1b[0m", {"container_name": "worker-1"}),  # on a terminal
        ("\x1b[36mworker-1  |\x1b[0m ", {"container_name": "worker-1"}),
    ],
)
@pytest.mark.parametrize("own", ["", "2026-11-01T00:00:00Z"])
def test_the_time_and_the_container_are_those_before_the_line(
    tmp_path: Path, prefix: str, labels: dict[str, str], own: str
) -> None:
    line = json.dumps({**json.loads(LINE), **({"time": own} if own else {})})
    (entry,) = _made(tmp_path, f"{prefix}{TIME} {line}", told=TOLD)
    assert entry == {
        "timestamp": TIME,
        "severity": "INFO",
        "insertId": "00000001",
        "logName": "projects/imported/logs/stdout",
        "resource": {"type": "k8s_container", "labels": {"project_id": "imported", **labels}},
        "labels": {"python_logger": "app.modules.loyalty.services.card_service"},
        "jsonPayload": {
            "message": "Card enrolled",
            "event": "card_enrolled",
            "merchant_id": "m-17",
            "store_id": "s-203",
            "card_id": "c-9931",
        },
    }


@pytest.mark.parametrize(
    ("line", "time"),
    [
        ('{"message": "x", "time": "2026-11-07T10:00:00+01:00"}', "2026-11-07T10:00:00+01:00"),
        ('{"message": "x", "timestampSeconds": 1793592306}', "2026-11-02T04:05:06.000000000Z"),
        ("[2026-11-07 08:00:03,004: ERROR/MainProcess] Task x raised", "2026-11-07T08:00:03.004Z"),
        ("[2026-13-07 08:00:03,004: ERROR/MainProcess] Task x raised", TOLD),
        ('{"message": "x"}', TOLD),
        ("words", TOLD),
    ],
)
def test_without_a_prefix_the_time_is_the_lines_own_or_told(tmp_path: Path, line: str, time: str) -> None:
    assert [entry["timestamp"] for entry in _made(tmp_path, line, f"app-1 | {line}", told=TOLD)] == [time, time]


def test_lines_of_a_node_have_the_time_and_the_stream_before_them(tmp_path: Path) -> None:
    out, error, empty = _made(tmp_path, f"{TIME} stdout F {LINE}", f"{TIME} stderr F Killed", f"{TIME} stdout F")
    assert (out["timestamp"], out["jsonPayload"]["event"]) == (TIME, json.loads(LINE)["event"])
    assert (error["textPayload"], error["severity"]) == ("Killed", "ERROR")
    assert error["logName"] == "projects/imported/logs/stderr"
    assert empty["textPayload"] == ""


def test_text_without_a_time_has_that_of_the_line_before_it_and_json_has_not(tmp_path: Path) -> None:
    counts = LineCounts()
    entries = _made(tmp_path, f"{TIME} Task raised", "Traceback (most recent call last):", "", LINE, counts=counts)
    assert [(entry["timestamp"], entry["textPayload"]) for entry in entries] == [
        (TIME, "Task raised"),
        (TIME, "Traceback (most recent call last):"),
    ]
    assert (counts.read, counts.rejected) == (3, 1)
    reason = "says no time; print lines with --timestamps, or give one with --time"
    assert counts.first_rejected == [Rejected(str(tmp_path / "stdout.txt"), 4, reason)]


@pytest.mark.parametrize(
    "line",
    [
        '{"x": NaN}',
        '{"x": 1e999}',
        "{" * 5000,
        '{"x": ' + "[" * 9000,
        "[1, 2]",
        "\udcff\udcfe",
        '{"cut": ',
        "a | b",
        "\x1b[31mred",
        "\t\x02",
    ],
)
def test_what_is_no_json_is_text(tmp_path: Path, line: str) -> None:
    (entry,) = _made(tmp_path, f"{TIME} {line}")
    assert entry["textPayload"].replace("\ufffd", "") == line.encode("utf-8", "ignore").decode().replace("\x02", "")
    assert entry["severity"] == "INFO"


def test_a_severity_that_cloud_logging_does_not_know_is_default(tmp_path: Path) -> None:
    (entry,) = _made(tmp_path, f'{TIME} {{"message": "x", "severity": "loud"}}')
    assert entry["severity"] == "DEFAULT"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("x" * (MAX_LINE_BYTES + 1), "longer than 2 MiB"),
        (LINE, "says no time"),
        (json.dumps({"timestamp": TIME, "resource": {"type": "global"}}), "is a LogEntry already"),
        (f"{TIME} stdout P {LINE[:20]}", "is a part of a line"),
    ],
)
def test_nothing_usable_is_an_error_and_with_strict_the_first_such_line_is(
    tmp_path: Path, line: str, words: str
) -> None:
    with pytest.raises(UserError, match="none of 1 lines could be used") as error:
        _made(tmp_path, line)
    assert words in str(error.value)
    with pytest.raises(UserError, match=f"stdout.txt:2: .*{words}"):
        _made(tmp_path, f"{TIME} {LINE}", line, strict=True)


def test_half_of_a_pair_is_no_character_and_a_pair_is_one(tmp_path: Path) -> None:
    lines = [json.dumps({"message": text}) for text in ("\ud83d\ude00", "a\ud800b", "\udc00\ud800", "\\ud800")]
    file = tmp_path / "stdout.txt"
    file.write_text("".join(f"{TIME} {line}\n" for line in lines))
    written = list(entries_of([file], "k8s_container", counts=LineCounts()))
    told = [json.loads(one)["jsonPayload"]["message"] for one in written]
    assert told == ["\U0001f600", "a\ufffdb", "\ufffd\ufffd", "\\ud800"]
    (made := tmp_path / "entries.jsonl").write_text("\n".join(written))
    assert count_matches("jsonPayload.message:*", [made], strict=True) == len(lines)


def test_the_commands_name_the_import_and_take_what_it_makes(tmp_path: Path) -> None:
    file = tmp_path / "worker.txt.gz"
    prefixed = [f"worker-1  | 2026-11-07T08:{minute:02}:00.5Z {LINE}" for minute in range(5)]
    file.write_bytes(gzip.compress("\n".join([*prefixed, LINE]).encode()))
    for command in (["match", "--count", "severity=INFO"], ["contract", "check"], ["replay"]):
        refused = run(*command, file)
        assert refused.returncode == 2, refused.stdout
        assert "`loyalty-monitoring import` makes an entry of it" in refused.stderr
    done = run("import", file)
    assert done.returncode == 0
    assert "1 of 6 lines could not be used" in done.stderr
    assert "5 entries of type k8s_container; their times: 5 of the prefix" in done.stderr
    checked = run(
        "match", "--count", 'resource.type="k8s_container" jsonPayload.event="card_enrolled"', "-", stdin=done.stdout
    )
    assert checked.stdout == "5\n", checked.stderr


def test_the_resource_type_is_the_stacks_or_the_options_and_then_no_project_is_needed(tmp_path: Path) -> None:
    line = f"{TIME} {LINE}"
    by_stack = run("import", "--stack", "example-production", "-", stdin=line)
    assert json.loads(by_stack.stdout)["resource"]["type"] == "cloud_run_revision"
    told = run("import", "--resource-type", "gce_instance", "-", stdin=line, folder=tmp_path)
    assert json.loads(told.stdout)["resource"]["type"] == "gce_instance"
    assert run("import", "-", stdin="", folder=EXAMPLE).returncode == 2


def test_a_line_that_was_cut_off_is_text_and_is_told_with_its_place(tmp_path: Path) -> None:
    file = tmp_path / "stdout.txt"
    lines = [f"{TIME} {LINE}", f"{TIME} {LINE[:60]}", f"{TIME} {{not json}}", f"{TIME} Traceback"]
    file.write_text("\n".join(lines))
    done = run("import", str(file))
    assert done.returncode == 0
    made = [json.loads(line) for line in done.stdout.splitlines()]
    assert ["jsonPayload" in entry for entry in made] == [True, False, False, False]
    assert made[1]["textPayload"] == LINE[:60]
    told = "1 line begins like JSON without being it, perhaps cut off; as in Cloud Logging that is text, and no event"
    assert f"{told}: {file}:2\n" in done.stderr


def test_of_many_lines_that_were_cut_off_the_first_are_named(tmp_path: Path) -> None:
    counts = LineCounts()
    _made(tmp_path, *[f"{TIME} {LINE[:60]}"] * 12, counts=counts)
    assert (counts.cut, len(counts.first_cut)) == (12, 10)
