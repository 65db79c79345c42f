"""Every command that asks Google Cloud ends within its --timeout, with one error, whatever a server does."""

from __future__ import annotations

import functools
import os
import re
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from google.cloud.logging_v2.types import ListLogEntriesResponse, ListLogMetricsResponse, LogMetric

from loyalty_monitoring.backtest.run import estimated_bytes, plan
from loyalty_monitoring.backtest.view import parse_view
from loyalty_monitoring.checks.verify.run import verify
from loyalty_monitoring.common.errors import UserError
from loyalty_monitoring.google_cloud.alerts_api import read_alerts
from tests.checks.verify.server import NOW
from tests.checks.verify.test_verify import deployed, stack_of
from tests.conftest import run
from tests.google_cloud.hostile_servers import GRPC, REST, answers, http, raw, says, through
from tests.log_lines import START, hours

TIMEOUT = 0.5  # of a call in this process
COMMAND_TIMEOUT = 1
# Python and Google's clients take a while to start on a machine that does other things.
PATIENCE_SECONDS = 40
COMMANDS = {
    "verify": ("verify",),
    "drill": ("drill", "--project", "loyalty-scratch", "--stack", "example-scratch", "--yes"),
    "backtest": ("backtest", "--days", "1", "--policy", "rate_limit_spike"),
}
VIEW = (*COMMANDS["backtest"], "--view", "my-project.logs._AllLogs")


def _ends(folder: Path, arguments: tuple[str, ...], endpoint: str) -> str:
    """Return the command's one error; nothing else is there when it ends."""
    temporary = folder / "tmp"
    temporary.mkdir()
    mark = f"LOYALTY_HOSTILE_SERVER={folder}"
    began = time.monotonic()
    done = run(
        *arguments,
        *("--timeout", str(COMMAND_TIMEOUT), "--endpoint", endpoint, "--rest-endpoint", endpoint),
        environment={**os.environ, "TMPDIR": str(temporary), mark.split("=")[0]: str(folder)},
    )
    error = done.stderr
    assert time.monotonic() - began < COMMAND_TIMEOUT + PATIENCE_SECONDS
    assert (done.returncode, done.stdout) == (2, ""), error
    assert error.startswith("loyalty-monitoring: ")
    assert "should not have happened" not in error
    assert "Traceback" not in error
    # A line a service to ask, each with its remedy.
    assert 1 <= error.count("\n") <= 2, error
    assert len(error) < 1_500
    assert list(temporary.iterdir()) == []
    assert not any(mark.encode() in _environment(each) for each in Path("/proc").iterdir() if each.name.isdigit())
    return error


def _environment(process: Path) -> bytes:
    try:
        return (process / "environ").read_bytes()
    except OSError:
        return b""


def _page(method: str, token: str) -> bytes:
    if method.endswith("ListLogEntries"):
        return ListLogEntriesResponse.serialize(ListLogEntriesResponse(next_page_token=token))
    # The token of all lists of Monitoring and Logging has this number.
    return ListLogMetricsResponse.serialize(ListLogMetricsResponse(next_page_token=token))


# What a server answers that speaks gRPC, by the path of the method and the number of the call.
ODD: dict[str, Callable[[str, int], bytes]] = {
    "the same token": lambda method, count: _page(method, "same"),
    "a new token": lambda method, count: _page(method, f"{count}"),
    "rubbish": lambda method, count: b"\xff" * 40,
    "another message": lambda method, count: LogMetric.serialize(LogMetric(name="\x1b[2J", filter="x" * 100)),
}
SERVERS: dict[str, Callable[[], AbstractContextManager[str]]] = {
    **{name: functools.partial(lambda behave: raw(behave()), behave) for name, behave in GRPC.items()},
    **{name: functools.partial(answers, answer) for name, answer in ODD.items()},
}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("server", ["drips greetings", "HTML", "a new token", "rubbish"])
def test_a_server_that_is_none_costs_a_command_no_more_than_the_timeout(
    tmp_path: Path, command: str, server: str
) -> None:
    with SERVERS[server]() as endpoint:
        _ends(tmp_path, COMMANDS[command], endpoint)


