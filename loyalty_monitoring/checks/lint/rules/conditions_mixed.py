"""conditions-mixed: 1 to 6 conditions of one type each, and some types only alone.

Source: https://docs.cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies (1 to 6, log match, MQL) and
https://docs.cloud.google.com/monitoring/alerts/using-promql; the API's words on log matches are in
https://github.com/chainguard-dev/terraform-infra-common/pull/384, those on a missing type in
https://github.com/GoogleCloudPlatform/php-docs-samples/issues/1231. That PromQL and SQL stand alone is second-hand.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource, Rule, at
from loyalty_monitoring.common.yaml_documents import Path_

_MOST = 6
_ALONE = {
    "conditionPrometheusQueryLanguage": "a PromQL condition",
    "conditionMonitoringQueryLanguage": "an MQL condition",
    "conditionMatchedLog": "a log match",
    "conditionSql": "a SQL condition",
}
_TYPES = ("conditionThreshold", "conditionAbsent", *_ALONE)
_NO_TYPE = frozenset(["name", "displayName"])


def check(policy: Resource, project: Project) -> Iterator[Problem]:
    conditions = policy.body.get("conditions")
    if not isinstance(conditions, list):
        return
    if not 1 <= len(conditions) <= _MOST:
        yield Problem(
            ("conditions",),
            f"has {len(conditions)} conditions; a policy has 1 to 6",
            "split the policy" if conditions else "write a condition, or remove the policy",
        )
    for index, condition in enumerate(conditions):
        yield from _of_types(condition, ("conditions", index))
    alone = [(index, name) for index, one in enumerate(conditions) for name in _types(one) if name in _ALONE]
    if alone and len(conditions) > 1:
        index, name = alone[0]
        yield Problem(
            ("conditions", index, name),
            f"{_ALONE[name]} stands beside another condition; it must be the only one of its policy",
            "give it a policy of its own, or join the conditions in one query",
        )


def _of_types(condition: Any, path: Path_) -> Iterator[Problem]:
    types = _types(condition)
    if len(types) > 1:
        yield Problem(
            (*path, types[1]),
            f"the condition has {len(types)} types, {' and '.join(types)}; it can have one",
            "make each a condition of its own, or a policy of its own",
        )
    # A field that is unknown here may be a new type.
    elif isinstance(condition, dict) and condition.keys() <= _NO_TYPE:
        yield Problem(path, "the condition has no type", "add conditionThreshold or another type")


def _types(condition: Any) -> list[str]:
    return [name for name in _TYPES if at(condition, name) is not None]


RULE = Rule(
    "conditions-mixed",
    "alert_policy",
    "error",
    "Conditions that cannot stand together, are too many, or have no type or two",
    check,
)
