"""The command `drill` as a stranger runs it: it asks, it can be interrupted or killed, and it never waits for ever."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.checks.drill.project import Scratch, scratch
from tests.checks.drill.test_drill import DEFINITIONS, SETTINGS
from tests.conftest import PROGRAM, PROJECT, processes_in, run

SPIKE = ("--project", "loyalty-scratch", "--stack", "example-scratch", "--alert", "rate_limit_spike", "--every", "0.2")


@contextmanager
def _served(folder: Path) -> Iterator[tuple[Scratch, dict[str, str]]]:
    """A project where everything that will ever open is there at once, and the environment of a command for it."""
    temporary = folder / "tmp"
    temporary.mkdir()
    project = scratch(SETTINGS, DEFINITIONS, folder, None)
    project.only = frozenset(["rate_limit_spike"])
    with project.served() as endpoint, project.alerts_served() as rest:
        yield (
            project,
            {
                **os.environ,
                "LOYALTY_MONITORING_ENDPOINT": endpoint,
                "LOYALTY_MONITORING_REST_ENDPOINT": rest,
                "TMPDIR": str(temporary),
            },
        )


def _run(environment: dict[str, str], *arguments: str, answer: str = "") -> subprocess.CompletedProcess[str]:
    return run("drill", *arguments, stdin=answer, environment=environment)


def _is_unused_soon(folder: Path) -> bool:
    """Whatever removes temporary files when a process was killed needs a moment, and then ends."""
    for _ in range(600):
        if not any(folder.iterdir()) and not processes_in(folder):
            return True
        time.sleep(0.1)
    return False


def test_a_drill_runs_from_the_question_to_the_files(tmp_path: Path) -> None:
    with _served(tmp_path) as (project, environment):
        done = _run(environment, *SPIKE, "--out", str(tmp_path / "evidence"), answer="y\n")
    assert (done.returncode, done.stderr) == (0, "")
    assert "These will be notified:\n  rate_limit_spike: Whoever drills (email)\n" in done.stdout
    assert "Write these lines to loyalty-scratch? [y/N]" in done.stdout
    assert "1 of 1 incidents opened, 1 closed" in done.stdout
    told = json.loads((tmp_path / "evidence" / "drill.json").read_text())
    assert told["lines"] == len(project.written) == 150
    assert told["incidents"][0]["project"]["opened"] is not None
    assert not any((tmp_path / "tmp").iterdir())


@pytest.mark.parametrize("answer", ["n\n", "", "perhaps\n"])
def test_without_a_yes_nothing_is_written(tmp_path: Path, answer: str) -> None:
    with _served(tmp_path) as (project, environment):
        done = _run(environment, *SPIKE, "--out", str(tmp_path / "evidence"), answer=answer)
    assert done.returncode == 2
    assert "no line was written; whoever wants to drill without being asked says --yes" in done.stderr
    assert project.written == []
    assert not (tmp_path / "evidence").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--project", "another-project", "--stack", "example-scratch"), "belongs to the project loyalty-scratch"),
        (("--project", "loyalty-demo", "--stack", "demo"), "the stack demo must not be drilled"),
        ((*SPIKE, "--alert", "telemetry_silent"), "there can be no drill of telemetry_silent"),
        (("--stack", "example-scratch"), "Missing option '--project'"),
        (("--project", "loyalty-scratch"), "Missing option '--stack'"),
    ],
)
def test_what_must_not_be_drilled_is_refused_before_anything_is_asked(
    tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    with _served(tmp_path) as (project, environment):
        done = _run(environment, *arguments, "--yes")
    assert done.returncode == 2
    assert words in done.stderr
    assert project.asked == []


@contextmanager
def _watching(folder: Path) -> Iterator[tuple[Scratch, subprocess.Popen[str], Path]]:
    """A drill that has written its lines and waits for an incident that never opens."""
    with _served(folder) as (project, environment):
        project.only = frozenset(["high_churn"])
        command = [PROGRAM, "drill", *SPIKE, "--yes", "--out", str(folder / "evidence")]
        drill = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=PROJECT, env=environment
        )
        try:
            for _ in range(3000):
                if project.count()["ListTimeSeries"] or drill.poll() is not None:
                    break
                time.sleep(0.1)
            assert len(project.written) == 150
            yield project, drill, folder / "tmp"
        finally:
            drill.kill()
            drill.communicate()


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_drill_says_what_is_still_running(tmp_path: Path, number: signal.Signals, status: int) -> None:
    with _watching(tmp_path) as (_, drill, temporary):
        drill.send_signal(number)
        _, told = drill.communicate(timeout=300)
    assert drill.returncode == status
    assert re.search(r"drill-\S+ wrote 150 lines to loyalty-scratch, and no longer watches them", told)
    assert re.search(r"rate_limit_spike store_id=drill-\S+: not seen to open yet, and may open still", told)
    assert "gcloud logging logs delete loyalty-monitoring-drill --project loyalty-scratch" in told
    assert "Traceback" not in told
    assert _is_unused_soon(temporary)
    assert not (tmp_path / "evidence").exists()


def test_a_killed_drill_leaves_nothing_behind(tmp_path: Path) -> None:
    with _watching(tmp_path) as (project, drill, temporary):
        drill.kill()
        drill.communicate(timeout=300)
        written = len(project.written)
    assert _is_unused_soon(temporary)
    assert not (tmp_path / "evidence").exists()
    assert not list(PROJECT.glob("drill-*/"))
    assert len(project.written) == written


@pytest.mark.parametrize("method", ["ListAlertPolicies", "ListLogEntries"])
def test_a_project_that_does_not_answer_costs_no_more_than_the_timeout(tmp_path: Path, method: str) -> None:
    release = threading.Event()
    with _served(tmp_path) as (project, environment):
        project.fail[method] = lambda *_: release.wait(300)
        begun = time.monotonic()
        done = _run(environment, *SPIKE, "--yes", "--timeout", "1")
        took = time.monotonic() - begun
        release.set()
    assert done.returncode == 2
    assert "did not answer within" in done.stderr
    assert project.written == []
    # Far from the 300 seconds; Python and Google's clients take a while to start.
    assert took < 100


def test_a_project_that_stops_answering_ends_the_drill_in_time(tmp_path: Path) -> None:
    release = threading.Event()
    with _served(tmp_path) as (project, environment):
        project.only = frozenset(["high_churn"])

        def once_written(*_: Any) -> None:
            if project.written:
                release.wait(300)

        project.fail["ListLogEntries"] = project.fail["ListTimeSeries"] = once_written
        begun = time.monotonic()
        done = _run(environment, *SPIKE, "--yes", "--timeout", "8", "--out", str(tmp_path / "evidence"))
        took = time.monotonic() - begun
        release.set()
    assert done.returncode == 1
    assert "0 of 1 incidents opened" in done.stdout
    assert "warning: the violation logs cannot be read" in done.stdout
    assert json.loads((tmp_path / "evidence" / "drill.json").read_text())["complete"] is False
    assert took < 150
