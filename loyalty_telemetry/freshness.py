"""When each watched task last succeeded: kept in a store that all workers share, and reported from there."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from loyalty_telemetry.event import own_logger
from loyalty_telemetry.events import task_freshness


class Store(Protocol):
    """Where successes are kept: the worker that reports is seldom the one that ran the task. It may raise anything."""

    def remember(self, task: str, succeeded_at: float) -> None:
        """Keep the later of this success (unix seconds) and what is known."""

    def recall(self, task: str, now: float) -> float:
        """The last success; of a task that never succeeded, the `now` of the first question: watching began then."""


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


class RedisClient(Protocol):
    """What `RedisStore` needs of redis.Redis."""

    def zadd(self, name: str, mapping: Mapping[str, float], *, nx: bool = False, gt: bool = False) -> Any: ...
    def zscore(self, name: str, value: str) -> Any: ...


class RedisStore:
    """One sorted set in Redis 6.2 or later: task -> unix seconds.

    Give the client short timeouts and no retries, since a task's end waits for it; and use a database that evicts
    nothing: a task whose key is gone counts as watched from then on.

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


class Freshness:
    """Remembers successes and reports them. A store that fails breaks nothing: it is logged, a success waits in this
    process for the next chance, and the report is not made, so that the alert on silence (A8) rings.

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

    def succeeded(self, sender: Any, **_: Any) -> None:
        """The receiver of Celery's signal `task_success`, which a retry or a failure does not send."""
        if sender.name in self.watched:
            self._waiting[sender.name] = self._now()
            try:
                self._save()
            except Exception:
                own_logger.exception("The success of %s is not stored yet; the next report tries again", sender.name)

    def report(self) -> None:
        """Log one `task_freshness` a watched task, or none when the store fails."""
        try:
            self._save()
            found = {task: self._store.recall(task, self._now()) for task in self.watched}
        except Exception:
            own_logger.exception("No task_freshness is reported: the store failed")
            return
        for task, succeeded_at in found.items():
            task_freshness(task=task, last_success_timestamp=succeeded_at)

    def _save(self) -> None:
        for task, succeeded_at in list(self._waiting.items()):
            self._store.remember(task, succeeded_at)
            # Another thread may have a later success waiting by now.
            if self._waiting.get(task) == succeeded_at:
                self._waiting.pop(task, None)
