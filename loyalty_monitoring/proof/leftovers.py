"""Find what is left behind when an alert goes or is renamed: case files, reviewed mutants, rows and parameters without
their alert.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from loyalty_monitoring.common.yaml_documents import load_yaml
from loyalty_monitoring.definitions.model import Definitions
from loyalty_monitoring.definitions.parameters import ALLOWANCE
from loyalty_monitoring.proof.mutants.equivalents import Equivalent


def leftovers(root: Path, definitions: Definitions, reviewed: Mapping[str, Equivalent]) -> list[str]:
    """Return sentences, each with the file and what to do."""
    alerts = {policy.name for policy in definitions.alert_policies}
    known = alerts | {metric.name for metric in definitions.log_metrics}
    return [
        *_case_files(root, alerts),
        *_runbooks(root, alerts),
        *_mutants(reviewed, known),
        *_rows(root, definitions),
        *_parameters(root, definitions),
    ]


def _case_files(root: Path, alerts: set[str]) -> Iterator[str]:
    for file in sorted((root / "tests" / "cases").glob("*.yaml")):
        data = load_yaml(file).data
        alert = data.get("alert") if isinstance(data, dict) else None
        if isinstance(alert, str) and alert not in alerts:
            yield f"{file}: proves {alert!r}, which is no alert; rename or remove the file"


def _runbooks(root: Path, alerts: set[str]) -> Iterator[str]:
    for page in sorted((root / "runbooks").glob("*.md")):
        if page.stem not in alerts:
            yield f"{page}: is the runbook of no alert; rename or remove the page"
        for link in re.findall(r"\]\(([a-z0-9_]+)\.md\)", page.read_text()):
            if link not in alerts:
                yield f"{page}: links {link}.md, the page of no alert; change the link"


def _mutants(reviewed: Mapping[str, Equivalent], known: set[str]) -> Iterator[str]:
    for mutant, listed in reviewed.items():
        name = mutant.partition(":")[0]
        if name not in known:
            yield f"{listed.position}: {mutant!r} is of {name!r}, which is not there; remove it from the list"


def _rows(root: Path, definitions: Definitions) -> Iterator[str]:
    """Yield rows of alerts that no alert covers, though another definition names them, so that loading sees nothing.

    A row is one of alerts when it begins with the letter of the first row of any alert, such as the A of A5.
    """
    covered = {row for policy in definitions.alert_policies for row in policy.rows}
    letters = {policy.rows[0][:1] for policy in definitions.alert_policies if policy.rows}
    coverage = load_yaml(root / "coverage.yaml")
    for row, sentence in coverage.data.items():
        if row[:1] in letters and row not in covered:
            yield (
                f"{coverage.position((row,))}: no alert covers {row} any more ({sentence}); name it in the rows of "
                "one, or remove the row here and from the other definitions"
            )


def _parameters(root: Path, definitions: Definitions) -> Iterator[str]:
    """Yield parameters that no definition reads, nor another parameter or the program itself."""
    read = {
        name
        for kind in (definitions.alert_policies, definitions.dashboards, definitions.log_metrics)
        for one in kind
        for name in one.parameters
    }
    parameters = load_yaml(root / "parameters.yaml")
    read |= {part for entry in parameters.data.values() for part in entry.get("sum", ())}
    for name in parameters.data:
        if name not in read | {ALLOWANCE}:
            yield f"{parameters.position((name,))}: nothing reads the parameter {name}; remove it, also from the stacks"
