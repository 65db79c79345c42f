"""CONTRIBUTING.md: its worked example, followed step by step."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from loyalty_monitoring.checks.drill.scenarios import load_scenarios
from loyalty_monitoring.definitions.log_contract import load_contract
from tests.conftest import ROOT, run

COVERAGE = (ROOT / "coverage.yaml").read_text()
# The page stays right when somebody has taken its row or its name.
ROW = next(f"A{number}" for number in range(9, 999) if f"\nA{number}:" not in COVERAGE)
IS_FREE = not (ROOT / "alert_policies" / "wallet_cards_given_up.yaml").exists()
NAME = "wallet_cards_given_up" if IS_FREE else "cards_given_up"
PAGE = (ROOT / "CONTRIBUTING.md").read_text()
TEXT = PAGE.replace("A9", ROW).replace("a9", ROW.lower()).replace("wallet_cards_given_up", NAME)
PREFIX = "" if IS_FREE else "another_"
TEXT = re.sub(r"\bgiven_up_(cards|window)", rf"{PREFIX}given_up_\1", TEXT)


def _block(introduction: str) -> str:
    """The fenced block that follows these words."""
    found = re.search(re.escape(introduction) + r".*?\n```\w+\n(.*?)```\n", TEXT, re.DOTALL)
    assert found, introduction
    return found[1]


def _append(file: Path, text: str) -> None:
    file.write_text(file.read_text() + text)


def _height(dashboard: str) -> int:
    """The first free line below all tiles."""
    tiles = yaml.safe_load(re.sub(r"<<[^>]*>>", "x", dashboard))["mosaicLayout"]["tiles"]
    return max(int(tile.get("yPos", 0)) + int(tile["height"]) for tile in tiles)


def test_the_steps_lead_to_an_alert_that_is_proven(our_project: Path) -> None:
    project = our_project
    _append(project / "coverage.yaml", _block("`coverage.yaml`, one line more:"))
    assert ROW in run("render", "--stack", "demo", "--out", "rendered", folder=project).stderr
    _append(project / "parameters.yaml", _block("`parameters.yaml`, at its end:"))
    for file in (f"alert_policies/{NAME}.yaml", f"runbooks/{NAME}.md"):
        (project / file).write_text(_block(f"`{file}`:"))
    unseen = run("render", "--stack", "demo", "--out", "rendered", folder=project)
    assert NAME in unseen.stderr
    overview = project / "dashboards" / "overview.yaml"
    text = overview.read_text()
    listed = re.sub(r"^( +- )<<policy_id:\w+>>\n", rf"\g<0>\1<<policy_id:{NAME}>>\n", text, count=1, flags=re.MULTILINE)
    overview.write_text(listed)
    tile = _block("In\n`dashboards/overview.yaml`, add")
    _append(overview, tile.replace("yPos: 172", f"yPos: {_height(text)}"))
    drills = project / "drills.yaml"
    entry = _block("In `drills.yaml`, under\n`drills:`")
    drills.write_text(drills.read_text().replace("\ndrills:\n", f"\ndrills:\n{entry}", 1))
    assert NAME in load_scenarios(drills, load_contract(project / "log_events.yaml")).by_alert
    assert "has no cases" in run("prove", NAME, folder=project).stdout
    cases = f"tests/cases/{NAME}.yaml"
    (project / cases).write_text(_block(f"`{cases}`:"))
    proof = run("prove", NAME, folder=project)
    assert proof.returncode == 0, proof.stdout + proof.stderr
    lint = run("lint", folder=project)
    assert lint.stdout == "no findings\n", lint.stdout + lint.stderr
