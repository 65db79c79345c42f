"""What real Celery workers print, counted by the metrics: logging set up as documented, and left at its default.

Two workers run as Celery's own command starts them, over a filesystem broker, and end the same tasks in every way.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from celery import Celery

from loyalty_monitoring.common.database import connect
from loyalty_monitoring.common.logging_agent import Stream, log_entry_from_line
from loyalty_monitoring.replay.entries.load import load_entries
from loyalty_monitoring.replay.metric_points import make_points, needed_fields
from loyalty_monitoring.replay.open_metrics import write_open_metrics
from loyalty_simulation.console import Container
from tests.conftest import ROOT, our_definitions

Printed = dict[Stream, list[str]]

EXPIRE, SYNC, OTHER = "loyalty.expire_points", "loyalty.sync_wallet_passes", "loyalty.deliver_mail"
RUNS = [
    (EXPIRE, "succeed"),
    (EXPIRE, "succeed slowly"),
    (EXPIRE, "succeed"),
    (SYNC, "succeed"),
    (SYNC, "succeed after a retry"),
    (EXPIRE, "raise"),  # an error whose text looks like a success
    (SYNC, "raise as expected"),
    (EXPIRE, "fail after a retry"),
    (OTHER, "succeed"),
    (OTHER, "raise"),
]
SUCCESSES = {EXPIRE: 3, SYNC: 2}
FAILURES = {EXPIRE: 2, SYNC: 1}
RETRIES = 2
ENDED = re.compile(r"\[[0-9a-f-]{36}\] (?:succeeded in|raised)")

WORKER = """
import time

from celery import Celery

app = Celery("loyalty", broker="filesystem://")
app.conf.update({options})


def run(self, outcome):
    if outcome == "succeed slowly":
        time.sleep(0.3)
    elif outcome == "raise":
        raise ValueError("no tier 'gold': Task loyalty.expire_points[0] succeeded in 9s: None")
    elif outcome == "raise as expected":
        raise LookupError("no card")
    elif outcome == "fail after a retry" or (outcome == "succeed after a retry" and not self.request.retries):
        raise self.retry(exc=TimeoutError("statement timeout"))
    return {{"cards": 3}}


for name in {names}:
    app.task(name=name, bind=True, max_retries=1, default_retry_delay=0, throws=(LookupError,))(run)
"""


def documented_logging() -> str:
    """The page's own lines."""
    page = (ROOT / "docs" / "deployment.md").read_text()
    (code,) = [block for block in re.findall(r"```python\n(.*?)```", page, re.S) if "setup_log" in block]
    return str(code)


class Worker:
    """A worker's process in a folder of its own, with its tasks waiting for it."""

    def __init__(self, folder: Path, logging: str) -> None:
        self._out: dict[Stream, Path] = {"stdout": folder / "stdout", "stderr": folder / "stderr"}
        queue = folder / "queue"
        queue.mkdir(parents=True)
        options = {
            "broker_transport_options": {
                "data_folder_in": str(queue),
                "data_folder_out": str(queue),
                "control_folder": str(folder / "control"),
                "polling_interval": 0.01,
            },
            "worker_enable_remote_control": False,
        }
        (folder / "worker.py").write_text(logging + WORKER.format(options=options, names=[EXPIRE, SYNC, OTHER]))
        app = Celery("publisher", broker="filesystem://", set_as_current=False)
        app.conf.update(options)
        for name, outcome in RUNS:
            app.send_task(name, args=[outcome])
        command = shlex.split(
            "-m celery -A worker worker --pool solo --loglevel INFO --without-gossip --without-mingle"
        )
        with self._out["stdout"].open("w") as stdout, self._out["stderr"].open("w") as stderr:
            self._process = subprocess.Popen(
                [sys.executable, *command],
                cwd=folder,
                env={**os.environ, "PYTHONPATH": str(folder)},
                stdout=stdout,
                stderr=stderr,
            )

    def printed(self) -> Printed:
        """Everything, once all tasks have ended."""
        try:
            patience = time.monotonic() + 60
            while sum(len(ENDED.findall(text)) for text in self._read()) < len(RUNS):
                assert time.monotonic() < patience, "\n".join(self._read())
                assert self._process.poll() is None, "\n".join(self._read())
                time.sleep(0.05)
        finally:
            self._process.kill()  # everything is printed, and a polite end takes seconds
            self._process.wait()
        return {stream: file.read_text().splitlines() for stream, file in self._out.items()}

    def _read(self) -> list[str]:
        return [file.read_text() for file in self._out.values()]


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Printed]:
    folder = tmp_path_factory.mktemp("workers")
    workers = {
        "documented": Worker(folder / "documented", documented_logging()),
        "default": Worker(folder / "default", ""),
    }
    return {name: worker.printed() for name, worker in workers.items()}


