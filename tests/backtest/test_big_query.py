"""`backtest --view` as a stranger runs it, and what it says when BigQuery refuses.

Through Google's own client, over a real socket, from a server that speaks BigQuery's REST API. It answers queries by
Google's reference implementation of GoogleSQL; costs and refusals are told to it.
"""

from __future__ import annotations

import gzip
import json
import subprocess
from collections.abc import Iterator

import pytest

from tests.backtest.big_query import PROJECT, VIEW, Server, serving
from tests.backtest.server import Logs
from tests.conftest import ROOT, run

DAY = ROOT / "samples" / "2026-11-07.jsonl.gz"
WINDOW = ("--from", "2026-11-07", "--to", "2026-11-08", "--policy", "rate_limit_spike")


def backtest(endpoint: str, *arguments: str, view: str = str(VIEW)) -> subprocess.CompletedProcess[str]:
    return run("backtest", "--project", PROJECT, "--view", view, "--rest-endpoint", endpoint, *WINDOW, *arguments)


@pytest.fixture(scope="module", autouse=True)
def logs() -> Iterator[None]:
    """What fired is asked of the Logging API, over gRPC; without a server each run would wait a minute for it."""
    with Logs(PROJECT).served() as endpoint, pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOYALTY_MONITORING_ENDPOINT", endpoint)
        yield


# --- counts


@pytest.fixture(scope="module")
def day() -> Iterator[str]:
    entries = [json.loads(line) for line in gzip.decompress(DAY.read_bytes()).splitlines()]
    server = Server()
    server.views[str(VIEW)] = [one for one in entries if "2026-11-07T17:42" <= one["timestamp"] < "2026-11-07T17:44"]
    with serving(server) as endpoint:
        yield endpoint


def test_what_bigquery_counts_opens_the_incidents_that_replay_opens(day: str) -> None:
    there = json.loads(backtest(day, "--format", "json").stdout)
    here = json.loads(run("replay", "--format", "json", *WINDOW, DAY).stdout)
    assert there["incidents"] == here["incidents"] != []
    source = there["source"]
    assert (source["kind"], source["view"], source["first_entry"][:14]) == (
        "log_analytics_view",
        str(VIEW),
        "2026-11-07T17:",
    )


def test_a_person_reads_where_it_was_counted_and_a_priority_can_fail_it(day: str) -> None:
    done = backtest(day, "--fail-on", "P1")
    assert done.returncode == 1
    assert done.stdout.startswith(f"View {VIEW}, by BigQuery: ")
    assert "rate_limit_spike store_id=s-1101" in done.stdout


def test_a_view_without_a_matching_entry_is_an_error_and_not_a_quiet_month(day: str) -> None:
    done = backtest(day, "--from", "2026-11-05", "--to", "2026-11-06")
    assert (done.returncode, done.stdout) == (2, "")
    assert f"view {VIEW} has no log entry" in done.stderr


def test_a_view_that_is_not_there_is_named_with_how_to_link_one(day: str) -> None:
    done = backtest(day, view=f"{PROJECT}.logs.nothing")
    assert done.returncode == 2
    assert f"there is no view {PROJECT}.logs.nothing" in done.stderr
    assert f"`bq ls {PROJECT}:logs`" in done.stderr


# --- costs and refusals


def test_a_dry_run_says_the_bytes_and_the_price_and_runs_nothing() -> None:
    server = Server()
    with serving(server) as endpoint:
        text = backtest(endpoint, "--dry-run")
        told = json.loads(backtest(endpoint, "--dry-run", "--format", "json").stdout)
    assert text.returncode == 0
    assert "bytes    3,221,225,472, by BigQuery's dry run: $0.02 at $6.25 a TiB" in text.stdout
    assert (told["source"]["estimated_bytes"], told["source"]["dollars"]) == (3 * 2**30, 0.0183)
    assert [body["configuration"]["dryRun"] for body in server.asked] == [True, True]


