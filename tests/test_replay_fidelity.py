"""docs/replay-fidelity.md: each assumption has what a live project showed, and what measures it, or why nothing can."""

from __future__ import annotations

import re

import click
import pytest

from loyalty_monitoring.cli import TASKS
from tests.conftest import ROOT

TEXT = (ROOT / "docs" / "replay-fidelity.md").read_text()
COMMANDS: dict[str, click.Command] = {str(one.name): one for commands in TASKS.values() for one in commands}
# A date, the kind of project, and a figure.
MEASURED = re.compile(r"20\d\d-\d\d-\d\d, (?:scratch|staging|production), .*\d.*")


def _rows() -> list[dict[str, str]]:
    """The rows of all tables whose first column is an id, by the names of their columns."""
    rows: list[dict[str, str]] = []
    header: list[str] = []
    for line in TEXT.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")] if line.startswith("|") else []
        if cells[:1] == ["id"]:
            header = cells
        elif header and cells and re.fullmatch(r"[A-Z]\d+", cells[0]):
            assert len(cells) == len(header), cells[0]
            rows.append(dict(zip(header, cells, strict=True)))
        elif not cells:
            header = []
    return rows


ROWS = _rows()


def test_every_table_of_assumptions_has_both_columns() -> None:
    assert len(ROWS) >= 34
    assert all({"measured", "with"} <= row.keys() for row in ROWS)
    assert len({row["id"] for row in ROWS}) == len(ROWS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_an_assumption_is_measured_by_a_command_that_there_is_or_says_why_none_can(row: dict[str, str]) -> None:
    if row["with"].startswith("cannot: "):
        assert len(row["with"]) > len("cannot: ")
        assert row["measured"] == ""
        return
    named = [words.split() for words in re.findall(r"`([^`]+)`", row["with"])]
    assert named
    for name, *arguments in named:
        command = COMMANDS[name]
        if isinstance(command, click.Group):
            assert arguments.pop(0) in command.commands
        options = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in arguments if word.startswith("--")} <= options


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_what_was_measured_has_a_date_the_kind_of_project_and_a_figure(row: dict[str, str]) -> None:
    assert row["measured"] == "" or MEASURED.fullmatch(row["measured"])
