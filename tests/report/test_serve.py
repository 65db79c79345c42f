"""The served report: for this machine only, and drawn anew when a file changes."""

from __future__ import annotations

import gzip
import http.client
import json
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator

import pytest

from tests.conftest import PROGRAM, PROJECT
from tests.log_lines import START, event, hours
from tests.report.serving import PATIENCE_SECONDS, Served, rewrite, serving


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("project")) as served:
        yield served


def test_pages_may_ask_their_own_server_only(served: Served) -> None:
    status, page = served.get("/")
    assert status == 200
    assert "connect-src &#39;self&#39;" in page
    assert served.get("/policies/rate_limit_spike.html")[0] == 200
    assert served.get("/assets/live/reload.js")[0] == 200


@pytest.mark.parametrize(
    "path", ["/nothing.html", "/assets/../serve.py", "/assets/%2e%2e/serve.py", "/assets//etc/passwd", "/assets/"]
)
def test_nothing_else_is_served(served: Served, path: str) -> None:
    assert served.get(path)[0] == 404


def test_another_name_for_this_machine_is_refused(served: Served) -> None:
    assert served.get("/", host="rebound.example.com")[0] == 421
    assert served.get("/", host=f"localhost:{served.port}")[0] == 200


def test_a_change_is_drawn_and_a_mistake_is_shown_until_it_is_mended(served: Served) -> None:
    states = served.states()
    assert next(states) == {"version": 1, "problem": None}
    policy = served.project / "alert_policies" / "rate_limit_spike.yaml"
    good = policy.read_text()
    # As editors do it: a new file takes the name of the old.
    aside = policy.with_suffix(".new")
    aside.write_text(good.replace("Loyalty: a store had", "Loyalty: one shop had"))
    aside.replace(policy)
    assert next(states) == {"version": 2, "problem": None}
    assert "Loyalty: one shop had" in served.get("/")[1]
    policy.write_text(good + "unknown_key: 1\n")
    problem = next(states)
    assert problem["version"] == 2
    assert "rate_limit_spike.yaml" in problem["problem"]
    assert "Loyalty: one shop had" in served.get("/")[1]
    policy.write_text(good)
    assert next(states) == {"version": 3, "problem": None}
    assert "Loyalty: a store had" in served.get("/")[1]


def test_a_new_log_line_is_drawn(served: Served) -> None:
    states = served.states()
    version = next(states)["version"]
    log = served.project / "log.jsonl"
    rewrite(log, log.read_text() * 101)
    assert next(states)["version"] == version + 1
    assert "101 log entries" in served.get("/")[1]


def test_a_changed_threshold_asks_the_server_that_runs(served: Served) -> None:
    states = served.states()
    version = next(states)["version"]
    rejected = event("rate_limit_exceeded", START + hours(3), severity="WARNING", store_id="s-7", status=429)
    with (served.project / "log.jsonl").open("a") as log:
        log.write(json.dumps(rejected) + "\n")
    assert next(states)["version"] == version + 1
    served.get("/policies/rate_limit_spike.html")
    deadline = time.monotonic() + PATIENCE_SECONDS
    while len(before := served.prometheus()) != 1:  # that of the version before ends
        assert time.monotonic() < deadline
        time.sleep(0.05)
    parameters = served.project / "parameters.yaml"
    rewrite(parameters, parameters.read_text().replace("requests:\n  default: 100", "requests:\n  default: 90"))
    assert next(states) == {"version": version + 2, "problem": None}
    assert served.prometheus() == before


def test_a_port_that_is_taken_is_said_with_the_remedy(served: Served) -> None:
    command = [
        PROGRAM,
        "serve",
        "--port",
        str(served.port),
        "log.jsonl",
    ]
    done = subprocess.run(command, cwd=served.project, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "choose another with --port" in done.stderr


STRANGE = [
    b"GET //[ HTTP/1.1\r\nHost: HOST\r\n\r\n",
    b"GET /assets/%00 HTTP/1.1\r\nHost: HOST\r\n\r\n",
    b"GET /assets/" + b"x" * 5_000 + b" HTTP/1.1\r\nHost: HOST\r\n\r\n",
    b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\nHost: HOST\r\n\r\n",
    b"GET /%ff%fe\xff HTTP/1.1\r\nHost: HOST\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: HOST\r\nContent-Length: 5\r\n\r\nhello",
    b"BREW /pot HTCPCP/1.0\r\n\r\n",
    b"GET / HTTP/9.9\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 200 + b"\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01",
    b"\x00" * 100,
    b"\r\n\r\n",
    b"",
]


@pytest.mark.parametrize("request_bytes", STRANGE, ids=range(len(STRANGE)))
def test_a_strange_request_is_answered_or_dropped_and_nothing_else_happens(
    served: Served, request_bytes: bytes
) -> None:
    with socket.create_connection(("127.0.0.1", served.port), timeout=PATIENCE_SECONDS) as connection:
        connection.sendall(request_bytes.replace(b"HOST", f"127.0.0.1:{served.port}".encode()))
        connection.shutdown(socket.SHUT_WR)
        answer = connection.makefile("rb").read()
    if answer.startswith(b"HTTP/1.1"):
        status = int(answer.split()[1])
        assert 400 <= status < 600, answer
    assert served.get("/")[0] == 200


def test_no_page_elsewhere_may_show_a_page_of_ours_inside_its_own(served: Served) -> None:
    for path in ("/", "/nothing.html", "/assets/live/reload.js", "/events"):
        connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=PATIENCE_SECONDS)
        connection.request("HEAD", path)
        assert "frame-ancestors 'none'" in connection.getresponse().headers["Content-Security-Policy"]
        connection.close()


HOSTILE = {
    "deep": b"[" + b"[" * 100_000 + b"]" * 100_000 + b"]",
    "no entry at all": b"no JSON\n",
    "an array that is cut off": b"[{",
    "damaged": gzip.compress(b"x" * 1000)[:-9],
    "UTF-16": "x".encode("utf-16"),
    "digits": b'[{"x": ' + b"9" * 5000 + b"}]",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_whatever_a_log_becomes_is_shown_on_the_page_and_serving_goes_on(served: Served, name: str) -> None:
    states = served.states()
    version = next(states)["version"]
    log = served.project / "log.jsonl"
    good = log.read_bytes()
    rewrite(log, HOSTILE[name])
    problem = next(states)
    assert problem["version"] == version
    assert "log.jsonl" in problem["problem"]
    rewrite(log, good)
    assert next(states) == {"version": version + 1, "problem": None}


def test_a_folder_that_is_replaced_is_watched_again(served: Served) -> None:
    states = served.states()
    version = next(states)["version"]
    folder = served.project / "alert_policies"
    copy = served.project / "copy"
    shutil.copytree(folder, copy)
    shutil.rmtree(folder)
    while next(states)["problem"] is None:
        pass
    copy.rename(folder)
    while (state := next(states))["problem"] is not None:
        pass
    assert state["version"] > version
    rewrite(folder / "rate_limit_spike.yaml", "unknown_key: 1\n")
    assert "rate_limit_spike.yaml" in next(states)["problem"]
    rewrite(folder / "rate_limit_spike.yaml", (PROJECT / "alert_policies" / "rate_limit_spike.yaml").read_text())
    assert next(states)["problem"] is None


def test_ctrl_c_ends_it_with_one_word(served: Served) -> None:
    served.process.send_signal(signal.SIGINT)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while served.process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    assert served.process.returncode == 130
    assert served.process.stderr
    assert served.process.stderr.read() == "loyalty-monitoring: interrupted\n"
