"""Keep when each watched task last succeeded in a store that all workers share, and report it from there."""

from __future__ import annotations

import math
import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from loyalty_telemetry.event import own_logger
from loyalty_telemetry.events import task_freshness

# How long the end of a task, or a report, waits for the store: all its calls together, whatever the store does.
STORE_SECONDS = 2.0
# How far clocks of workers may be apart. A success that is further ahead was told by a clock that was wrong.
CLOCK_SECONDS = 60.0

T = TypeVar("T")


class Store(Protocol):
    """A store of the last successes: the worker that reports is seldom the one that ran the task. It may raise
    anything.

    It may have two more methods. `correct(task, succeeded_at)` keeps the earlier of this time and what is known;
    without it, a success that a wrong clock told of keeps reports from being made. `close()` ends the calls that are
    under way, and is called when one of them takes longer than `STORE_SECONDS`.
    """

    def remember(self, task: str, succeeded_at: float) -> None:
        """Keep the later of this success (unix seconds) and what is known."""

    def recall(self, task: str, now: float) -> float:
        """Return the last success; of a task that never succeeded, the `now` of the first question: watching began
        then.
        """


class InMemoryStore:
    """For tests, and for a worker that is one process (`--pool solo` or `threads`).

    >>> store = InMemoryStore()
    >>> store.recall("loyalty.expire_points", now=1000)
    1000
    >>> store.recall("loyalty.expire_points", now=1900)
    1000
    >>> store.remember("loyalty.expire_points", 2000)
    >>> store.recall("loyalty.expire_points", now=2800)
    2000
    """

    def __init__(self) -> None:
        self._known: dict[str, float] = {}

    def remember(self, task: str, succeeded_at: float) -> None:
        self._known[task] = max(succeeded_at, self._known.get(task, succeeded_at))

    def recall(self, task: str, now: float) -> float:
        return self._known.setdefault(task, now)

    def correct(self, task: str, succeeded_at: float) -> None:
        self._known[task] = min(succeeded_at, self._known.get(task, succeeded_at))


class RedisClient(Protocol):
    """The methods of redis.Redis that `RedisStore` needs."""

    def zadd(
        self, name: str, mapping: Mapping[str, float], *, nx: bool = False, gt: bool = False, lt: bool = False
    ) -> Any: ...
    def zscore(self, name: str, value: str) -> Any: ...


class RedisStore:
    """One sorted set in Redis 6.2 or later: task -> unix seconds.

    Give the client short timeouts and no retries: a connection that hangs is given up sooner. Use a database that
    evicts nothing: a task whose key is gone counts as watched from then on.

    >>> import redis
    >>> from redis.backoff import NoBackoff
    >>> client = redis.Redis(socket_timeout=1, socket_connect_timeout=1, retry=redis.retry.Retry(NoBackoff(), 0))
    >>> store = RedisStore(client)
    """

    def __init__(self, client: RedisClient, key: str = "loyalty:last_success") -> None:
        self._client, self._key = client, key

    def remember(self, task: str, succeeded_at: float) -> None:
        self._client.zadd(self._key, {task: succeeded_at}, gt=True)

    def recall(self, task: str, now: float) -> float:
        self._client.zadd(self._key, {task: now}, nx=True)
        return float(self._client.zscore(self._key, task))

    def correct(self, task: str, succeeded_at: float) -> None:
        self._client.zadd(self._key, {task: succeeded_at}, lt=True)

    def close(self) -> None:
        """End the calls that are under way."""
        pool = getattr(self._client, "connection_pool", None)
        if pool is not None:
            pool.disconnect()


