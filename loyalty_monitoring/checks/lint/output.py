"""Findings as text, JSON, SARIF (for code scanning) and GitHub's annotations."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from loyalty_monitoring.checks.lint.rule import LintFinding
from loyalty_monitoring.common.errors import Position

_SARIF = "https://json.schemastore.org/sarif-2.1.0.json"


def as_text(findings: Sequence[LintFinding], passed_over: int = 0) -> str:
    """Return a line a finding, FILE:LINE:COLUMN: severity rule: message; remedy, and the totals.

    `passed_over` is the number of files that hold no resource.
    """
    lines = [
        f"{_place(one)}: {one.severity} {one.rule}: {_one_line(one.message)}{_after(one.remedy)}" for one in findings
    ]
    errors = sum(one.severity == "error" for one in findings)
    lines.append(
        f"{_counted(errors, 'error')}, {_counted(len(findings) - errors, 'warning')}" if findings else "no findings"
    )
    if passed_over:
        lines[-1] += f"; {_counted(passed_over, 'file')} without a resource passed over"
    return "\n".join(lines)


def as_json(findings: Sequence[LintFinding], files: int = 0, passed_over: int = 0) -> str:
    """Return {"findings": [{"rule", "severity", "file", "line", "column", "message", "remedy"}], "files",
    "passed_over"}.

    `files` were read; those that are passed over hold no resource. Both are 0 for our own definitions.
    """
    found = [asdict(one) for one in findings]
    return json.dumps({"findings": found, "files": files, "passed_over": passed_over}, indent=2, ensure_ascii=False)


def as_github(findings: Sequence[LintFinding]) -> str:
    """Return workflow commands, which GitHub shows at the lines of a pull request.

    https://docs.github.com/actions/reference/workflow-commands-for-github-actions
    """
    return "\n".join(
        f"::{one.severity} file={_property(one.file)},line={max(one.line, 1)},col={max(one.column, 1)},"
        f"title={_property(one.rule)}::{_data(f'{one.message}{_after(one.remedy)}')}"
        for one in findings
    )


def as_sarif(findings: Sequence[LintFinding], titles: Mapping[str, str], root: Path) -> str:
    """Return SARIF 2.1.0, as code scanning takes it. Files below `root` are named from there."""
    used = sorted({one.rule for one in findings})
    run: dict[str, Any] = {
        "tool": {
            "driver": {
                "name": "loyalty-monitoring",
                "rules": [{"id": rule, "shortDescription": {"text": titles[rule]}} for rule in used],
            }
        },
        "results": [
            {
                "ruleId": one.rule,
                "level": one.severity,
                "message": {"text": f"{one.message}{_after(one.remedy)}"},
                "locations": [
                    {
                        "physicalLocation": {
                            "artifactLocation": {"uri": _uri(one.file, root)},
                            "region": {"startLine": max(one.line, 1), "startColumn": max(one.column, 1)},
                        }
                    }
                ],
            }
            for one in findings
        ],
    }
    return json.dumps({"$schema": _SARIF, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False)


def _place(finding: LintFinding) -> str:
    return str(Position(finding.file, finding.line, finding.column))


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _after(remedy: str) -> str:
    return f"; {remedy}" if remedy else ""


def _one_line(message: str) -> str:
    # Names come from files of strangers: no line of theirs may look like one of ours, or speak to the terminal.
    return "".join(sign if sign.isprintable() else " " for sign in message)


def _uri(file: str, root: Path) -> str:
    path = Path(file).resolve()
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_uri()


def _data(value: str) -> str:
    return value.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(value: str) -> str:
    return _data(value).replace(":", "%3A").replace(",", "%2C")