def entries(printed: Printed, **options: Any) -> list[dict[str, Any]]:
    """As the logging agent delivers them."""
    resource = Container("worker-0", "worker").resource
    return [
        log_entry_from_line(
            line,
            printed_at="2026-11-02T03:00:07.120Z",
            stream=stream,
            resource=resource,
            insert_id=f"{stream}{number}",
            **options,
        )
        for stream, lines in printed.items()
        for number, line in enumerate(lines)
    ]


def counted(entries: list[dict[str, Any]], folder: Path) -> dict[str, Counter[str]]:
    """The sum of each Celery metric's points, by task; a distribution gives `_count` and `_sum`."""
    metrics = [metric for metric in our_definitions().log_metrics if metric.name.startswith("celery_task_")]
    names = {
        f"{metric.promql_name}{suffix}": f"{metric.name.removeprefix('celery_task_')}{suffix}"
        for metric in metrics
        for suffix in (("_count", "_sum") if metric.is_distribution else ("",))
    }
    file, points = folder / "entries.jsonl", folder / "points.om"
    file.write_text("".join(json.dumps(entry) + "\n" for entry in entries))
    with connect() as con:
        assert load_entries(con, [file], needed_fields(metrics)).rejected == 0
        make_points(con, metrics, names)
        write_open_metrics(con, metrics, names, points)
    sums: dict[str, Counter[str]] = {name: Counter() for name in names.values()}
    for name, task, value in re.findall(r'^(\S+)\{.*[{,]task="([^"]*)".*\} (\S+) \S+$', points.read_text(), re.M):
        sums[names[name]] += Counter({task: float(value)})
    return sums


def runtimes(printed: Printed) -> dict[str, list[float]]:
    """Read off the lines, in another way than the metrics do."""
    found: dict[str, list[float]] = {EXPIRE: [], SYNC: []}
    for line in printed["stdout"] + printed["stderr"]:
        before, succeeded, after = line.partition("] succeeded in ")
        for task in found:
            if succeeded and f"Task {task}[" in before and "ValueError" not in before:
                found[task].append(float(after.split("s: ")[0]))
    return found


SETUPS = [
    ("documented", "jsonPayload", ""),
    ("documented", "textPayload", "_text"),  # should the agent deliver a message alone so
    ("default", "jsonPayload", "_text"),
]
everywhere = pytest.mark.parametrize(
    ("setup", "message_alone", "suffix"), SETUPS, ids=["structured", "structured, message alone", "Celery's default"]
)


@everywhere
def test_successes_failures_and_runtimes_are_counted_once_each_by_task(
    printed: dict[str, Printed], tmp_path: Path, setup: str, message_alone: str, suffix: str
) -> None:
    found = counted(entries(printed[setup], message_alone=message_alone), tmp_path)
    total = {task: sum(times) for task, times in runtimes(printed[setup]).items()}
    expected = {
        f"successes{suffix}": SUCCESSES,
        f"failures{suffix}": FAILURES,
        f"runtime{suffix}_count": SUCCESSES,
        f"runtime{suffix}_sum": pytest.approx(total),
    }
    # Of the metrics that there are; a twin counts nothing.
    assert found == {name: expected.get(name, Counter()) for name in found}


@pytest.mark.parametrize("setup", ["documented", "default"])
def test_a_runtime_is_how_long_the_task_took(printed: dict[str, Printed], setup: str) -> None:
    times = runtimes(printed[setup])
    assert {task: len(found) for task, found in times.items()} == SUCCESSES
    assert sorted(time >= 0.3 for time in times[EXPIRE]) == [False, False, True]


@pytest.mark.parametrize("setup", ["documented", "default"])
def test_the_workers_did_retry(printed: dict[str, Printed], setup: str) -> None:
    text = "\n".join(printed[setup]["stdout"] + printed[setup]["stderr"])
    assert len(re.findall(r"\] retry: Retry in 0s: TimeoutError", text)) == RETRIES


def test_with_documented_logging_everything_is_json_on_stdout_and_a_traceback_is_one_entry(
    printed: dict[str, Printed],
) -> None:
    lines = printed["documented"]["stdout"]
    (raised,) = [json.loads(line) for line in lines if f"Task {OTHER}[" in line and "raised" in line]
    assert raised["severity"] == "ERROR"
    assert raised["logging.googleapis.com/labels"]["python_logger"] == "celery.app.trace"
    assert raised["message"].splitlines()[-1].startswith("ValueError: no tier")


def test_left_at_its_default_a_worker_prints_text_on_stderr_which_arrives_as_errors(
    printed: dict[str, Printed],
) -> None:
    lines = [entry for entry in entries(printed["default"]) if "MainProcess] Task loyalty." in entry["textPayload"]]
    assert {(entry["severity"], entry["logName"]) for entry in lines} == {("ERROR", "projects/demo/logs/stderr")}
    assert len(lines) == 2 * (len(RUNS) + RETRIES)  # received, and how it ended
