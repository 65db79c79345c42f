"""contract-fields: what one of our metrics reads is a field of each event that it selects, with that type.

Source: log_events.yaml, and for what extractors take,
https://docs.cloud.google.com/logging/docs/reference/v2/rest/v2/projects.metrics
"""

from __future__ import annotations

from collections.abc import Iterator

from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource, Rule


def check(metric: Resource, project: Project) -> Iterator[Problem]:
    if project.contract is None:
        return
    from loyalty_monitoring.definitions.contract_usage import disagreements

    for found in disagreements(project.contract, metric.body):
        yield Problem(found.path, found.message, found.remedy)


RULE = Rule(
    "contract-fields",
    "log_metric",
    "error",
    "A metric reads a field that the log contract does not have, or not with that type",
    check,
)
