"""promql-unknown-metric: a condition reads log-based metrics that its files define, and parts of them that exist.

Where the files define no log-based metric at all, the metrics live elsewhere, and this rule says nothing.

Source: https://cloud.google.com/monitoring/promql/promql-mapping (a distribution is read by its suffixes)
"""

from __future__ import annotations

from collections.abc import Iterator

from loyalty_monitoring.checks.lint.conditions import promql_conditions
from loyalty_monitoring.checks.lint.log_based import metric_of, value_type
from loyalty_monitoring.checks.lint.promql_checks import log_based_name, unknown_metrics
from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource, Rule
from loyalty_monitoring.query_languages.promql.cloud_monitoring import SUFFIXES
from loyalty_monitoring.query_languages.promql.expressions import selectors


def check(policy: Resource, project: Project) -> Iterator[Problem]:
    if project.has_unknown_metrics:
        return
    for condition in promql_conditions(policy):
        if condition.expression is None:
            continue
        found = [*unknown_metrics(condition.expression, project)]
        names = dict.fromkeys(log_based_name(selector) for selector in selectors(condition.expression))
        found += [problem for name in names if name and (problem := _part(name, project)) is not None]
        for message, remedy in found:
            yield Problem((*condition.path, "query"), message, remedy)


def _part(name: str, project: Project) -> tuple[str, str] | None:
    """Say what is wrong with the part of a defined metric that a name reads."""
    found = metric_of(name, project)
    if found is None:
        return None
    metric, suffix = found
    if value_type(metric) == "DISTRIBUTION" and not suffix:
        message = f"{name} is a distribution, which PromQL cannot read as one number"
        return message, f"read a part of it: {', '.join(name + one for one in SUFFIXES)}"
    if value_type(metric) == "INT64" and suffix:
        counter = name.removesuffix(suffix)
        return f"{counter} is a counter, which has no {suffix}", f"read {counter}, or make it a distribution"
    return None


RULE = Rule(
    "promql-unknown-metric",
    "alert_policy",
    "error",
    "A condition reads a log-based metric that is not defined, or a part that it does not have",
    check,
)