def test_the_bounds_of_time_are_parameters_and_never_text() -> None:
    server = Server()
    with serving(server) as endpoint:
        backtest(endpoint, "--dry-run")
    query = server.asked[0]["configuration"]["query"]
    parameters = {one["name"]: one["parameterValue"]["value"] for one in query["queryParameters"]}
    assert parameters == {"start": "2026-11-06 23:00:00+00:00", "end": "2026-11-08 00:00:00+00:00"}
    assert "2026" not in query["query"]
    assert "WHERE timestamp >= @start AND timestamp < @end" in query["query"]


@pytest.mark.parametrize(("limit", "allowed"), [("3GiB", True), ("3221225471", False), ("3GB", False)])
def test_a_query_that_needs_more_than_max_bytes_is_not_run(limit: str, allowed: bool) -> None:
    server = Server()
    with serving(server) as endpoint:
        done = backtest(endpoint, "--max-bytes", limit, "--timeout", "1")
    jobs = [body["configuration"] for body in server.asked]
    if allowed:
        assert jobs[1]["query"]["maximumBytesBilled"] == str(3 * 2**30)
        return
    assert len(jobs) == 1
    assert done.returncode == 2
    assert "would look through 3,221,225,472 bytes" in done.stderr
    assert "--max-bytes allows" in done.stderr


@pytest.mark.parametrize(
    ("code", "reason", "message", "said"),
    [
        (
            403,
            "accessDenied",
            f"Access Denied: Project {PROJECT}: User does not have bigquery.jobs.create permission in project.",
            ("bigquery.jobs.create", "roles/bigquery.jobUser"),
        ),
        (
            403,
            "accessDenied",
            f"Access Denied: Table {VIEW}: User does not have permission to query table, or perhaps it does not exist.",
            ("bigquery.tables.getData", "roles/bigquery.dataViewer"),
        ),
        (403, "quotaExceeded", "Quota exceeded: too many concurrent queries", ("quota", "iam-admin/quotas")),
        (404, "notFound", "Not found: Dataset was not found in location EU", ("there is no view", "bq ls")),
        (401, "authError", "Invalid Credentials", ("gcloud auth application-default login",)),
        (400, "bytesBilledLimitExceeded", "Query exceeded limit for bytes billed", ("--max-bytes",)),
        (400, "invalidQuery", "Syntax \x1b[31merror", ("refused", "Syntax [31merror")),
    ],
)
def test_a_refusal_names_what_is_missing_and_the_remedy(
    code: int, reason: str, message: str, said: tuple[str, ...]
) -> None:
    server = Server()
    server.refusals = [(code, reason, message)] * 20
    with serving(server) as endpoint:
        done = backtest(endpoint, "--timeout", "1")
    assert (done.returncode, done.stdout) == (2, "")
    for part in said:
        assert part in done.stderr
    assert "Traceback" not in done.stderr
    assert "\x1b" not in done.stderr


def test_a_service_that_is_unavailable_for_a_moment_is_asked_again() -> None:
    server = Server()
    server.refusals = [(503, "backendError", "try again")] * 2
    with serving(server) as endpoint:
        done = backtest(endpoint, "--dry-run")
    assert done.returncode == 0
    assert len(server.asked) == 3


def test_a_network_that_is_not_there_is_told_within_the_timeout() -> None:
    done = backtest("127.0.0.1:1", "--timeout", "1")
    assert done.returncode == 2
    assert "bigquery.googleapis.com cannot be reached" in done.stderr


# --- options


def test_entries_that_stay_in_bigquery_cannot_be_kept() -> None:
    done = backtest("127.0.0.1:1", "--keep", "x.jsonl")
    assert done.returncode == 2
    assert "--keep" in done.stderr


@pytest.mark.parametrize("size", ["many", "5 apples", "-1", "10iB", "1e9"])
def test_a_size_is_a_number_with_a_unit(size: str) -> None:
    done = backtest("127.0.0.1:1", "--max-bytes", size)
    assert done.returncode == 2
    assert "500MiB, 100GiB or 2TiB" in done.stderr
