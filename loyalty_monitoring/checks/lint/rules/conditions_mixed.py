"""conditions-mixed: at most 6 conditions, each of a type, and some types only alone.

Source: https://docs.cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies (1 to 6, log match, MQL) and
https://docs.cloud.google.com/monitoring/alerts/using-promql; the API's words on log matches are in
https://github.com/chainguard-dev/terraform-infra-common/pull/384, those on a missing type in
https://github.com/GoogleCloudPlatform/php-docs-samples/issues/1231. That PromQL and SQL stand alone is second-hand.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from loyalty_monitoring.checks.lint.placeholders import may_be_absent
from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource, Rule, at, said_by_the_reference

_ALONE = {
    "conditionPrometheusQueryLanguage": "a PromQL condition",
    "conditionMonitoringQueryLanguage": "an MQL condition",
    "conditionMatchedLog": "a log match",
    "conditionSql": "a SQL condition",
}
_TYPES = ("conditionThreshold", "conditionAbsent", *_ALONE)
_NO_TYPE = frozenset(["name", "displayName"])
_number = said_by_the_reference("conditions-mixed")


def check(policy: Resource, project: Project) -> Iterator[Problem]:
    conditions = policy.body.get("conditions")
    if not isinstance(conditions, list):
        return
    yield from _number(policy, project)
    for index, condition in enumerate(conditions):
        # A field that is unknown here may be a new type.
        if isinstance(condition, dict) and condition.keys() <= _NO_TYPE:
            yield Problem(("conditions", index), "the condition has no type", "add conditionThreshold or another type")
    alone = [(index, name) for index, one in enumerate(conditions) for name in _types(one) if name in _ALONE]
    if alone and sum(not may_be_absent(one) for one in conditions) > 1:
        index, name = alone[0]
        yield Problem(
            ("conditions", index, name),
            f"{_ALONE[name]} stands beside another condition; it must be the only one of its policy",
            "give it a policy of its own, or join the conditions in one query",
        )


def _types(condition: Any) -> list[str]:
    if may_be_absent(condition):
        return []
    written = ((name, at(condition, name)) for name in _TYPES)
    return [name for name, value in written if value is not None and not may_be_absent(value)]


RULE = Rule(
    "conditions-mixed",
    "alert_policy",
    "error",
    "Conditions that cannot stand together, are too many, or have no type",
    check,
)
