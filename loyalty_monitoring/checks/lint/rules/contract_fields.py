"""contract-fields: what one of our metrics reads is a field of each event that it selects, with that type.

Source: log_events.yaml, and for what extractors take,
https://docs.cloud.google.com/logging/docs/reference/v2/rest/v2/projects.metrics
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource, Rule, once

if TYPE_CHECKING:
    from loyalty_monitoring.definitions.contract_usage import Disagreement


def check(metric: Resource, project: Project) -> Iterator[Problem]:
    for found in _disagreements(project).get(id(metric), ()):
        yield Problem(found.path, found.message, found.remedy)


@once
def _disagreements(project: Project) -> Mapping[int, Sequence[Disagreement]]:
    """Return what disagrees with the contract, by the identity of the metric."""
    if project.contract is None:
        return {}
    from loyalty_monitoring.definitions.contract_usage import disagreements

    metrics = project.of("log_metric")
    found_of_all = disagreements(project.contract, [one.body for one in metrics])
    return {id(one): found for one, found in zip(metrics, found_of_all, strict=True)}


RULE = Rule(
    "contract-fields",
    "log_metric",
    "error",
    "A metric reads a field that the log contract does not have, or not with that type",
    check,
)
