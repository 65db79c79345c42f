"""`loyalty-monitoring cost` as a stranger runs it."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tests.conftest import ROOT, run
from tests.log_lines import START, entry, write


def test_without_a_file_the_shipped_sample_is_measured_and_named_and_costs_what_the_page_says() -> None:
    done = run("cost", "--merchants", "100", "--stores", "1000", "--pods", "14", folder=ROOT)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0].startswith("$")
    assert "a month now" in lines[0]
    assert "from the shipped sample (samples/)" in lines[2]
    page = (ROOT / "docs" / "cost.md").read_text()
    quoted = page.split("$ loyalty-monitoring cost --merchants 100 --stores 1000 --pods 14\n")[1].split("```")[0]
    total, warning = (" ".join(part.split()) for part in quoted.removesuffix("...\n").split("...\n"))
    # A definition more or less changes the figures, and which metric comes near its limit first.
    assert _without_figures(total) == _without_figures(lines[0])
    shape = _without_figures(warning.partition(" can have ")[2].partition(" Make one")[0])
    assert shape in _without_figures(" ".join(done.stdout.split()))


def _without_figures(text: str) -> str:
    return re.sub(r"[0-9][0-9.,]*(?![0-9-])", "0", text)


def test_json_pipes_and_takes_a_size() -> None:
    done = run(
        "cost",
        str(ROOT / "samples" / "2026-11-02.jsonl.gz"),
        "--format",
        "json",
        "--stores",
        "3000",
        "--merchants",
        "100",
        "--pods",
        "12",
    )
    found = json.loads(done.stdout)
    assert found["size"] == {"merchants": 100, "stores": 3000, "pods": 12}
    assert found["sample"]["shipped"] is False
    assert found["warnings"]


def test_a_mistake_ends_with_its_remedy_and_exit_status_2() -> None:
    done = run("cost", "--prices", "none.yaml")
    assert (done.returncode, done.stdout) == (2, "")
    assert "none.yaml: cannot read this file (No such file or directory); check its name and rights" in done.stderr


def test_logs_that_no_metric_counts_cost_nothing_also_where_nothing_is_said_to_grow(project: Path) -> None:
    """Without `scale` in monitoring.yaml there is nothing to count distinct values of."""
    settings = (project / "monitoring.yaml").read_text()
    (project / "monitoring.yaml").write_text(settings.partition("scale:")[0])
    logs = write(project / "day.jsonl", [entry(START, "app.modules.other", "INFO", {"event": "other"})])
    done = run("cost", logs, folder=project)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("$0.00 a month")
    assert "no metric matches an entry of the sample, so it says nothing about cost" in done.stderr
    assert "the entries have app.modules.other (1)" in done.stderr
