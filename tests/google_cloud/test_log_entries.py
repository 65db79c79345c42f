"""The Logging API, through Google's own client over gRPC: what is asked, what comes back, and when it does not."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud.logging_v2.services.logging_service_v2 import LoggingServiceV2Client
from google.cloud.logging_v2.types import ListLogEntriesResponse, LogEntry
from google.protobuf import any_pb2, json_format

from loyalty_monitoring.backtest.log_filter import entries_filter
from loyalty_monitoring.backtest.run import BacktestPlan, LoggingSource, backtest, plan, window
from loyalty_monitoring.common.errors import UserError
from loyalty_monitoring.google_cloud import log_entries
from loyalty_monitoring.google_cloud.clients import grpc_client
from loyalty_monitoring.google_cloud.log_entries import as_line
from loyalty_monitoring.replay.entries.match import count_matches
from loyalty_monitoring.replay.result import ReplayResult
from loyalty_monitoring.replay.run import replay
from loyalty_monitoring.replay.timeline import as_object
from tests.backtest.server import Logs, message
from tests.checks.verify.server import fails
from tests.checks.verify.test_verify import stack_of
from tests.conftest import PROJECT, ROOT
from tests.log_lines import START, event, hours, minutes, rejection, write

Code = grpc.StatusCode
STACK = stack_of("demo", whole=True)
DAY = timedelta(days=1)
FAULTY_DAY = datetime(2026, 11, 7, tzinfo=UTC)
SAMPLES = [ROOT / "samples" / f"2026-11-{day:02}.jsonl.gz" for day in (6, 7)]


def planned(start: datetime, end: datetime, *policies: str) -> BacktestPlan:
    return plan(*STACK, start, end, policies or None)


def names(what: BacktestPlan) -> list[str]:
    return [policy.name for policy in what.policies]


SHORT = planned(START + DAY, START + 2 * DAY, "rate_limit_spike")


def short_logs(folder: Path, **more: Any) -> Logs:
    """One spike of 101 rejections in a minute, and one just short of it."""
    at = [START + DAY + hours(3), START + DAY + hours(5)]
    entries = [rejection(at[number], f"s-{number}") for number, count in ((0, 101), (1, 100)) for _ in range(count)]
    return Logs("loyalty-demo", files=[write(folder / "entries.jsonl", entries)], **more)


def read(logs: Logs, what: BacktestPlan = SHORT, **how: Any) -> tuple[ReplayResult, LoggingSource]:
    with logs.served() as endpoint:
        return backtest(what, endpoint=endpoint, **{"timeout": 20, **how})


def refused(logs: Logs, what: BacktestPlan = SHORT, **how: Any) -> str:
    with pytest.raises(UserError) as caught:
        read(logs, what, **how)
    return str(caught.value)


# What is read -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sample() -> tuple[ReplayResult, ReplayResult, Logs]:
    """The faulty afternoon of the sample: replayed from the files, and from the API."""
    without_a_day_of_history = [each.name for each in STACK[1].alert_policies if each.name != "email_failures"]
    what = planned(FAULTY_DAY + hours(10), FAULTY_DAY + hours(18), *without_a_day_of_history)
    logs = Logs("loyalty-demo", files=SAMPLES, page_size=1000)
    result, _ = read(logs, what)
    return replay(what.definitions, SAMPLES, start=what.start, end=what.end, policies=names(what)), result, logs


def test_the_incidents_are_those_of_a_replay_of_the_same_logs(sample: tuple[ReplayResult, ReplayResult, Logs]) -> None:
    from_files, from_api, _ = sample
    assert len(from_files.incidents) >= 3
    assert as_object(from_api)["incidents"] == as_object(from_files)["incidents"]
    assert as_object(from_api)["window"] == as_object(from_files)["window"]


def test_pages_of_a_thousand_follow_one_another_by_their_tokens(
    sample: tuple[ReplayResult, ReplayResult, Logs],
) -> None:
    _, result, logs = sample
    tokens = [request.page_token for request in logs.requests]
    assert tokens == ["", *(f"0-{start}" for start in range(1000, result.entries_read, 1000))]
    assert len({request.filter for request in logs.requests}) == 1


def test_only_entries_of_history_and_window_are_read(tmp_path: Path) -> None:
    what = planned(START + DAY, START + DAY + hours(1), "rate_limit_spike")
    assert what.history < what.start
    tick = timedelta(microseconds=1)
    at = [what.history - tick, what.history, what.end - tick, what.end]
    entries = [rejection(when, store) for when, store in zip(at, "AbyZ", strict=True)]
    logs = Logs("loyalty-demo", files=[write(tmp_path / "entries.jsonl", entries)])
    read(logs, what, keep=tmp_path / "kept.jsonl")
    kept = map(json.loads, (tmp_path / "kept.jsonl").read_text().splitlines())
    assert [entry["jsonPayload"]["store_id"] for entry in kept] == ["b", "y"]


def test_history_reaches_as_far_back_as_the_alerts_look_in_whole_hours() -> None:
    def reach(*policies: str) -> timedelta:
        what = planned(FAULTY_DAY, FAULTY_DAY + DAY, *policies)
        return what.start - what.history

    assert reach("rate_limit_spike") == hours(1)
    assert reach() == max(reach(policy.name) for policy in STACK[1].alert_policies)
    assert hours(1) < reach() <= hours(25)


def test_with_a_policy_only_what_it_reads_is_asked_for() -> None:
    what = planned(FAULTY_DAY, FAULTY_DAY + DAY, "rate_limit_spike")
    assert [metric.name for metric in what.definitions.log_metrics] == ["rate_limited_requests"]
    assert "rate_limit_exceeded" in what.filter
    assert "card_enrolled" not in what.filter
    assert "card_enrolled" in planned(FAULTY_DAY, FAULTY_DAY + DAY).filter


def test_the_filter_finds_exactly_the_entries_that_a_metric_counts() -> None:
    what = planned(FAULTY_DAY, FAULTY_DAY + DAY)
    any_metric = "\nOR\n".join(f"({text})" for text in {each.body["filter"] for each in what.definitions.log_metrics})
    matched = count_matches(what.filter, SAMPLES[1:])
    assert count_matches(any_metric, SAMPLES[1:]) == matched > 1000
    assert count_matches(f"({any_metric})\nAND ({what.filter})", SAMPLES[1:]) == matched


@pytest.mark.parametrize("most", [1500, 1000, 500, 200, 100])
def test_a_filter_that_would_be_too_long_is_wider_and_never_narrower(most: int) -> None:
    what = planned(FAULTY_DAY, FAULTY_DAY + DAY)
    filters = [metric.body["filter"] for metric in what.definitions.log_metrics]
    text = entries_filter(filters, what.history, what.end, most)
    assert len(text) <= most < len(what.filter)
    missing = f"({what.filter})\nAND NOT (\n{text}\n)"
    assert count_matches(missing, SAMPLES[1:]) == 0


@pytest.mark.parametrize(
    ("filters", "parts"),
    [
        (['severity = "a AND b" AND (x=1 AND y=2)'], ['severity = "a AND b"', "(x=1 AND y=2)"]),
        (["x=1 -- one AND two\nAND y=2"], ["x=1 -- one AND two", "y=2"]),
        (["x=1 OR y=2 AND z=3", "z=3 AND y=2"], ["z=3", "(\n(x=1 OR y=2\n)\nOR\n(y=2\n)\n)"]),
        (["x=1", "x=1 AND y=2"], ["x=1"]),
        (["x=1", ""], []),
        (["x=1", "x=1"], ["x=1"]),
    ],
    ids=["texts and parentheses", "comments", "what all share", "one within another", "everything", "one twice"],
)
def test_filters_are_taken_apart_where_an_and_binds_loosest(filters: list[str], parts: list[str]) -> None:
    text = entries_filter(filters, START, START + DAY)
    bounds = ['timestamp >= "2026-11-02T00:00:00Z"', 'timestamp < "2026-11-03T00:00:00Z"']
    assert text == "\nAND ".join(bounds + parts)


def test_a_page_without_entries_is_not_the_end(tmp_path: Path) -> None:
    logs = short_logs(tmp_path, page_size=150, empty_pages=2)
    result, source = read(logs)
    assert (result.entries_read, source.requests) == (201, 3 + 3)


def test_a_page_larger_than_what_grpc_takes_unless_told_is_read() -> None:
    large = rejection(START + DAY, "s-1")
    large["jsonPayload"]["padding"] = "x" * 60_000
    logs = Logs("loyalty-demo")
    logs.found[SHORT.filter] = [message(json.dumps(large))] * 101
    result, source = read(logs)
    assert (result.entries_read, source.requests, len(result.incidents)) == (101, 1, 1)


def test_pages_that_are_too_large_are_asked_for_with_fewer_entries_and_none_is_lost_or_read_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(log_entries, "_LARGEST_PAGE", 2**20)
    large = [rejection(START + DAY, f"s-{number}") for number in range(24)]
    for one in large:
        one["jsonPayload"]["padding"] = ["x" * 50_000] * 5
    small = [rejection(START + DAY + hours(1), "s-1")] * 500
    logs = Logs("loyalty-demo")
    logs.found[SHORT.filter] = [message(json.dumps(one)) for one in [*large, *small]]
    result, source = read(logs, timeout=60)
    assert result.entries_read == 524
    asked = [one.page_size for one in logs.requests]
    # 250 kB each: 3 fit into the bound; afterwards there is no need to ask often.
    assert asked[:9] == [1000, 500, 250, 125, 62, 31, 15, 7, 3]
    assert asked[9:18] == [3] * 8 + [6]
    assert asked[-1] > 100
    assert (source.requests, source.waited) == (len(asked), 0)


def test_one_entry_that_is_too_large_is_an_error_that_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_entries, "_LARGEST_PAGE", 2**16)
    large = rejection(START + DAY, "s-1")
    large["jsonPayload"]["padding"] = "x" * 100_000
    logs = Logs("loyalty-demo")
    logs.found[SHORT.filter] = [message(json.dumps(large))]
    assert "MiB at once" in refused(logs)


def test_googles_own_service_is_asked_with_the_same_bound() -> None:
    channels = []

    class Transport(LoggingServiceV2Client.get_transport_class("grpc")):  # type: ignore[misc]
        @classmethod
        def create_channel(cls, host: str, **how: Any) -> grpc.Channel:
            channels.append((host, dict(how["options"]), how["credentials"]))
            return grpc.insecure_channel(host)

    class Client(LoggingServiceV2Client):
        @classmethod
        def get_transport_class(cls, label: str | None = None) -> Any:
            return Transport

    signed_in = AnonymousCredentials()
    grpc_client(Client, None, signed_in, 123).transport.close()
    ((host, options, used),) = channels
    assert host == "logging.googleapis.com:443"
    assert options["grpc.max_receive_message_length"] == 123
    assert used is signed_in


# What comes back ----------------------------------------------------------------------------------------------------


def line_of(entry: dict[str, Any]) -> dict[str, Any]:
    written: dict[str, Any] = json.loads(as_line(json_format.ParseDict(entry, LogEntry.pb()())))
    return written


def test_an_entry_is_written_as_rest_writes_it() -> None:
    entry = rejection(START + timedelta(microseconds=1), "s-1")
    entry["jsonPayload"] |= {"n": [1, 0.5, {"deep": -3}], "none": None, "yes": True, "text": "1.0 \u2028 é"}
    entry |= {"sourceLocation": {"line": "12"}, "httpRequest": {"status": 200, "latency": "0.100s"}}
    assert line_of(entry) == entry


def test_a_whole_number_stays_whole_although_it_comes_as_a_double() -> None:
    entry = rejection(START, "s-1")
    entry["jsonPayload"] = {"one": 1.0, "large": 2**52, "beyond": 1e300}
    text = as_line(json_format.ParseDict(entry, LogEntry.pb()())).decode()
    assert re.search(r'"one":1[,}]', text)
    assert str(2**52) in text
    assert "1e+300" in text


def test_nanoseconds_stay() -> None:
    entry = {**rejection(START, "s-1"), "timestamp": "2026-11-02T00:00:00.123456789Z"}
    assert line_of(entry)["timestamp"] == "2026-11-02T00:00:00.123456789Z"


def test_what_has_no_json_costs_its_value_and_not_the_entry() -> None:
    odd = json_format.ParseDict(rejection(START, "s-1"), LogEntry.pb()())
    for number in (float("nan"), float("inf")):
        odd.json_payload.fields["list"].list_value.values.add().number_value = number
    assert json.loads(as_line(odd))["jsonPayload"]["list"] == ["NaN", "Infinity"]
    assert json.loads(as_line(odd))["jsonPayload"]["store_id"] == "s-1"
    odd.proto_payload.CopyFrom(any_pb2.Any(type_url="type.googleapis.com/not.Installed", value=b"1"))
    assert json.loads(as_line(odd))["protoPayload"] == {"@type": "type.googleapis.com/not.Installed"}
    assert json.loads(as_line(odd))["severity"] == "WARNING"


# When it does not come ----------------------------------------------------------------------------------------------


def failing(folder: Path, code: grpc.StatusCode, text: str, times: int | None = None, **more: Any) -> Logs:
    return short_logs(folder, fail={"ListLogEntries": fails(code, text, times=times, **more)})


@pytest.mark.parametrize("code", [Code.UNAVAILABLE, Code.INTERNAL, Code.DEADLINE_EXCEEDED])
def test_what_fails_twice_and_is_then_well_is_no_error(tmp_path: Path, code: grpc.StatusCode) -> None:
    result, source = read(failing(tmp_path, code, "try again", times=2))
    assert (len(result.incidents), source.requests, source.waited) == (1, 3, 0)


def test_a_quota_that_is_used_up_is_waited_for_and_the_progress_says_so(tmp_path: Path) -> None:
    told: list[str] = []
    logs = failing(tmp_path, Code.RESOURCE_EXHAUSTED, "Quota exceeded for quota metric 'Read requests'", times=1)
    result, source = read(logs, progress=lambda what, _: told.append(what))
    assert (len(result.incidents), source.requests, source.waited) == (1, 2, 1)
    assert "Waiting 1 s for the read quota" in told


def test_a_page_in_the_middle_is_asked_for_again_with_its_token(tmp_path: Path) -> None:
    logs = short_logs(tmp_path, page_size=100)
    unavailable = fails(Code.UNAVAILABLE, "moment", times=1)
    logs.fail["ListLogEntries"] = lambda asked, context: unavailable(asked, context) if asked.page_token else None
    result, _ = read(logs)
    assert [request.page_token for request in logs.requests] == ["", "0-100", "0-100", "0-200"]
    assert result.entries_read == 201


def test_a_quota_that_does_not_recover_is_an_error_that_says_where_to_raise_it(tmp_path: Path) -> None:
    said = refused(failing(tmp_path, Code.RESOURCE_EXHAUSTED, "Quota exceeded"), timeout=5)
    assert "the quota of logging.googleapis.com is used up (Quota exceeded)" in said
    assert said.endswith("https://console.cloud.google.com/iam-admin/quotas?project=loyalty-demo")


@pytest.mark.parametrize(
    ("code", "words", "remedy"),
    [
        (Code.PERMISSION_DENIED, "the permission logging.logEntries.list is missing in", "--role=roles/logging.viewer"),
        (Code.UNAUTHENTICATED, "does not take the credentials", "run: gcloud auth application-default login"),
        (Code.NOT_FOUND, "there is no project loyalty-demo", "`gcloud projects list` names yours"),
        (Code.INVALID_ARGUMENT, "refused logging.logEntries.list", "check --project, and try again"),
    ],
)
def test_what_cannot_get_better_is_an_error_at_once_that_ends_with_the_remedy(
    tmp_path: Path, code: grpc.StatusCode, words: str, remedy: str
) -> None:
    logs = failing(tmp_path, code, "so it is")
    said = refused(logs)
    assert words in said
    assert "so it is" in said
    assert said.endswith(remedy)
    assert len(logs.requests) == 1


def test_an_api_that_is_not_enabled_is_named(tmp_path: Path) -> None:
    disabled = failing(
        tmp_path, Code.PERMISSION_DENIED, "x", reason="SERVICE_DISABLED", service="logging.googleapis.com"
    )
    assert refused(disabled).endswith("gcloud services enable logging.googleapis.com --project loyalty-demo")


def test_a_server_that_is_not_there_cannot_be_reached() -> None:
    with pytest.raises(UserError, match=r"logging\.googleapis\.com cannot be reached"):
        backtest(SHORT, timeout=5, endpoint="127.0.0.1:1")


def test_an_answer_that_does_not_come_is_an_error_that_names_the_option(tmp_path: Path) -> None:
    done = threading.Event()
    logs = short_logs(tmp_path, fail={"ListLogEntries": lambda *_: done.wait(60)})
    try:
        said = refused(logs, timeout=5)
    finally:
        done.set()
    assert said == "logging.googleapis.com did not answer within 5 s; try again, or with a longer --timeout"


def test_what_a_server_says_cannot_rewrite_the_terminal_or_fill_it(tmp_path: Path) -> None:
    said = refused(failing(tmp_path, Code.INVALID_ARGUMENT, "\x1b[2J\n\u202eevil" + "x" * 1000))
    assert said.isprintable()
    assert len(said) < 500


def test_no_entry_is_an_error_that_says_what_was_looked_for(tmp_path: Path) -> None:
    other = [event("card_enrolled", START + DAY, merchant_id="m", store_id="s", card_id="c")]
    logs = Logs("loyalty-demo", files=[write(tmp_path / "other.jsonl", other)])
    said = refused(logs)
    assert said.startswith("from 2026-11-02 23:00 UTC to 2026-11-04 00:00 UTC, project loyalty-demo has no log entry")
    assert "one of the 1 log-based metrics" in said
    assert "keeps entries for 30 days" in said
    assert said.endswith("loyalty-monitoring contract check day.json")


# What stays behind --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["kept.jsonl", "kept.jsonl.gz"])
def test_entries_that_are_kept_replay_to_the_same(tmp_path: Path, name: str) -> None:
    result, source = read(short_logs(tmp_path), keep=tmp_path / name)
    again = replay(SHORT.definitions, [tmp_path / name], start=SHORT.start, end=SHORT.end, policies=names(SHORT))
    assert as_object(again) == as_object(result)
    assert source.kept == tmp_path / name


def test_a_reading_that_fails_on_the_way_keeps_nothing(tmp_path: Path) -> None:
    logs = short_logs(tmp_path, page_size=100)
    denied = fails(Code.PERMISSION_DENIED, "no longer")
    logs.fail["ListLogEntries"] = lambda asked, context: denied(asked, context) if asked.page_token else None
    (tmp_path / "kept.jsonl").write_text("what was kept before\n")
    refused(logs, keep=tmp_path / "kept.jsonl")
    assert (tmp_path / "kept.jsonl").read_text() == "what was kept before\n"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["entries.jsonl", "kept.jsonl"]


def test_a_file_that_cannot_be_written_is_an_error_before_anything_is_read(tmp_path: Path) -> None:
    logs = short_logs(tmp_path)
    assert refused(logs, keep=tmp_path / "missing" / "kept.jsonl").endswith("choose another --keep")
    assert logs.requests == []


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("where", ["an answer", "the quota"])
def test_an_interrupted_reading_ends_at_once_and_leaves_nothing(
    tmp_path: Path, how: signal.Signals, where: str
) -> None:
    """Interrupted on the second page, in a wait for an answer or for the quota."""
    waiting, done = threading.Event(), threading.Event()
    exhausted = fails(Code.RESOURCE_EXHAUSTED, "Quota exceeded")

    def second_page(asked: Any, context: Any) -> None:
        if asked.page_token:
            waiting.set()
            if where == "the quota":
                exhausted(asked, context)
            done.wait(60)

    logs = short_logs(tmp_path, page_size=100, fail={"ListLogEntries": second_page})
    folder = tmp_path / "empty"
    folder.mkdir()
    program = "from loyalty_monitoring.cli import main; main()"
    options = ["--from", "2026-11-03", "--to", "2026-11-04", "--policy", "rate_limit_spike", "--keep"]
    with (
        logs.served() as endpoint,
        subprocess.Popen(
            [sys.executable, "-c", program, "backtest", *options, str(folder / "kept.jsonl.gz")],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=PROJECT,
            env={**os.environ, "TMPDIR": str(folder), "LOYALTY_MONITORING_ENDPOINT": endpoint},
        ) as process,
    ):
        assert waiting.wait(60)
        process.send_signal(how)
        _, said = process.communicate(timeout=60)
        done.set()
    assert process.returncode == (130 if how == signal.SIGINT else 143)
    assert said == b"loyalty-monitoring: interrupted\n"
    # What survives the process removes its folder, which takes a moment on a busy machine.
    deadline = time.monotonic() + 60
    while list(folder.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert list(folder.iterdir()) == []


# Which window -------------------------------------------------------------------------------------------------------

NOW = datetime(2026, 11, 23, 12, 0, 30, tzinfo=UTC)
THIS_MINUTE = NOW.replace(second=0)


@pytest.mark.parametrize(
    ("days", "start", "end", "expected"),
    [
        (None, None, None, (THIS_MINUTE - 30 * DAY, THIS_MINUTE)),
        (2, None, None, (THIS_MINUTE - 2 * DAY, THIS_MINUTE)),
        (None, START, None, (START, THIS_MINUTE)),
        (2, START, None, (START, START + 2 * DAY)),
        (300, START, None, (START, THIS_MINUTE)),
        (2, None, START, (START - 2 * DAY, START)),
        (None, None, START, (START - 30 * DAY, START)),
        (None, START, START + DAY, (START, START + DAY)),
    ],
)
def test_a_window_follows_from_days_from_and_to(
    days: int | None, start: datetime | None, end: datetime | None, expected: tuple[datetime, datetime]
) -> None:
    assert window(days, start, end, NOW) == expected


@pytest.mark.parametrize(
    ("days", "start", "end", "words"),
    [
        (2, START, START + DAY, "leave out one of them"),
        (None, START, NOW + minutes(1), "yet to come"),
        (None, START, START, "mend --from or --to"),
        (None, NOW + DAY, None, "mend --from or --to"),
    ],
)
def test_a_window_that_cannot_be_is_an_error(
    days: int | None, start: datetime | None, end: datetime | None, words: str
) -> None:
    with pytest.raises(UserError, match=words):
        window(days, start, end, NOW)


# Bounds -------------------------------------------------------------------------------------------------------------


def _disk(free: int, size: int) -> Any:
    """What the system says of a disk, in bytes."""
    return lambda _: os.statvfs_result((1, 1, size, free, free, 0, 0, 0, 0, 255))


@pytest.mark.parametrize(
    ("free", "size", "is_read"),
    [
        (2**28, 10**12, True),
        (2**28 - 1, 10**12, False),
        (2**20, 20 * 2**20, True),  # of a small disk a twentieth
        (2**20 - 1, 20 * 2**20, False),
    ],
)
def test_what_is_kept_never_fills_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, size: int, is_read: bool
) -> None:
    entries = [{**rejection(START + DAY, f"s-{number}"), "insertId": str(number)} for number in range(30)]
    logs = Logs("loyalty-demo", files=[write(tmp_path / "entries.jsonl", entries)], page_size=10)
    what, kept = planned(START + DAY, START + DAY + hours(1), "rate_limit_spike"), tmp_path / "kept.jsonl"
    monkeypatch.setattr(os, "fstatvfs", _disk(free, size))
    if is_read:
        read(logs, what, keep=kept)
        assert kept.read_bytes().count(b"\n") == 30
    else:
        assert "no room for more" in refused(logs, what, keep=kept)
        assert len(logs.requests) == 1
        assert [path.name for path in tmp_path.iterdir()] == ["entries.jsonl"]


@pytest.mark.parametrize(
    ("tokens", "words"),
    [
        (lambda number: "same", "leads in a circle"),
        (lambda number: str(number % 3), "leads in a circle"),
        (lambda number: str(number), "2 s|no answer|time"),
    ],
    ids=["the same token", "three in turn", "a new one for ever"],
)
def test_pages_without_an_end_end_with_an_error(tokens: Callable[[int], str], words: str) -> None:
    class Endless(Logs):
        def _entries(self, asked: Any, context: Any) -> Any:
            time.sleep(0.01)
            return ListLogEntriesResponse(next_page_token=tokens(len(self.asked)))

    found = refused(Endless("loyalty-demo"), timeout=2)
    assert re.search(words, found), found
