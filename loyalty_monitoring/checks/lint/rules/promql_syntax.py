"""promql-syntax: a condition's PromQL is there, can be read, and keeps to what Cloud Monitoring knows.

Sources: https://docs.cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies (a query is not empty) and
https://cloud.google.com/stackdriver/docs/managed-prometheus/promql-differences (Prometheus 2.44, exact names)
"""

from __future__ import annotations

from collections.abc import Iterator

from loyalty_monitoring.checks.lint.conditions import PromqlCondition, promql_conditions
from loyalty_monitoring.checks.lint.placeholders import has_placeholder
from loyalty_monitoring.checks.lint.promql_checks import parse_error
from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource, Rule, at
from loyalty_monitoring.query_languages.promql.cloud_monitoring import newer_than_cloud_monitoring
from loyalty_monitoring.query_languages.promql.expressions import is_instant, selectors, without_exact_name


def check(policy: Resource, project: Project) -> Iterator[Problem]:
    for condition in promql_conditions(policy):
        if has_placeholder(condition.query):
            continue
        raw = at(policy.body, *condition.path, "query")
        if raw is None or (isinstance(raw, str) and not raw.strip()):
            place = condition.path if raw is None else (*condition.path, "query")
            yield Problem(place, "has no query, which the API refuses", "write the PromQL expression to evaluate")
        else:
            yield from (Problem((*condition.path, "query"), *one) for one in _problems(condition))


def _problems(condition: PromqlCondition) -> Iterator[tuple[str, str]]:
    if condition.expression is None:
        if condition.query and (error := parse_error(condition.query)):
            yield f"the query cannot be read: {error}", "mend it there"
        return
    for newer in newer_than_cloud_monitoring(condition.expression):
        yield f"{newer} does not exist in Prometheus 2.44, to which Cloud Monitoring keeps", "write it without"
    if any(without_exact_name(selector) for selector in selectors(condition.expression)):
        message = "a selector does not name its metric exactly; Cloud Monitoring takes no pattern for a metric's name"
        yield message, "name one metric in each selector, and join selectors with `or`"
    if not is_instant(condition.expression):
        message = "the query gives a range or a text, from which no condition can tell whether it is met"
        yield message, "write a function over the range, such as sum_over_time(...), and compare its value"


RULE = Rule(
    "promql-syntax",
    "alert_policy",
    "error",
    "A condition's PromQL is missing, cannot be read, or has what Cloud Monitoring does not know",
    check,
)
