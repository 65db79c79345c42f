"""A secret is planted wherever one may be, and looked for wherever something comes out."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.conftest import ROOT, run

MARK = "SENTINEL"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project, with a stack whose secrets stand where `pulumi config set --secret` puts them."""
    folder = tmp_path_factory.mktemp("project")
    for name in ("Pulumi.yaml", "parameters.yaml", "coverage.yaml", "log_events.yaml", "__main__.py"):
        shutil.copy(ROOT / name, folder)
    for name in ("alert_policies", "log_metrics", "dashboards", "runbooks", "samples", "tests"):
        (folder / name).symlink_to(ROOT / name)
    stack = yaml.safe_load((ROOT / "Pulumi.example-production.yaml").read_text())
    stack["encryptedkey"] = f"{MARK}-key"
    stack["config"]["loyalty-monitoring:channelSecrets"] = {
        "oncall": {"service_key": {"secure": f"v1:{MARK}"}},
        "team_chat": {"auth_token": {"secure": f"v1:{MARK}"}},
        "incident_log": {"password": {"secure": f"v1:{MARK}"}},
        "status_page": {"url": {"secure": f"v1:{MARK}"}},
    }
    (folder / "Pulumi.planted.yaml").write_text(yaml.safe_dump(stack))
    lines = gzip.decompress((ROOT / "samples" / "2026-11-02.jsonl.gz").read_bytes()).splitlines(keepends=True)
    (folder / "morning.jsonl").write_bytes(b"".join(lines[:3000]))
    key = {"type": "service_account", "private_key": MARK, "client_email": "ci@example.com", "token_uri": f"x{MARK}"}
    (folder / "key.json").write_text(json.dumps(key))
    return folder


def output_of(project: Path, *arguments: str) -> str:
    """Everything that the command prints."""
    environment = {
        **os.environ,
        "GOOGLE_APPLICATION_CREDENTIALS": str(project / "key.json"),
        "PULUMI_CONFIG_PASSPHRASE": MARK,
        "PULUMI_ACCESS_TOKEN": MARK,
    }
    done = run(*arguments, folder=project, environment=environment)
    return done.stdout + done.stderr


MORNING = "morning.jsonl"


@pytest.mark.parametrize(
    "arguments",
    [
        ("render", "--out", "rendered"),
        ("report", MORNING, "--out", "report"),
        ("replay", MORNING, "--format", "json"),
        ("contract", "check", MORNING, "--format", "json"),
        ("cost", MORNING, "--format", "json"),
        ("verify",),
        ("verify", "--endpoint", "127.0.0.1:1", "--timeout", "2"),
        ("backtest", "--days", "1"),
        ("backtest", "--days", "1", "--endpoint", "127.0.0.1:1", "--timeout", "2"),
    ],
    ids=lambda words: "-".join(word for word in words if word[0] not in "s/-"),
)
def test_no_command_prints_or_writes_a_secret(project: Path, arguments: tuple[str, ...]) -> None:
    printed = output_of(project, *arguments, "--stack", "planted")
    assert printed
    assert "no such" not in printed.lower(), "the command was not even run"
    assert MARK not in printed
    for folder in ("rendered", "report"):
        for file in (project / folder).rglob("*"):
            assert not file.is_file() or MARK.encode() not in file.read_bytes(), file


def test_a_secret_that_stands_in_plain_text_is_refused_without_being_shown(project: Path) -> None:
    stack = yaml.safe_load((project / "Pulumi.planted.yaml").read_text())
    stack["config"]["loyalty-monitoring:channelSecrets"]["oncall"]["service_key"] = MARK
    (project / "Pulumi.plain.yaml").write_text(yaml.safe_dump(stack))
    printed = output_of(project, "render", "--out", "plain", "--stack", "plain")
    assert "revoke" in printed
    assert MARK not in printed
    assert not (project / "plain").exists()


@pytest.mark.parametrize(
    ("code", "rule"),
    [
        ("import subprocess\nsubprocess.run('ls $x', shell=True)", "S602"),
        ("import os\nos.system('ls')", "S605"),
        ("import pickle\npickle.loads(b'')", "S301"),
        ("import yaml\nyaml.load('a', yaml.Loader)", "S506"),
        ("eval('1')", "S307"),
        ("exec('1')", "S102"),
        ("import socket\nsocket.create_server(('0.0.0.0', 80))", "S104"),
        ("import jinja2\njinja2.Environment()", "S701"),
    ],
)
def test_the_linter_refuses_what_would_run_foreign_code_or_open_a_port(code: str, rule: str) -> None:
    command = [str(Path(sys.executable).parent / "ruff"), "check", "--output-format", "concise"]
    done = subprocess.run(
        [*command, "--stdin-filename", "loyalty_monitoring/new.py", "-"],
        input=code + "\n",
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert f" {rule} " in done.stdout