@pytest.mark.parametrize("server", ["drips a body", "wrong types"])
def test_a_bigquery_that_is_none_costs_a_command_no_more_than_the_timeout(tmp_path: Path, server: str) -> None:
    with raw(REST[server]()) as endpoint:
        error = _ends(tmp_path, VIEW, endpoint)
    assert re.search("bigquery.googleapis.com (did not answer|cannot be reached)", error), error


@pytest.mark.parametrize("server", SERVERS)
def test_whatever_answers_over_grpc_verify_ends_in_time_with_an_error(server: str) -> None:
    settings, definitions = stack_of("demo")
    began = time.monotonic()
    with SERVERS[server]() as endpoint, pytest.raises(UserError) as caught:
        verify(settings, definitions, now=NOW, timeout=TIMEOUT, endpoint=endpoint)
    assert time.monotonic() - began < TIMEOUT + PATIENCE_SECONDS
    assert all(line.isprintable() for line in caught.value.message.splitlines())


@pytest.mark.parametrize("server", REST)
def test_whatever_answers_over_rest_a_query_ends_in_time_with_an_error(server: str) -> None:
    settings, definitions = stack_of("demo")
    planned = plan(settings, definitions, START, START + hours(1))
    began = time.monotonic()
    with raw(REST[server]()) as endpoint, pytest.raises(UserError, match=r"did not answer|cannot be reached"):
        estimated_bytes(planned, parse_view("my-project.logs._AllLogs"), timeout=TIMEOUT, endpoint=endpoint)
    assert time.monotonic() - began < TIMEOUT + PATIENCE_SECONDS


@pytest.mark.parametrize("then", ["closes", "hangs", "drips"])
@pytest.mark.parametrize("after", [60, 2_000])
def test_a_healthy_server_that_stops_in_the_middle_is_an_error_in_time(after: int, then: str) -> None:
    settings, definitions = stack_of("demo")
    began = time.monotonic()
    with (
        deployed().served() as healthy,
        raw(through(healthy, after, then)) as endpoint,
        pytest.raises(UserError, match=r"did not answer|cannot be reached"),
    ):
        verify(settings, definitions, now=NOW, timeout=TIMEOUT, endpoint=endpoint)
    assert time.monotonic() - began < TIMEOUT + PATIENCE_SECONDS


@pytest.mark.parametrize("server", REST)
def test_an_alerts_api_that_is_none_is_an_error_in_time_and_never_no_alert(server: str) -> None:
    began = time.monotonic()
    with raw(REST[server]()) as endpoint, pytest.raises(UserError) as caught:
        read_alerts("p", START, START + hours(1), timeout=TIMEOUT, endpoint=endpoint)
    assert len(caught.value.message) < 600
    assert caught.value.message.isprintable()
    assert time.monotonic() - began < TIMEOUT + PATIENCE_SECONDS


def test_alerts_that_are_late_leave_the_violation_logs_their_time() -> None:
    settings, definitions = stack_of("demo")
    with deployed().served() as healthy, raw(REST["drips a body"]()) as rest:
        began = time.monotonic()
        found = verify(settings, definitions, now=NOW, timeout=4, endpoint=healthy, rest_endpoint=rest)
    assert time.monotonic() - began < 4 + PATIENCE_SECONDS
    assert found.policies


def test_a_healthy_answer_of_rest_is_read_whole() -> None:
    alert = b'{"name": "projects/p/alerts/1", "state": "OPEN", "openTime": "2026-11-02T00:10:00Z"}'
    with raw(says(http(b'{"alerts": [' + b", ".join([alert] * 2_000) + b"]}"))) as endpoint:
        found = read_alerts("p", START, START + hours(1), timeout=20, endpoint=endpoint)
    assert len(found) == 2_000
