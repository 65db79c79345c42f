"""The applications of examples/ that adopt the package: what they print becomes entries that keep the contract."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from tests.conftest import ROOT, run
from tests.loyalty.telemetry.conftest import RedisServer

EXAMPLES = ROOT / "examples"
ASK_FLASK = """
import app
client = app.app.test_client()
assert client.post("/stores/s-203/cards").status_code == 201
assert client.post("/stores/s-203/cards", headers={"X-Too-Many": "1"}).status_code == 429
"""
ASK_FASTAPI = """
from fastapi.testclient import TestClient
import web
client = TestClient(web.app)
assert client.post("/stores/s-203/cards").status_code == 201
assert client.post("/expirations").status_code == 202
"""


def _environment(folder: Path, **more: str) -> dict[str, str]:
    # As in production: under pytest a wrong field would raise.
    own = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    return {**own, "PYTHONPATH": f"{ROOT}:{folder}", **more}


def _asked(folder: Path, code: str, **environment: str) -> str:
    """What an application prints while it is asked."""
    command = [sys.executable, "-W", "ignore", "-c", code]
    done = subprocess.run(command, env=_environment(folder, **environment), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def _events(printed: str) -> dict[str, int]:
    """How many entries of each event of the contract there are and valid; none is broken."""
    imported = run("import", "--time", "2026-11-07T08:00:00Z", "-", stdin=printed, folder=ROOT)
    assert imported.returncode == 0, imported.stderr
    report = json.loads(run("contract", "check", "--format", "json", "-", stdin=imported.stdout, folder=ROOT).stdout)
    assert not [event for event in report["events"] if event["state"] == "broken"], report["events"]
    return {event["event"]: event["valid"] for event in report["events"] if event["valid"]}


def test_a_flask_application_logs_what_the_alerts_read() -> None:
    printed = _asked(EXAMPLES / "flask_app", ASK_FLASK)
    assert _events(printed) == {"card_enrolled": 1, "rate_limit_exceeded": 1}


def test_a_fastapi_application_and_its_worker_log_what_the_alerts_read(
    redis_server: RedisServer, tmp_path: Path
) -> None:
    redis_server.client().flushall()
    folder, url = EXAMPLES / "fastapi_celery", f"redis://127.0.0.1:{redis_server.port}/0"
    printed = _asked(folder, ASK_FASTAPI, LOYALTY_REDIS_URL=url)
    command = [sys.executable, "-m", "celery", "--quiet", "-A", "worker", "worker", "--pool", "solo"]
    command += ["--without-gossip", "--without-mingle"]
    out = tmp_path / "stdout"
    with out.open("w") as stdout:
        environment = _environment(folder, LOYALTY_REDIS_URL=url)
        worker = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=stdout, stderr=subprocess.STDOUT)
        try:
            patience = time.monotonic() + 30
            while "Task loyalty.expire_points" not in out.read_text() or " succeeded in " not in out.read_text():
                assert worker.poll() is None, out.read_text()
                assert time.monotonic() < patience, out.read_text()
                time.sleep(0.02)
        finally:
            worker.terminate()
            worker.wait(timeout=30)
    assert _events(printed) == {"card_enrolled": 1}
    assert _events(out.read_text()) == {"expiration_chunk_processed": 1}
