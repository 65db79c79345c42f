"""The package in a real Celery worker (two processes, Redis as broker and store), adopted as docs/telemetry.md says.

What the worker printed keeps the log contract, and the alerts hear it.
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
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from celery import Celery
from celery.beat import Scheduler

from loyalty_monitoring.definitions.log_contract import events_filter, load_contract
from loyalty_monitoring.replay.entries.match import count_matches
from loyalty_telemetry import InMemoryStore, install
from loyalty_telemetry.reporting import REPORT_FRESHNESS, REPORT_PROGRAMS
from tests.conftest import PROGRAM, ROOT
from tests.log_lines import START, Entry, minutes, write
from tests.loyalty.telemetry.conftest import RedisServer, entries_of
from tests.loyalty.telemetry.test_alerts import incidents, opens

EXPIRE, SYNC = "loyalty.expire_points", "loyalty.sync_wallet_passes"
CONTRACT = load_contract(ROOT / "log_events.yaml")


def documented_adoption() -> str:
    """The page's own lines."""
    readme = (ROOT / "docs" / "telemetry.md").read_text()
    (code,) = [block for block in re.findall(r"```python\n(.*?)```", readme, re.S) if "loyalty_telemetry" in block]
    return str(code)


TASKS = f"""

@app.task(name="{EXPIRE}", bind=True, max_retries=1, default_retry_delay=0)
def expire_points(self, outcome):
    if outcome == "fail after a retry":
        raise self.retry(exc=TimeoutError("statement timeout"))
    events.expiration_chunk_processed(cards=500, points=12_000)


@app.task(name="{SYNC}")
def sync_wallet_passes():
    events.wallet_sync_completed(platform="google", cards_total=40, cards_failed=1)
    events.wallet_sync_completed(platform="apple", cards_total=0, cards_failed=0)
    events.card_enrolled(merchant_id=17, store_id="s-1", card_id="c-1")
"""


class Worker:
    """Celery's own command, and a beat that is told what is due."""

    def __init__(self, folder: Path, port: int) -> None:
        self._out = folder / "stdout"
        url = f"redis://127.0.0.1:{port}/0"
        (folder / "worker.py").write_text(documented_adoption() + TASKS)
        self._beat_app = Celery("loyalty", broker=url, set_as_current=False)
        install(self._beat_app, InMemoryStore(), snapshots=list)
        self._beat = Scheduler(self._beat_app)
        command = shlex.split("-m celery --quiet -A worker worker --concurrency 2 --without-gossip --without-mingle")
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
        with self._out.open("w") as stdout, (folder / "stderr").open("w") as stderr:
            self._process = subprocess.Popen(
                [sys.executable, *command],
                cwd=folder,
                env={**environment, "PYTHONPATH": f"{ROOT}:{folder}", "LOYALTY_REDIS_URL": url},
                stdout=stdout,
                stderr=stderr,
            )
        self._folder = folder

    def run(self, name: str, *args: Any) -> str:
        """Have beat start the task; what was printed until it ended."""
        before = self.text()
        entry = self._beat.Entry(name=name, task=name, schedule=60, args=args, app=self._beat_app)
        self._beat.apply_async(entry, advance=False)
        patience = time.monotonic() + 30
        while not re.search(rf"Task {name}\[\S+\] (succeeded|raised)", self.text()[len(before) :]):
            errors = (self._folder / "stderr").read_text()
            assert time.monotonic() < patience, self.text() + errors
            assert self._process.poll() is None, self.text() + errors
            time.sleep(0.02)
        return self.text()[len(before) :]

    def text(self) -> str:
        return self._out.read_text()

    def stop(self) -> str:
        """What it printed on stderr."""
        self._process.terminate()
        self._process.wait(timeout=30)
        return (self._folder / "stderr").read_text()


