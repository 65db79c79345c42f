"""contract-fields: what one of our metrics reads is a field of each event that it selects, with that type.

Source: log_events.yaml, and for what extractors take,
https://docs.cloud.google.com/logging/docs/reference/v2/rest/v2/projects.metrics
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource, Rule
from loyalty_monitoring.definitions.log_contract import Contract, load_contract


def check(metric: Resource, project: Project) -> Iterator[Problem]:
    # Only our own project has a contract.
    if project.runbooks is None:
        return
    from loyalty_monitoring.definitions.contract_usage import disagreements

    contract = _contract(next(parent for parent in metric.document.file.parents if parent.name == "log_metrics").parent)
    for found in disagreements(contract, metric.body):
        yield Problem(found.path, found.message, found.remedy)


@cache
def _contract(root: Path) -> Contract:
    return load_contract(root / "log_events.yaml")


RULE = Rule(
    "contract-fields",
    "log_metric",
    "error",
    "A metric reads a field that the log contract does not have, or not with that type",
    check,
)
