"""`findings(rule, text)`: what a rule says about a file, which is written with YAML of any number of documents."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from loyalty_monitoring.checks.lint.rule import LintFinding
from loyalty_monitoring.checks.lint.run import lint_files

Findings = Callable[[str, str], list[LintFinding]]


@pytest.fixture
def findings(tmp_path: Path) -> Findings:
    def run(rule: str, text: str) -> list[LintFinding]:
        file = tmp_path / "resources.yaml"
        file.write_text(text)
        found = lint_files([file])
        assert not [one for one in found if one.rule.startswith("file-")], found
        return [one for one in found if one.rule == rule]

    return run