@pytest.fixture(scope="module")
def printed_by_worker(redis_server: RedisServer, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    redis_server.client().flushall()
    worker = Worker(tmp_path_factory.mktemp("worker"), redis_server.port)
    try:
        printed = {
            "at first": worker.run(REPORT_FRESHNESS),
            "failing": worker.run(EXPIRE, "fail after a retry"),
            "after a failure": worker.run(REPORT_FRESHNESS),
            "succeeding": worker.run(EXPIRE, "succeed"),
            "syncing": worker.run(SYNC),
            "after a success": worker.run(REPORT_FRESHNESS),
            "snapshots": worker.run(REPORT_PROGRAMS),
            "all": worker.text(),
        }
    finally:
        printed["stderr"] = worker.stop()
    return printed


def _payloads(text: str, event: str) -> list[dict[str, Any]]:
    entries = entries_of(text)
    return [entry["jsonPayload"] for entry in entries if entry["jsonPayload"].get("event") == event]


def _reported(text: str) -> dict[str, float]:
    return {payload["task"]: payload["last_success_timestamp"] for payload in _payloads(text, "task_freshness")}


def test_everything_is_json_on_stdout_one_line_an_entry(printed_by_worker: dict[str, str]) -> None:
    for line in printed_by_worker["all"].splitlines():
        assert json.loads(line)["severity"] in ("INFO", "WARNING", "ERROR")
    assert "Task" not in printed_by_worker["stderr"]


def test_every_event_of_the_worker_keeps_the_contract(printed_by_worker: dict[str, str], tmp_path: Path) -> None:
    entries = entries_of(printed_by_worker["all"])
    file = write(tmp_path / "entries.jsonl", entries)
    logged = Counter(entry["jsonPayload"]["event"] for entry in entries if "event" in entry["jsonPayload"])
    kept = {name: count_matches(events_filter(CONTRACT, (name,), "k8s_container"), [file]) for name in logged}
    # One card is enrolled with a number for its merchant: it is logged, and does not count.
    assert logged == {
        "task_freshness": 6,
        "expiration_chunk_processed": 1,
        "wallet_sync_completed": 2,
        "card_enrolled": 1,
        "program_snapshot": 2,
    }
    assert kept == {**logged, "card_enrolled": 0}


def test_the_contract_check_hears_the_worker_and_names_the_one_wrong_line(
    printed_by_worker: dict[str, str], tmp_path: Path
) -> None:
    file = write(tmp_path / "entries.jsonl", entries_of(printed_by_worker["all"]))
    command = [PROGRAM, "contract", "check", "--format", "json"]
    done = subprocess.run([*command, str(file)], cwd=ROOT, capture_output=True, text=True, check=False)
    found = {event["event"]: event for event in json.loads(done.stdout)["events"]}
    for event, count in {"task_freshness": 6, "wallet_sync_completed": 2, "program_snapshot": 2}.items():
        assert (found[event]["valid"], found[event]["problems"]) == (count, [])
    (problem,) = found["card_enrolled"]["problems"]
    assert (problem["subject"], problem["entries"]) == ("merchant_id", 1)
    wrong = file.read_text().splitlines()[problem["example"]["line"] - 1]
    assert json.loads(wrong)["jsonPayload"]["merchant_id"] == 17


def test_a_wrong_field_breaks_no_task_and_is_told(printed_by_worker: dict[str, str]) -> None:
    text = printed_by_worker["syncing"]
    assert "card_enrolled: merchant_id must be a string, and is of type int (17)" in text
    assert f"Task {SYNC}[" in text
    assert "raised" not in text


def test_a_task_that_only_failed_and_was_retried_reports_when_watching_began(printed_by_worker: dict[str, str]) -> None:
    assert "] retry: Retry in 0s" in printed_by_worker["failing"]
    first = _reported(printed_by_worker["at first"])
    assert first.keys() == {EXPIRE, SYNC}
    assert _reported(printed_by_worker["after a failure"]) == first


def test_a_success_in_one_process_is_reported_by_whichever_process_reports(printed_by_worker: dict[str, str]) -> None:
    before, after = (_reported(printed_by_worker[key]) for key in ("after a failure", "after a success"))
    assert after[EXPIRE] > before[EXPIRE]
    assert after[SYNC] > after[EXPIRE]


def test_one_snapshot_a_merchant_is_printed(printed_by_worker: dict[str, str]) -> None:
    assert [p["merchant_id"] for p in _payloads(printed_by_worker["snapshots"], "program_snapshot")] == ["m-17", "m-18"]


def _every_15_minutes(printed: dict[str, str], shift: timedelta, count: int) -> list[Entry]:
    """The last report, `count` times, as if the success was `shift` before the first of them."""
    entries = []
    for number in range(count):
        at = START + minutes(15 * number)
        for entry in entries_of(printed["after a success"], at.isoformat().replace("+00:00", "Z")):
            if entry["jsonPayload"].get("event") == "task_freshness":
                entry["jsonPayload"]["last_success_timestamp"] = (START - shift).timestamp()
                entries.append(entry)
    return entries


def test_the_alerts_hear_the_workers_lines_and_stay_silent_while_all_is_well(
    printed_by_worker: dict[str, str], tmp_path: Path
) -> None:
    entries = _every_15_minutes(printed_by_worker, timedelta(hours=20), 12)
    assert incidents(entries, tmp_path / "entries.jsonl", START + minutes(180)) == []


def test_the_alerts_hear_when_the_workers_lines_tell_of_an_old_success_and_then_stop(
    printed_by_worker: dict[str, str], tmp_path: Path
) -> None:
    entries = _every_15_minutes(printed_by_worker, timedelta(hours=25, minutes=30), 5)
    found = incidents(entries, tmp_path / "entries.jsonl", START + minutes(160))
    stale, silent = (minutes(30), minutes(32)), (minutes(150), minutes(155))
    assert opens(found, expiration_task_stale=stale, telemetry_silent=silent)
