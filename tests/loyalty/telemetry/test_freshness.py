"""The last success: what counts as one, where it is kept, and what a store that fails can break (nothing)."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from celery import Celery
from celery.exceptions import Ignore, Reject, Retry

from loyalty_telemetry import InMemoryStore, RedisStore, Store, install
from loyalty_telemetry.freshness import STORE_SECONDS, Freshness
from tests.loyalty.telemetry.conftest import Printed, RedisServer, impatient_client

TASK = "loyalty.expire_points"
# A machine that is busy with other things; what is not bounded waits for ever, or until the server that drips ends.
PATIENCE_SECONDS = 30


class _Task:
    name = TASK


class _Broken:
    """A store whose server is away until it is mended."""

    def __init__(self) -> None:
        self.mended = False
        self._store = InMemoryStore()

    def remember(self, task: str, succeeded_at: float) -> None:
        self._fail()
        self._store.remember(task, succeeded_at)

    def recall(self, task: str, now: float) -> float:
        self._fail()
        return self._store.recall(task, now)

    def _fail(self) -> None:
        if not self.mended:
            raise ConnectionError("connection refused")


@pytest.fixture(params=["in memory", "redis"])
def store(request: pytest.FixtureRequest) -> Store:
    if request.param == "in memory":
        return InMemoryStore()
    server: RedisServer = request.getfixturevalue("redis_server")
    server.client().flushall()
    return RedisStore(server.client())


def _reported(printed: Printed) -> dict[str, float]:
    payloads = [entry["jsonPayload"] for entry in printed.entries()]
    return {payload["task"]: payload["last_success_timestamp"] for payload in payloads if "task" in payload}


# --- the stores


def test_a_task_that_never_succeeded_is_watched_since_the_first_question(store: Store) -> None:
    assert [store.recall(TASK, now) for now in (1000.25, 1900.0, 2800.0)] == [1000.25] * 3


def test_the_later_of_two_successes_is_kept_in_whichever_order_they_come(store: Store) -> None:
    store.remember(TASK, 2000.125)
    store.remember(TASK, 1999.0)
    assert store.recall(TASK, 3000) == 2000.125
    store.remember(TASK, 2000.25)
    assert store.recall(TASK, 3000) == 2000.25


def test_a_success_counts_from_then_on_and_not_from_when_watching_began(store: Store) -> None:
    store.recall(TASK, 1000)
    store.remember(TASK, 1500)
    assert store.recall(TASK, 2000) == 1500


def test_tasks_are_kept_apart(store: Store) -> None:
    store.remember(TASK, 2000)
    assert store.recall("loyalty.sync_wallet_passes", 3000) == 3000


def test_processes_share_what_is_in_redis(redis_server: RedisServer) -> None:
    redis_server.client().flushall()
    RedisStore(redis_server.client()).remember(TASK, 2000)
    assert RedisStore(redis_server.client()).recall(TASK, 3000) == 2000


# --- what is a success


@pytest.mark.parametrize(
    ("outcome", "counts"),
    [
        (None, True),
        (Retry("statement timeout"), False),
        (Ignore(), False),
        (Reject("no", requeue=False), False),
        (ValueError("no tier"), False),
        (LookupError("expected"), False),
    ],
    ids=repr,
)
def test_only_a_task_that_ended_well_has_succeeded(printed: Printed, outcome: Exception | None, counts: bool) -> None:
    app, store = Celery("loyalty", broker="memory://", set_as_current=False), InMemoryStore()
    install(app, store, watched=[TASK])

    def expire_points() -> None:
        if outcome is not None:
            raise outcome

    app.task(expire_points, name=TASK, throws=(LookupError,), shared=False)
    app.tasks[TASK].apply()
    assert (store.recall(TASK, now=0) > 0) == counts


def test_other_tasks_are_not_kept() -> None:
    store = InMemoryStore()
    Freshness(store, ["loyalty.sync_wallet_passes"], now=lambda: 2000).succeeded(_Task)
    assert store.recall(TASK, now=3000) == 3000


# --- a store that fails


@pytest.fixture(params=["refuses", "never answers"])
def failing_redis(request: pytest.FixtureRequest) -> Iterator[Any]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        if request.param == "refuses":
            server.close()
        yield impatient_client(port)


def test_a_redis_that_is_down_or_hangs_breaks_no_task_and_is_logged(printed: Printed, failing_redis: Any) -> None:
    app = Celery("loyalty", broker="memory://", set_as_current=False)
    install(app, RedisStore(failing_redis), watched=[TASK])

    def expire_points() -> int:
        return 500

    app.task(expire_points, name=TASK, shared=False)
    began = time.monotonic()
    result = app.tasks[TASK].apply()
    assert time.monotonic() - began < PATIENCE_SECONDS
    assert (result.state, result.result) == ("SUCCESS", 500)
    (entry,) = [entry for entry in printed.entries() if entry["severity"] == "ERROR"]
    assert entry["labels"]["python_logger"] == "app.modules.loyalty.telemetry"
    assert entry["jsonPayload"]["message"].startswith(f"The success of {TASK} is not stored yet")


def test_while_the_store_is_down_nothing_is_reported_and_the_report_itself_does_not_break(printed: Printed) -> None:
    Freshness(_Broken(), [TASK]).report()
    (entry,) = printed.entries()
    assert entry["severity"] == "ERROR"
    assert entry["jsonPayload"]["message"].startswith("No task_freshness is reported: the store failed")


def test_a_success_while_the_store_was_down_is_stored_with_its_time_once_it_is_back(printed: Printed) -> None:
    clock = iter([2000.0, 2900.0, 3800.0])
    store = _Broken()
    freshness = Freshness(store, [TASK], now=lambda: next(clock))
    freshness.succeeded(_Task)
    freshness.report()
    assert _reported(printed) == {}
    store.mended = True
    freshness.report()
    assert _reported(printed) == {TASK: 2000.0}


def test_a_success_that_was_stored_is_not_written_again(redis_server: RedisServer) -> None:
    client, clock = redis_server.client(), iter([2000.0, 2900.0])
    freshness = Freshness(RedisStore(client), [TASK], now=lambda: next(clock))
    freshness.succeeded(_Task)
    client.flushall()
    freshness.report()
    assert client.zscore("loyalty:last_success", TASK) == 2900.0


# --- clocks that are wrong, and what a store may give back


def _told(printed: Printed) -> tuple[list[float], list[str]]:
    """The times that were reported, and the errors."""
    payloads = [(entry["severity"], entry["jsonPayload"]) for entry in printed.entries()]
    times = [payload["last_success_timestamp"] for _, payload in payloads if "task" in payload]
    return times, [payload["message"] for severity, payload in payloads if severity == "ERROR"]


def test_a_success_of_a_clock_that_was_ahead_counts_as_one_of_now_and_is_told_once(
    printed: Printed, store: Store
) -> None:
    clock = [5e9]
    freshness = Freshness(store, [TASK], now=lambda: clock[0])
    freshness.succeeded(_Task)
    clock[0] = 1.79e9
    freshness.succeeded(_Task)
    freshness.report()
    clock[0] += 900
    freshness.report()
    times, errors = _told(printed)
    assert times == [1.79e9, 1.79e9]
    assert len(errors) == 1
    assert "in the future" in errors[0]


def test_a_clock_that_was_set_back_while_a_success_waited_is_bounded_when_it_is_written(printed: Printed) -> None:
    store, clock = _Broken(), [5e9]
    freshness = Freshness(store, [TASK], now=lambda: clock[0])
    freshness.succeeded(_Task)
    store.mended, clock[0] = True, 1.79e9
    freshness.report()
    assert _reported(printed) == {TASK: 1.79e9}


def test_clocks_a_minute_apart_are_no_error(printed: Printed) -> None:
    store = InMemoryStore()
    store.remember(TASK, 2060)
    Freshness(store, [TASK], now=lambda: 2000).report()
    assert _told(printed) == ([2060], [])


@pytest.mark.parametrize("found", [float("nan"), float("inf"), "1793588407", "inf", None, True, -1, b"5"], ids=repr)
def test_what_is_no_time_is_not_reported_but_an_error(printed: Printed, found: Any) -> None:
    class Strange(InMemoryStore):
        def recall(self, task: str, now: float) -> Any:
            return found

    Freshness(Strange(), [TASK], now=lambda: 2000).report()
    times, errors = _told(printed)
    assert (times, len(errors)) == ([], 1)


def test_a_store_that_cannot_correct_the_future_keeps_the_report_from_being_made(printed: Printed) -> None:
    class Simple:
        def remember(self, task: str, succeeded_at: float) -> None: ...

        def recall(self, task: str, now: float) -> float:
            return 5e9

    Freshness(Simple(), [TASK], now=lambda: 2000).report()
    times, errors = _told(printed)
    assert times == []
    assert errors


# --- servers that drip or flood


def _serve(behaviour: str, server: socket.socket, stop: threading.Event) -> None:
    with contextlib.suppress(OSError):
        while not stop.is_set():
            connection, _ = server.accept()
            with connection, contextlib.suppress(OSError):
                connection.sendall(b"$9999999999\r\n")
                while not stop.is_set():
                    connection.sendall(b"x" if behaviour == "drips" else b"x" * 2**16)
                    if behaviour == "drips":
                        time.sleep(0.3)


@pytest.mark.parametrize("behaviour", ["drips", "floods"])
def test_a_redis_that_drips_or_floods_holds_a_task_no_longer_than_documented(printed: Printed, behaviour: str) -> None:
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=_serve, args=(behaviour, server, stop), daemon=True)
        thread.start()
        freshness = Freshness(RedisStore(impatient_client(server.getsockname()[1])), [TASK])
        for _ in range(2):
            began = time.monotonic()
            freshness.succeeded(_Task)
            assert time.monotonic() - began < STORE_SECONDS + PATIENCE_SECONDS
        assert len(_told(printed)[1]) == 2
        deadline = time.monotonic() + PATIENCE_SECONDS
        while any(one.name == "loyalty-telemetry" for one in threading.enumerate()) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert not any(one.name == "loyalty-telemetry" for one in threading.enumerate())
        stop.set()
        server.shutdown(socket.SHUT_RDWR)
