"""Prometheus is the real one, is asked over loopback, and leaves nothing behind however it ends."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from loyalty_monitoring.errors import UserError
from loyalty_monitoring.replay import prometheus as module
from loyalty_monitoring.replay.prometheus import prometheus_over

NAME = "logging_googleapis_com:user_loyalty_x"
MINUTE = 1_793_600_400  # a whole minute


def _points(tmp_path: Path, lines: list[str]) -> Path:
    file = tmp_path / "points.om"
    file.write_text("".join(f"{line}\n" for line in lines) + "# EOF\n")
    return file


def _running() -> dict[str, list[str]]:
    """The servers of this project by process id, with their arguments."""
    found = {}
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            arguments = file.read_text().split("\0")
            if any(argument.startswith("--storage.tsdb.path=") for argument in arguments):
                found[file.parent.name] = arguments
    return found


def test_two_minutes_of_60_are_60_each_and_120_together(tmp_path: Path) -> None:
    file = _points(tmp_path, [f'{NAME}{{a="1"}} 60 {MINUTE + 60 * i}.999' for i in (0, 1)])
    # 59.999 s into the minute, as the points are stamped
    file.write_text(
        file.read_text()
        .replace(f" {MINUTE}.999", f" {MINUTE + 59}.999")
        .replace(f" {MINUTE + 60}.999", f" {MINUTE + 119}.999")
    )
    with prometheus_over(file) as server:
        (one,) = server.query_range(f"sum_over_time({NAME}[1m])", MINUTE + 60, MINUTE + 180, 60)
        (two,) = server.query_range(f"sum_over_time({NAME}[2m])", MINUTE + 120, MINUTE + 120, 60)
    assert one.labels == {"a": "1"}
    assert one.samples == [(MINUTE + 60, 60.0), (MINUTE + 120, 60.0)]
    assert two.samples == [(MINUTE + 120, 120.0)]


def test_no_point_at_all_is_an_answer_too(tmp_path: Path) -> None:
    with prometheus_over(_points(tmp_path, [])) as server:
        (series,) = server.query_range("vector(0) == 0", MINUTE, MINUTE + 60, 60)
    assert series.samples == [(MINUTE, 0.0), (MINUTE + 60, 0.0)]


def test_more_steps_than_the_api_allows_in_one_answer_are_one_answer(tmp_path: Path) -> None:
    with prometheus_over(_points(tmp_path, [])) as server:
        (series,) = server.query_range("vector(1)", 0, 60 * 25_000, 60)
    assert [at for at, _ in series.samples] == list(range(0, 60 * 25_000 + 1, 60))


@pytest.mark.parametrize("year", [1999, 2026, 2040])
def test_points_of_any_year_are_kept(tmp_path: Path, year: int) -> None:
    at = (year - 1970) * 31_557_600 // 60 * 60
    with prometheus_over(_points(tmp_path, [f"{NAME} 7 {at}"])) as server:
        (series,) = server.query_range(f"sum_over_time({NAME}[5m])", at + 60, at + 60, 60)
    assert series.samples == [(at + 60, 7.0)]


def test_a_query_that_prometheus_refuses_is_an_error_with_its_words(tmp_path: Path) -> None:
    with (
        prometheus_over(_points(tmp_path, [])) as server,
        pytest.raises(UserError, match=r"refuses the query.*parse error"),
    ):
        server.query_range("sum(", MINUTE, MINUTE, 60)


def test_points_that_are_no_open_metrics_are_an_error(tmp_path: Path) -> None:
    file = tmp_path / "points.om"
    file.write_text("this is nothing\n")
    with pytest.raises(UserError, match="promtool could not store"), prometheus_over(file):
        pass


def test_a_missing_prometheus_names_the_command_to_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(module, "_LOCAL", tmp_path)
    with pytest.raises(UserError, match="make setup"), prometheus_over(_points(tmp_path, [])):
        pass


def test_it_listens_on_loopback_only(tmp_path: Path) -> None:
    before = _running()
    with prometheus_over(_points(tmp_path, [])):
        started = [arguments for process, arguments in _running().items() if process not in before]
    addresses = [part for arguments in started for part in arguments if part.startswith("--web.listen-address=")]
    assert addresses
    assert all(address.startswith("--web.listen-address=127.0.0.1:") for address in addresses)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_process_is_left_behind_when_the_parent_is_killed(tmp_path: Path, how: signal.Signals) -> None:
    before = _running().keys()
    program = (
        "import sys, time; from pathlib import Path\n"
        "from loyalty_monitoring.replay.prometheus import prometheus_over\n"
        "with prometheus_over(Path(sys.argv[1])):\n"
        "    print('up', flush=True); time.sleep(60)\n"
    )
    command = [sys.executable, "-c", program, str(_points(tmp_path, []))]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={**os.environ, "TMPDIR": str(tmp_path)}
    ) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"up\n"
        assert _running().keys() - before
        parent.send_signal(how)
        parent.wait(10)
    deadline = time.monotonic() + 5
    while _running().keys() - before and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _running().keys() - before


def test_no_folder_is_left_behind_after_an_error_or_ctrl_c(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(module.tempfile, "tempdir", str(folder))
    for error in (KeyboardInterrupt, RuntimeError):
        with pytest.raises(error), prometheus_over(_points(tmp_path, [])):
            raise error
    assert list(folder.iterdir()) == []
