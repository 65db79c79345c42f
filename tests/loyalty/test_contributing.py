"""CONTRIBUTING.md: its worked example, followed step by step."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "CONTRIBUTING.md").read_text()


def _block(introduction: str) -> str:
    """The fenced block that follows these words."""
    found = re.search(re.escape(introduction) + r".*?\n```\w+\n(.*?)```\n", TEXT, re.DOTALL)
    assert found, introduction
    return found[1]


def _append(file: Path, text: str) -> None:
    file.write_text(file.read_text() + text)


def _run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).parent / "loyalty-monitoring"), *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name in ("alert_policies", "log_metrics", "dashboards", "runbooks", "schemas", "tests/cases"):
        shutil.copytree(ROOT / name, tmp_path / name)
    for file in ROOT.glob("*.yaml"):
        shutil.copy(file, tmp_path)
    return tmp_path


def test_the_steps_lead_to_an_alert_that_is_proven(project: Path) -> None:
    _append(project / "coverage.yaml", _block("`coverage.yaml`, one line more:"))
    assert "A9" in _run(project, "render", "--stack", "demo", "--out", "rendered").stderr
    _append(project / "parameters.yaml", _block("`parameters.yaml`, at its end:"))
    for file in ("alert_policies/wallet_cards_given_up.yaml", "runbooks/wallet_cards_given_up.md"):
        (project / file).write_text(_block(f"`{file}`:"))
    unseen = _run(project, "render", "--stack", "demo", "--out", "rendered")
    assert "wallet_cards_given_up" in unseen.stderr
    overview = project / "dashboards" / "overview.yaml"
    overview.write_text(
        overview.read_text().replace(
            "            - <<policy_id:low_enrollment>>\n",
            "            - <<policy_id:low_enrollment>>\n            - <<policy_id:wallet_cards_given_up>>\n",
        )
    )
    _append(overview, _block("In\n`dashboards/overview.yaml`, add"))
    assert "has no cases" in _run(project, "prove", "wallet_cards_given_up").stdout
    cases = "tests/cases/wallet_cards_given_up.yaml"
    (project / cases).write_text(_block(f"`{cases}`:"))
    proof = _run(project, "prove", "wallet_cards_given_up")
    assert proof.returncode == 0, proof.stdout + proof.stderr
    lint = _run(project, "lint")
    assert lint.stdout == "no findings\n", lint.stdout + lint.stderr
