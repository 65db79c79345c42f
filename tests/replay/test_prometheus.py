"""Prometheus is the real one, is asked over loopback, and leaves nothing behind however it ends."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from loyalty_monitoring.common.errors import UserError
from loyalty_monitoring.replay import prometheus as module
from tests.conftest import processes_in
from tests.replay.servers import prometheus_over

NAME = "logging_googleapis_com:user_loyalty_x"
PATIENCE_SECONDS = 60.0  # what does not end by itself takes minutes
MINUTE = 1_793_600_400  # a whole minute


def _points(tmp_path: Path, lines: list[str]) -> Path:
    file = tmp_path / "points.om"
    file.write_text("".join(f"{line}\n" for line in lines) + "# EOF\n")
    return file


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which temporary files are made meanwhile, by this process and by those it starts."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


def test_two_minutes_of_60_are_60_each_and_120_together(tmp_path: Path) -> None:
    # 59.999 s into the minute, as points are stamped
    file = _points(tmp_path, [f'{NAME}{{a="1"}} 60 {MINUTE + second}.999' for second in (59, 119)])
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


def test_a_label_set_that_pauses_between_two_answers_is_one_series(tmp_path: Path) -> None:
    late = MINUTE + 60 * 15_000
    with prometheus_over(_points(tmp_path, [f"{NAME} 1 {MINUTE}", f"{NAME} 2 {late}"])) as server:
        (series,) = server.query_range(f"sum_over_time({NAME}[1m])", MINUTE, late, 60)
    assert series.samples == [(MINUTE, 1.0), (MINUTE + 60, 1.0), (late, 2.0)]


# A name of its own, a comment, the time, a subquery, a point that stops, NaN, nothing, a number, a label of the answer.
QUERIES = (
    NAME,
    f"sum by (a) (sum_over_time({NAME}[2m])) # of two minutes",
    f"time() - {NAME}",
    f"max_over_time((sum({NAME}) > 1)[5m:1m])",
    f"{NAME} offset 1m",
    f"{NAME} / ({NAME} - {NAME})",
    f"{NAME} > 1e9",
    "1 + 1",
    f'label_replace({NAME}, "place", "7", "", "")',
    "vector(time())",
)


def test_queries_that_are_asked_together_have_the_answers_that_each_has_by_itself(tmp_path: Path) -> None:
    lines = [f'{NAME}{{a="{a}"}} {value} {MINUTE + second}.999' for a in "12" for second, value in ((59, 3), (179, 0))]
    with prometheus_over(_points(tmp_path, lines)) as server:
        instants = range(MINUTE - 60, MINUTE + 1_200, 60)
        for queries in (QUERIES, [query for query in QUERIES if query != "1 + 1"]):
            questions = [(query, at) for query in queries for at in instants]
            together = server.query_instants(questions)
            singly = [server.query_range(query, at, at, 1) for query, at in questions]
            assert [_as_text(one) for one in together] == [_as_text(one) for one in singly]
            assert any(together), "there are answers"


def _as_text(answer: list[module.Series]) -> list[str]:
    return sorted(map(repr, answer))  # NaN is equal to nothing


def test_of_queries_that_are_asked_together_the_one_that_is_refused_is_shown_as_it_is_written(tmp_path: Path) -> None:
    with (
        prometheus_over(_points(tmp_path, [])) as server,
        pytest.raises(module.QueryRefused, match=r"mend it:\nsum\(\(\Z"),
    ):
        server.query_instants([("vector(1)", MINUTE), ("sum((", MINUTE)])


def test_series_that_differ_in_their_names_alone_are_one_in_order_of_time(tmp_path: Path) -> None:
    lines = [f"{name} 7 {MINUTE + at}" for name, at in ((f"{NAME}a", 1200), (f"{NAME}b", 0), (f"{NAME}b", 2400))]
    query = f"last_over_time({NAME}a[2m]) or last_over_time({NAME}b[2m])"
    with prometheus_over(_points(tmp_path, sorted(lines))) as server:
        (one,) = server.query_range(query, MINUTE, MINUTE + 3600, 60)
    assert [at - MINUTE for at, _ in one.samples] == [0, 60, 120, 1200, 1260, 1320, 2400, 2460, 2520]


def test_a_window_without_an_evaluation_is_an_empty_answer(tmp_path: Path) -> None:
    with prometheus_over(_points(tmp_path, [])) as server:
        assert server.query_range("vector(1)", MINUTE + 60, MINUTE, 60) == []


def test_points_of_years_apart_are_kept_side_by_side(tmp_path: Path) -> None:
    years = [(year - 1970) * 31_557_600 // 60 * 60 for year in (1999, 2012, 2026, 2040)]
    with prometheus_over(_points(tmp_path, [f"{NAME} 7 {at}" for at in years])) as server:
        for at in years:
            (series,) = server.query_range(f"sum_over_time({NAME}[5m])", at + 60, at + 60, 60)
            assert series.samples == [(at + 60, 7.0)]


@pytest.mark.parametrize("year", [1999, 2026, 2040])
def test_points_of_any_year_are_kept(tmp_path: Path, year: int) -> None:
    at = (year - 1970) * 31_557_600 // 60 * 60
    with prometheus_over(_points(tmp_path, [f"{NAME} 7 {at}"])) as server:
        (series,) = server.query_range(f"sum_over_time({NAME}[5m])", at + 60, at + 60, 60)
    assert series.samples == [(at + 60, 7.0)]


def test_a_query_that_prometheus_refuses_is_an_error_with_its_words(tmp_path: Path) -> None:
    with (
        prometheus_over(_points(tmp_path, [])) as server,
        pytest.raises(UserError, match=r"refuses the query \(.*parse error.*mend it"),
    ):
        server.query_range("sum(", MINUTE, MINUTE, 60)


def test_a_server_that_does_not_start_says_its_last_words(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        monkeypatch.setattr(module, "_free_port", lambda: taken.getsockname()[1])
        with (
            pytest.raises(UserError, match=r"did not start[\s\S]*address already in use"),
            prometheus_over(_points(tmp_path, [])),
        ):
            pass


def test_a_server_of_somebody_else_on_the_port_is_not_taken_for_ours(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with prometheus_over(_points(tmp_path, [])) as other:
        monkeypatch.setattr(module, "_free_port", lambda: other._port)
        with pytest.raises(UserError, match="did not start"), prometheus_over(_points(tmp_path, [])):
            pass


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


def test_it_listens_on_loopback_only(tmp_path: Path, temporary: Path) -> None:
    with prometheus_over(_points(tmp_path, [])):
        arguments = [part for arguments in processes_in(temporary) for part in arguments]
    (address,) = [part for part in arguments if part.startswith("--web.listen-address=")]
    assert address.startswith("--web.listen-address=127.0.0.1:")


ENDINGS = {
    "Ctrl-C": lambda parent: os.killpg(parent.pid, signal.SIGINT),
    "SIGTERM": lambda parent: parent.terminate(),
    "kill -9": lambda parent: parent.kill(),
    "kill -9 of its whole group": lambda parent: os.killpg(parent.pid, signal.SIGKILL),
    "a crash": lambda parent: parent.send_signal(signal.SIGSEGV),
}


QUERY_OF_MINUTES = "count_over_time(vector(1)[9000h:1s])"
STAGES = {
    "when idle": "time.sleep(600)",
    "during a query": f"server.query_range('{QUERY_OF_MINUTES}', 0, 6000, 1)",
}


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("stage", STAGES)
def test_neither_a_process_nor_a_folder_is_left_behind(
    tmp_path: Path, temporary: Path, stage: str, ending: str
) -> None:
    program = (
        "import signal, sys, time; from pathlib import Path\n"
        # Whoever runs the tests in the background ignores Ctrl-C, and children inherit that.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from tests.replay.servers import prometheus_over\n"
        "with prometheus_over(Path(sys.argv[1])) as server:\n"
        "    print('up', flush=True)\n"
        f"    {STAGES[stage]}\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(_points(tmp_path, []))],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"up\n"
        time.sleep(0.2)
        assert processes_in(temporary)
        assert list(temporary.iterdir())
        ENDINGS[ending](parent)
        parent.wait(PATIENCE_SECONDS)
    assert _becomes_true(lambda: not processes_in(temporary))
    assert _becomes_true(lambda: list(temporary.iterdir()) == [])


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_an_error_inside_leaves_no_folder_behind(tmp_path: Path, temporary: Path, error: type[BaseException]) -> None:
    def fail() -> None:
        with prometheus_over(_points(tmp_path, [])):
            assert list(temporary.iterdir())
            raise error

    with pytest.raises(error):
        fail()
    assert list(temporary.iterdir()) == []


def _becomes_true(claim: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> bool:
    deadline = time.monotonic() + seconds
    while not claim() and time.monotonic() < deadline:
        time.sleep(0.02)
    return claim()


# A server that is ready at once and has an answer for everything; its version and what it holds are to be filled in.
_HOLLOW = """#!{python}
import http.server, json, sys
arguments = dict(argument.removeprefix("--").split("=", 1) for argument in sys.argv[1:])
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        data = {{"version": {version!r}}} if "buildinfo" in self.path else {{"result": {result}}}
        body = json.dumps({{"status": "success", "data": data}}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    do_POST = do_GET
    def log_message(self, *_): pass
host, port = arguments["web.listen-address"].split(":")
http.server.HTTPServer((host, int(port)), Handler).serve_forever()
"""


def _hollow(version: str, result: str) -> str:
    return _HOLLOW.format(python=sys.executable, version=version, result=result)


BROKEN = {
    "a promtool that does nothing": ("promtool", "#!/bin/sh\nexit 0\n", "holds 0 samples of the 2"),
    "a promtool that hangs": ("promtool", "#!/bin/sh\nexec sleep 300\n", "did not store the points within"),
    "a promtool that crashes": (
        "promtool",
        "#!/bin/sh\nkill -SEGV $$\n",
        "could not store the points and ended with -11",
    ),
    "a promtool that speaks no UTF-8": ("promtool", "#!/bin/sh\nprintf '\\377\\376' >&2\nexit 1\n", "ended with 1"),
    "a promtool that is no program": ("promtool", "\x7fELF", "cannot be started"),
    "a prometheus that is no program": ("prometheus", "\x7fELF", "cannot be started"),
    "a prometheus that ends at once": ("prometheus", "#!/bin/sh\necho no\n", "did not start"),
    "a prometheus of another version": ("prometheus", _hollow("3.1.0", "[]"), "this Prometheus is 3.1.0"),
    "a prometheus that holds nothing": ("prometheus", _hollow("2.42.0", "[]"), "holds 0 samples of the 2"),
    "a prometheus that holds more": (
        "prometheus",
        _hollow("2.42.0", '[{"metric": {}, "value": [0, "9"]}]'),
        "holds 9 samples of the 2",
    ),
    "a server that is none": ("prometheus", _hollow("2.42.0", "3"), "speaks another language"),
    "a server that answers words": (
        "prometheus",
        _hollow("2.42.0", '[{"metric": {}, "value": [0, "many"]}]'),
        "speaks another language",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_not_the_prometheus_we_know_is_an_error_and_never_an_all_clear(
    tmp_path: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    program, text, words = BROKEN[name]
    folder = tmp_path / "programs"
    folder.mkdir()
    (folder / program).write_text(text)
    (folder / program).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.setattr(module, "_BACKFILL_SECONDS", 2.0 if "hangs" in name else 60.0)
    points = _points(tmp_path, [f'{NAME}{{a="1"}} 1 {MINUTE}', f'{NAME}{{a="2"}} 1 {MINUTE}'])
    with pytest.raises(UserError, match=words), prometheus_over(points):
        pass
    assert not processes_in(temporary)
    assert list(temporary.iterdir()) == []


def test_nothing_is_left_behind_without_a_path(
    tmp_path: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    with contextlib.suppress(UserError), prometheus_over(_points(tmp_path, [])):
        pass
    assert list(temporary.iterdir()) == []


def test_threads_that_come_and_go_share_connections(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Prometheus takes 512; who opened one for each thread waited for ever."""
    opened: list[object] = []
    connection = http.client.HTTPConnection

    def opening(*arguments: Any, **options: Any) -> http.client.HTTPConnection:
        opened.append(arguments)
        return connection(*arguments, **options)

    with prometheus_over(_points(tmp_path, [f"{NAME} 1 {MINUTE}"])) as server:
        monkeypatch.setattr(http.client, "HTTPConnection", opening)
        for _ in range(20):
            with ThreadPoolExecutor(max_workers=2) as workers:
                list(workers.map(lambda _: server.query_range(NAME, MINUTE, MINUTE, 60), range(4)))
    assert len(opened) <= 2
