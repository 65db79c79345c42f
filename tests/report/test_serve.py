"""The served report: for this machine only, and drawn anew when a file changes."""

from __future__ import annotations

import http.client
import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.log_lines import START, event, hours, write

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 60.0


@dataclass
class Served:
    """A running `serve` of a copy of the project."""

    process: subprocess.Popen[str]
    project: Path
    port: int

    def get(self, path: str, host: str | None = None) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request("GET", path, headers={"Host": host} if host else {})
        answer = connection.getresponse()
        found = answer.status, answer.read().decode()
        connection.close()
        return found

    def states(self) -> Iterator[dict[str, Any]]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_SECONDS)
        connection.request("GET", "/events")
        answer = connection.getresponse()
        try:
            while line := answer.readline():
                if line.startswith(b"data: "):
                    yield json.loads(line[len(b"data: ") :])
        finally:
            connection.close()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    project = tmp_path_factory.mktemp("project")
    for name in ("alert_policies", "log_metrics", "runbooks", "schemas", "tests/cases"):
        shutil.copytree(ROOT / name, project / name)
    (project / "dashboards").mkdir()
    for file in [*ROOT.glob("*.yaml"), *ROOT.glob("dashboards/*.yaml")]:
        shutil.copy(file, project / file.relative_to(ROOT))
    log = write(
        project / "log.jsonl",
        [event("rate_limit_exceeded", START + hours(1), severity="WARNING", store_id="s-1", status=429)],
    )
    command = [str(Path(sys.executable).parent / "loyalty-monitoring"), "serve", "--port", "0", str(log)]
    process = subprocess.Popen(
        command,
        cwd=project,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Whoever runs the tests in the background ignores Ctrl-C, and children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stdout
    address = process.stdout.readline().strip()
    assert address.startswith("http://127.0.0.1:"), process.communicate()
    yield Served(process, project, int(address.rstrip("/").rpartition(":")[2]))
    process.kill()
    process.communicate()


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
