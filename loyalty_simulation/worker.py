"""A real Celery worker in this process, on the simulated clock."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import Any
from unittest.mock import patch

from celery import Celery, Task, signals, states
from celery.app.trace import build_tracer
from celery.contrib.testing.worker import start_worker
from celery.worker.consumer import consumer

from loyalty_simulation.clock import SimulatedClock
from loyalty_simulation.tasks import ETA_EPOCH

RunTask = Callable[..., None]
_PATIENCE_SECONDS = 60


@contextmanager
def running_worker(app: Celery, clock: SimulatedClock, on_success: Callable[[str], None]) -> Iterator[RunTask]:
    """Give `run(task_name, task_id, **kwargs)`, which publishes a task and returns when it has ended, with all
    its retries. `on_success(task_name)` is called when Celery says that a task succeeded."""
    ended = threading.Event()

    def prerun(task: Task, **_: Any) -> None:
        if task.request.eta:  # a retry: its countdown passes on the simulated clock
            clock.spend((datetime.fromisoformat(task.request.eta) - ETA_EPOCH).total_seconds())

    def success(sender: Task, **_: Any) -> None:
        on_success(sender.name)

    def postrun(state: str, **_: Any) -> None:
        if state != states.RETRY:
            ended.set()

    def leave_logging_alone(**_: Any) -> None:
        """Receive `setup_logging`, which keeps Celery from configuring Python's logging itself."""

    def run(task_name: str, task_id: str, **kwargs: Any) -> None:
        ended.clear()
        app.send_task(task_name, kwargs=kwargs, task_id=task_id, producer=producer, retry=False)
        if not ended.wait(_PATIENCE_SECONDS):
            raise RuntimeError(f"{task_name} did not end within {_PATIENCE_SECONDS} s of real time")

    signals.setup_logging.connect(leave_logging_alone, weak=False)
    try:
        with (
            patch.object(consumer, "build_tracer", partial(build_tracer, monotonic=clock.time)),
            app.producer_or_acquire() as producer,  # one for all tasks: to find one takes as long as to send
            start_worker(app, pool="solo", loglevel="INFO", hostname="celery@worker-0", perform_ping_check=False),
        ):
            signals.task_prerun.connect(prerun, weak=False)
            signals.task_success.connect(success, weak=False)
            signals.task_postrun.connect(postrun, weak=False)
            try:
                yield run
            finally:
                app.control.shutdown()  # at once, where the end of the context waits for seconds
    finally:
        signals.setup_logging.disconnect(leave_logging_alone)
        signals.task_prerun.disconnect(prerun)
        signals.task_success.disconnect(success)
        signals.task_postrun.disconnect(postrun)
