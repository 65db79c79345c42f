"""The served report: for this machine only, and drawn anew when a file changes."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.report.serving import Served, serving

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 60.0


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
    log.write_text(log.read_text() * 101)
    assert next(states)["version"] == version + 1
    assert "101 log entries" in served.get("/")[1]


def test_a_port_that_is_taken_is_said_with_the_remedy(served: Served) -> None:
    command = [
        str(Path(sys.executable).parent / "loyalty-monitoring"),
        "serve",
        "--port",
        str(served.port),
        "log.jsonl",
    ]
    done = subprocess.run(command, cwd=served.project, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "choose another with --port" in done.stderr


def test_ctrl_c_ends_it_quietly(served: Served) -> None:
    served.process.send_signal(signal.SIGINT)
    deadline = time.monotonic() + 10
    while served.process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    assert served.process.returncode == 0
    assert served.process.stderr
    assert served.process.stderr.read() == ""