class Freshness:
    """Remembers successes and reports them. A store that fails breaks nothing: it is logged, a success waits in this
    process for the next chance, and the report is not made, so that the alert on silence (A8) rings. A store holds the
    caller no longer than `STORE_SECONDS`. A success in the future is reported, and kept, as one of now.

    >>> class Task:
    ...     name = "loyalty.expire_points"
    >>> freshness = Freshness(InMemoryStore(), [Task.name], now=lambda: 1793588407.12)
    >>> freshness.succeeded(Task)
    >>> freshness.report()
    INFO {"event": "task_freshness", "task": "loyalty.expire_points", "last_success_timestamp": 1793588407.12}
    """

    def __init__(self, store: Store, watched: Sequence[str], now: Callable[[], float] = time.time) -> None:
        self.watched = tuple(watched)
        self._store, self._now = store, now
        self._waiting: dict[str, float] = {}
        self._given_up: threading.Thread | None = None

    def succeeded(self, sender: Any, **_: Any) -> None:
        """Receive Celery's signal `task_success`, which a retry or a failure does not send."""
        if sender.name in self.watched:
            now = self._waiting[sender.name] = self._now()
            try:
                self._in_time(lambda: self._save(now))
            except Exception:
                own_logger.exception("The success of %s is not stored yet; the next report tries again", sender.name)

    def report(self) -> None:
        """Log one `task_freshness` a watched task, or none when the store fails."""
        now = self._now()
        try:
            found = self._in_time(lambda: self._read(now))
        except Exception:
            own_logger.exception("No task_freshness is reported: the store failed")
            return
        for task, succeeded_at in found.items():
            task_freshness(task=task, last_success_timestamp=succeeded_at)

    def _save(self, now: float) -> None:
        for task, succeeded_at in list(self._waiting.items()):
            self._store.remember(task, _bounded(task, succeeded_at, now))
            # Another thread may have a later success waiting by now.
            if self._waiting.get(task) == succeeded_at:
                self._waiting.pop(task, None)

    def _read(self, now: float) -> dict[str, float]:
        self._save(now)
        found: dict[str, float] = {}
        for task in self.watched:
            known = _checked(self._store.recall(task, now))
            found[task] = _bounded(task, known, now)
            if found[task] != known:
                # Whoever keeps it as it is would say the same until that time has come.
                correct = getattr(self._store, "correct", None)
                if correct is None:
                    raise ValueError(f"the store keeps a success of {task} in the future, and has no method `correct`")
                correct(task, found[task])
        return found

    def _in_time(self, call: Callable[[], T]) -> T:
        """Call it in a thread of its own, and wait for it only so long. Errors: its own, and TimeoutError."""
        if self._given_up is not None and self._given_up.is_alive():
            raise TimeoutError("the store has not come back from the call before")
        answers: queue.SimpleQueue[tuple[T, None] | tuple[None, Exception]] = queue.SimpleQueue()

        def answer() -> None:
            try:
                answers.put((call(), None))
            except Exception as error:
                answers.put((None, error))

        thread = threading.Thread(target=answer, name="loyalty-telemetry", daemon=True)
        thread.start()
        try:
            found, error = answers.get(timeout=STORE_SECONDS)
        except queue.Empty:
            self._given_up = thread
            close = getattr(self._store, "close", None)
            if close is not None:
                close()
            raise TimeoutError(f"the store did not answer within {STORE_SECONDS:g} s") from None
        if error is not None:
            raise error
        return found  # type: ignore[return-value]


def _bounded(task: str, succeeded_at: float, now: float) -> float:
    """Return the time, or now where that is further in the future than clocks are apart."""
    if succeeded_at <= now + CLOCK_SECONDS:
        return succeeded_at
    own_logger.error(
        "A success of %s is %.0f s in the future, by this worker's clock, and counts as one of now; set the clocks of "
        "all workers by NTP",
        task,
        succeeded_at - now,
    )
    return now


def _checked(found: object) -> float:
    """Return the time that a store gave. Errors: ValueError for what is none."""
    if isinstance(found, bool) or not isinstance(found, int | float) or not math.isfinite(found) or found < 0:
        raise ValueError(f"the store gave {found!r:.100} where the time of a success belongs")
    return found
