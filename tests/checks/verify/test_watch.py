"""`verify --watch`: how late points are, by when they were first there, beside the allowance."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
import pytest

from loyalty_monitoring.checks.verify import watch
from loyalty_monitoring.common.errors import UserError
from tests.checks.verify.server import NOW, Cloud, deploy, fails
from tests.checks.verify.test_verify import stack_of
from tests.conftest import PROGRAM, PROJECT

REJECTED, TOTAL = "loyalty/rate_limited_requests", "loyalty/task_last_success"
EVERY = 15.0


class _Time:
    """A clock that goes on when somebody sleeps, and the points that are there by then."""

    def __init__(self, cloud: Cloud, late: dict[str, timedelta]) -> None:
        self.cloud, self.late, self.at = cloud, late, NOW.replace(second=7)
        self.tell()

    def now(self) -> datetime:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)
        self.tell()

    def tell(self) -> None:
        """Each minute has a point, so late after its end."""
        self.cloud.last_points = {
            metric: (self.at - late).replace(second=0, microsecond=0) for metric, late in self.late.items()
        }


def _watched(late: dict[str, timedelta], length: timedelta = timedelta(minutes=12), **fail: Any) -> watch.Watch:
    settings, definitions = stack_of("demo")
    cloud = Cloud(settings.project)
    deploy(cloud, settings, definitions)
    clock = _Time(cloud, late)
    cloud.fail.update(fail)
    seen = watch.Watch(settings.project, timedelta(minutes=10), EVERY)
    with cloud.served() as endpoint:
        watch.watch(settings, definitions, seen, length, endpoint=endpoint, now=clock.now, sleep=clock.sleep)
    return seen


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "_ONE_LOOK", 300.0)


def test_each_metric_is_as_late_as_its_points_to_the_seconds_between_two_looks() -> None:
    seen = _watched({REJECTED: timedelta(minutes=3), TOTAL: timedelta(minutes=9, seconds=30)})
    assert all(timedelta(minutes=3) <= late <= timedelta(minutes=3, seconds=EVERY) for late in seen.late[REJECTED])
    assert len(seen.late[REJECTED]) == 12
    most = timedelta(minutes=9, seconds=30 + EVERY)
    assert all(timedelta(minutes=9, seconds=30) <= late <= most for late in seen.late[TOTAL])
    assert seen.exceeds == []
    # The points of the first look were there before.
    assert seen.looks == 12 * 4 + 1
    table = "\n".join(watch.lines(seen))
    assert "2 of 5 metrics had new points, 0 later than the allowance" in table
    silent = watch.as_object(seen)["metrics"]["loyalty/email_status"]
    assert silent == {"points": 0, "median_s": None, "most_s": None}


def test_later_than_the_allowance_is_exceeded_by_more_than_a_look() -> None:
    assert _watched({REJECTED: timedelta(minutes=10)}, timedelta(minutes=3)).exceeds == []
    assert _watched({REJECTED: timedelta(minutes=10, seconds=31)}, timedelta(minutes=3)).exceeds == [REJECTED]


def test_a_look_that_fails_is_told_and_the_watch_goes_on() -> None:
    fail = fails(grpc.StatusCode.RESOURCE_EXHAUSTED, "slow down")
    count = [0]

    def sometimes(asked: Any, context: Any) -> None:
        count[0] += 1
        if 40 < count[0] <= 60:
            fail(asked, context)

    seen = _watched({REJECTED: timedelta(minutes=3)}, timedelta(minutes=4), ListTimeSeries=sometimes)
    assert seen.looks >= 12
    assert any("quota" in failure for failure in seen.failures)


def test_who_may_not_look_is_told_at_once() -> None:
    with pytest.raises(UserError, match=r"roles/monitoring[.]viewer"):
        _watched({}, ListTimeSeries=fails(grpc.StatusCode.PERMISSION_DENIED, "no"))


def _command(endpoint: str, *arguments: str) -> list[str]:
    return [PROGRAM, "verify", "--endpoint", endpoint, "--every", "0.3", *arguments]


def test_the_command_prints_the_table_and_exits_with_1_when_the_allowance_is_exceeded() -> None:
    settings, definitions = stack_of("demo")
    cloud = Cloud(settings.project)
    deploy(cloud, settings, definitions)
    late = [timedelta(minutes=2)]
    asked: list[float] = []

    def move(_: Any, __: Any) -> None:
        asked.append(time.monotonic())
        # From the second look on, a newer point is there.
        minutes = len(asked) // len(definitions.log_metrics)
        newest = datetime.now(UTC).replace(second=0, microsecond=0) - late[0] - timedelta(hours=1)
        cloud.last_points = dict.fromkeys(cloud.last_points, newest + timedelta(minutes=minutes))

    cloud.fail["ListTimeSeries"] = move
    with cloud.served() as endpoint:
        # Long enough for a second look on a machine that is busy with other things.
        command = _command(endpoint, "--watch", "15s", "--format", "json")
        done = subprocess.run(command, capture_output=True, text=True, cwd=PROJECT, check=False, timeout=600)
    told = json.loads(done.stdout)
    assert done.returncode == 1
    assert told["allowance_s"] >= 60
    assert told["exceeded"]


def test_ctrl_c_prints_what_was_seen() -> None:
    settings, definitions = stack_of("demo")
    cloud = Cloud(settings.project)
    deploy(cloud, settings, definitions)
    with cloud.served() as endpoint:
        command = _command(endpoint, "--watch", "30m")
        watching = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=PROJECT)
        try:
            while cloud.count()["ListTimeSeries"] < 2 * len(definitions.log_metrics) and watching.poll() is None:
                time.sleep(0.1)
            os.kill(watching.pid, signal.SIGINT)
            _, told = watching.communicate(timeout=300)
        finally:
            watching.kill()
    assert watching.returncode == 130
    assert "metrics had new points" in told


@pytest.mark.parametrize("length", ["", "soon", "0s", "-3m", "3"])
def test_what_is_no_length_is_one_clear_error(length: str) -> None:
    command = [PROGRAM, "verify", "--watch", length]
    done = subprocess.run(command, capture_output=True, text=True, cwd=PROJECT, check=False)
    assert done.returncode == 2
    assert "write it like 90s, 30m or 1h30m" in done.stderr
