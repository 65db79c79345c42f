"""promql-monitored-resource: a log-based metric that several resource types can write is read from one of them.

A metric whose filter pins resource.type comes from one type, and needs no matcher.

Source: https://cloud.google.com/monitoring/promql/promql-mapping#specify-resource-type
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from loyalty_monitoring.checks.lint.conditions import promql_conditions
from loyalty_monitoring.checks.lint.placeholders import has_placeholder
from loyalty_monitoring.checks.lint.promql_checks import defined, log_based_name, pins_resource_type
from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource, Rule
from loyalty_monitoring.query_languages.promql.expressions import every_matcher, selectors


def check(policy: Resource, project: Project) -> Iterator[Problem]:
    for condition in promql_conditions(policy):
        if condition.expression is None or has_placeholder(condition.query):
            continue
        names = [log_based_name(one) for one in selectors(condition.expression) if not _says_resource(one)]
        for name in dict.fromkeys(names):
            if name is not None and not _comes_from_one(name, project):
                yield Problem(
                    (*condition.path, "query"),
                    f'{name} can come from several resource types, and no monitored_resource="..." says which is read',
                    'add the matcher of its type, such as monitored_resource="k8s_container"',
                )


def _says_resource(selector: Any) -> bool:
    return any(
        one.label == "monitored_resource" and one.operator == "=" and one.value for one in every_matcher(selector)
    )


def _comes_from_one(name: str, project: Project) -> bool:
    metric = defined(name, project)
    return metric is not None and (pins_resource_type(metric) or has_placeholder(metric))


RULE = Rule(
    "promql-monitored-resource",
    "alert_policy",
    "error",
    "A condition reads a log-based metric without saying of which resource type",
    check,
)
